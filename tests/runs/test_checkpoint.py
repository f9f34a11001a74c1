"""The files of a run: when they are saved, that they go together, and what is done when they cannot be."""

import errno
import os
import re
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import storage
from rnn_cli.cli.progress import Progress
from rnn_cli.runs import checkpoint
from rnn_cli.runs.checkpoint import Saver
from rnn_cli.runs.log import LogPosition
from rnn_cli.training import loop
from rnn_cli.training.loop import EpochDone
from rnn_cli.training.parallel.executor import Executor


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands, until it is set forward."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(checkpoint, "time", clock)
    return clock


def first_state(run):
    with Executor(run.network, run.first_parameters(), run.window) as executor:
        return loop.start(executor, run.recipe, run.rows)


def save(saver):
    saver.save(first_state(saver.run), LogPosition())


def test_by_steps_a_save_is_due_at_each_so_many(run_of):
    saver = Saver(run_of(save_every="7"))
    assert [step for step in range(1, 30) if saver.is_due(step)] == [7, 14, 21, 28]


def test_by_time_a_save_is_due_so_long_after_the_last(run_of, clock):
    saver = Saver(run_of(save_every="30s"))
    clock.now += 29
    assert not saver.is_due(1)
    clock.now += 1
    assert saver.is_due(2)
    save(saver)
    assert not saver.is_due(3)


@pytest.mark.parametrize(("took", "next_after"), [(0.01, 10.0), (1.0, 50.0), (30.0, 1500.0)])
def test_by_default_saving_takes_a_fiftieth_of_the_time(took, next_after, run_of, clock, monkeypatch):
    saver = Saver(run_of())

    def slow(*arguments):
        clock.now += took

    monkeypatch.setattr(storage, "save_pair", slow)
    save(saver)
    clock.now += next_after - 0.01
    assert not saver.is_due(1)
    clock.now += 0.02
    assert saver.is_due(2)


def test_the_run_is_saved_as_often_as_asked_and_learns_the_same(train, corpus, read_npz, monkeypatch):
    steps = []
    right = Saver.save

    def noted(self, at, log):
        steps.append(at.step)
        return right(self, at, log)

    monkeypatch.setattr(Saver, "save", noted)
    options = ["--batch", "4", "--bptt", "8", "--epochs", "1", "--quiet"]
    train(corpus, *options, model="a.npz")
    (end,) = steps
    steps.clear()
    train(corpus, *options, "--save-every", "5", model="b.npz")
    assert steps == [*range(5, end, 5), *([end] if end % 5 else []), *([] if end % 5 else [end])]
    a, b = read_npz("a.npz"), read_npz("b.npz")
    assert all(np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays)


# A save that fails.


def failing(monkeypatch, when, code=errno.ENOSPC):
    """Let the saves fail that `when` says, counted from 1."""
    fsync, count = os.fsync, [0]
    pair, state = storage.save_pair, storage.save

    def broken(save):
        def saved(*arguments):
            count[0] += 1
            with monkeypatch.context() as patch:
                if when(count[0]):

                    def full(descriptor):
                        raise OSError(code, os.strerror(code))

                    patch.setattr(os, "fsync", full)
                else:
                    patch.setattr(os, "fsync", fsync)
                return save(*arguments)

        return saved

    monkeypatch.setattr(storage, "save_pair", broken(pair))
    monkeypatch.setattr(storage, "save", broken(state))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_save_that_fails_is_one_warning_and_the_run_goes_on(
    code, train, corpus, monkeypatch, read_npz, folder
):
    train(corpus, "--quiet", "--epochs", "6", model="whole.npz")
    failing(monkeypatch, lambda count: 2 <= count <= 4, code)
    said = train(corpus, "--quiet", "--epochs", "6")
    assert said.err == (
        f"rnn: warning: m.npz: cannot be saved: {os.strerror(code)}; the previous save is intact; "
        "training goes on and retries\n"
    )
    names = {path.name for path in folder.iterdir()}
    assert names == {corpus, "m.npz", "m.state.npz", "whole.npz", "whole.state.npz"}
    for one, other in (("m.npz", "whole.npz"), ("m.state.npz", "whole.state.npz")):
        arrays = read_npz(other).arrays
        assert all(np.array_equal(read_npz(one).arrays[name], arrays[name]) for name in arrays)


def test_a_best_model_that_could_not_be_saved_is_saved_later_though_the_run_has_gone_on(
    worsening, monkeypatch, read_log, read_npz
):
    best = []
    show = Progress.show

    def noted(self, event):
        if isinstance(event, EpochDone) and event.improved:
            best[:] = [event.epoch, {name: p.copy() for name, p in self._trainer.state.p.items()}]
        show(self, event)

    monkeypatch.setattr(Progress, "show", noted)
    worsening("--patience", "100", "--quiet")
    number = best[0]
    assert number < 11
    failing(monkeypatch, lambda count: count == number)
    said = worsening("--patience", "100", "--quiet", "--force")
    assert "cannot be saved" in said.err
    model = read_npz("m.npz")
    assert model.header["history"]["epoch"] == number
    assert all(np.array_equal(model.arrays[name], array) for name, array in best[1].items())
    worsening("--resume", "--epochs", "12", "--quiet")  # and the state knows that it goes with it


def test_where_the_last_save_fails_that_is_an_error_and_the_old_files_stay(
    train, corpus, rnn, one_line, monkeypatch, contents
):
    train(corpus, "--epochs", "2", "--quiet")
    before = contents()
    failing(monkeypatch, lambda count: True)
    said = rnn("train", "--resume", "--epochs", "3", "--model", "m.npz", "--quiet", status=1)
    assert "m.npz: cannot be saved: No space left" in one_line(said.err)
    assert contents() == before


def test_the_two_files_name_each_other(train, corpus, read_npz):
    train(corpus, "--quiet")
    assert read_npz("m.state.npz").header["goes_with"] == storage.digest(Path("m.npz"))


@pytest.mark.parametrize("state", ["old", "none"])
def test_a_crash_between_the_two_renamings_is_mended_when_the_run_goes_on(
    state, train, corpus, rnn, read_npz, folder, monkeypatch
):
    """The model is the new one then, and the new state is on the disk, but not in its place."""
    if state == "old":
        train(corpus, "--epochs", "2", "--quiet")

    class Crash(BaseException):
        pass

    replace, moved = os.replace, []

    def crash(source, target):
        if moved:
            raise Crash
        moved.append(replace(source, target))

    arguments = ["--resume", "--epochs", "4"] if state == "old" else [corpus, "--epochs", "4"]
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", crash)
        with pytest.raises(Crash):
            train(*arguments, "--quiet")
    assert (folder / ".m.state.npz.rnn-tmp").exists()
    epoch = read_npz("m.npz").header["history"]["epoch"]
    rnn("train", "--resume", "--model", "m.npz", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 4
    assert epoch == (3 if state == "old" else 1)
    assert {path.name for path in folder.iterdir()} == {corpus, "m.npz", "m.state.npz"}


# What is found out before the training begins.


def test_a_disk_without_room_for_both_files_twice_is_refused(fails, corpus, monkeypatch, train):
    class Usage:
        free = 10_000

    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage)
    message = fails(1, "train", corpus, "-t", "char", "-n", "64", "--threads", "1", "--quiet")
    assert message.startswith("model.npz: the disk has 0 MiB left")
    assert "--model" in message
    Usage.free = 1 << 40
    train(corpus, "--quiet")


def test_the_room_asked_for_is_that_of_the_files(train, corpus, monkeypatch):
    asked = []
    monkeypatch.setattr("rnn_cli.runs.course.refuse_full_disk", lambda paths, needed: asked.append(needed))
    train(corpus, "-n", "300", "--quiet")
    size = sum(Path(name).stat().st_size for name in ("m.npz", "m.state.npz"))
    assert size <= asked[0] < 1.3 * size


def test_rnn_says_where_it_is_known_that_no_file_is_its_state(train, corpus):
    said = train(corpus)
    assert re.search(r"try: rnn sample --model m\.npz$", said.err.strip())


def test_a_state_that_could_not_take_its_place_is_not_lost_to_the_next_save(
    train, rnn, corpus, monkeypatch, read_npz
):
    """The model has taken its own: what waits is the only state that goes with it."""
    real, models, broken = os.replace, 0, False

    def replace(source, target):
        nonlocal models, broken
        models += Path(target).name == "m.npz"
        broken = broken or (models == 2 and Path(target).name == "m.state.npz")
        if broken:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    options = ["-t", "char", "--preset", "tanh", "-n", "8", "-b", "4", "--bptt", "8", "--epochs", "4"]
    monkeypatch.setattr(os, "replace", replace)
    train(corpus, *options, "--save-every", "7", "--quiet", status=1)
    assert broken
    monkeypatch.setattr(os, "replace", real)
    rnn("train", "--model", "m.npz", "--resume", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 4
