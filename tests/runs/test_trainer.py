"""Training from Python: a run begins, goes on, stops and ends; it yields what happens and prints nothing."""

import errno
import itertools
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import Diverged, LanguageModel, Resources, RnnError, Settings, Trainer, UsageError, storage
from rnn_cli.runs.checkpoint import Checkpoint
from rnn_cli.runs.events import Begun, Ended, EpochDone, Notice, Reading, RolledBack, Saved, StepDone
from rnn_cli.runs.lock import locked
from rnn_cli.runs.paths import lock_path
from rnn_cli.runs.prepare import Cache
from rnn_cli.training.loop import Validating
from rnn_cli.training.parallel import executor
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.ranks import RankDied

MODEL = Path("m.npz")
SMALL = {"tokenizer": "char", "preset": "tanh", "hidden": 8, "batch": 4, "bptt": 8, "threads": 1}
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd):
    """Neither of these tests writes a byte on the terminal, nor do the processes that it starts."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def begin(corpus):
    """Begin m.npz on corpus.txt, small."""

    def call(model="m.npz", force=False, resources=None, **settings):
        usual = SMALL | {"corpus": corpus, "epochs": 2}
        return Trainer.begin(Settings(**usual | settings), model, force=force, resources=resources)

    return call


def run_through(trainer):
    """A whole run; -> its events."""
    return [*trainer]


def is_free(model=MODEL):
    """Whether another run could begin."""
    try:
        with locked(model):
            return True
    except RnnError:
        return False


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def outcome(model):
    """All that a run leaves, but for the time that it took and where its files are."""
    saved = Checkpoint.load(model)
    arrays = {name: (a.dtype.str, a.shape, a.tobytes("A")) for name, a in saved.arrays.items()}
    state = {name: value for name, value in saved.state.items() if name not in ("seconds", "good")}
    p = {name: a.tobytes("A") for name, a in LanguageModel.load(model).p.items()}
    return p, arrays, state, saved.settings.given(), saved.log.nats, saved.log.tokens


# A run from its beginning to its end.


def test_a_model_is_trained_saved_and_scores_text(begin, folder, english):
    trainer = begin(epochs=8)
    run_through(trainer)
    assert files(folder) == ["corpus.txt", "m.npz", "m.state.npz"]
    model = LanguageModel.load("m.npz")
    assert model.score(english).perplexity < len(model.lexicon.vocabulary.tokens) / 2
    assert len(model.sample("Anna", num=3, seed=1)) == 3
    assert all(np.array_equal(p, trainer.state.p[name]) for name, p in model.p.items())


def test_events_come_in_the_order_of_what_happens(begin):
    trainer = begin(valid_fraction=0.3, save_every="7")
    events = [*trainer]
    *reading, begun = itertools.takewhile(lambda event: not isinstance(event, StepDone), events)
    assert reading
    assert {type(event) for event in reading} == {Reading}
    assert begun == Begun(trainer.run, None)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [step.step for step in steps] == [*range(1, len(steps) + 1)]
    ends = [event for event in events if isinstance(event, EpochDone)]
    assert [(end.epoch, end.improved) for end in ends] == [(1, True), (2, True)]
    for end in ends:
        windows = []
        for event in reversed(events[: events.index(end)]):
            if not isinstance(event, Validating):
                break
            windows.append((event.window, event.windows))
        count = windows[0][1]
        assert windows[::-1] == [(number, count) for number in range(1, count + 1)]
    last = len(steps)
    half = next(n for n, event in enumerate(events) if event == ends[0])
    before = [step.step for step in steps if events.index(step) < half]
    due = [*range(7, last, 7), len(before), *([last] if last % 7 == 0 else []), last]
    saved = [event for event in events if isinstance(event, Saved)]
    assert [event.step for event in saved] == sorted(due)
    assert {event.model for event in saved} == {MODEL}
    assert events[-2:] == [saved[-1], Ended("done", 2)]


def test_the_run_and_its_state_can_be_looked_at_while_it_goes_on(begin):
    trainer = begin()
    for event in trainer:
        if isinstance(event, Begun):
            assert event.run is trainer.run
            assert trainer.run.network.n == 8
            assert trainer.run.settings.epochs == 2
        if isinstance(event, StepDone):
            assert trainer.state.step == event.step
            if event.step == 5:
                assert trainer.sample() == trainer.sample()
                assert isinstance(trainer.sample(), str)


def test_two_runs_of_the_same_settings_are_the_same_and_so_is_that_of_the_command(begin, process):
    for model in ("a.npz", "b.npz"):
        run_through(begin(model))
    command = [f"--{name}={value}" for name, value in (SMALL | {"epochs": 2}).items()]
    done = process("train", "corpus.txt", *command, "--quiet", "--model", "c.npz")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert outcome(Path("a.npz")) == outcome(Path("b.npz")) == outcome(Path("c.npz"))


def test_what_are_no_settings_is_a_type_error_that_shows_them():
    with pytest.raises(TypeError, match=r"Settings\(corpus=\['book.txt'\]\)"):
        Trainer.begin("book.txt")


def test_patience_is_a_reason_to_end(begin):
    *_, end = begin(epochs=50, patience=2, lr=0.0)
    assert end == Ended("no better for 2 epochs", 1)


def test_a_text_may_be_read_without_a_cache_or_with_another(begin, folder, cache_folder):
    run_through(begin("a.npz", resources=Resources()))
    assert not cache_folder.exists()
    run_through(begin("b.npz", resources=Resources(Cache(folder / "there"))))
    assert len([*(folder / "there").iterdir()]) == 1
    assert outcome(Path("a.npz")) == outcome(Path("b.npz"))


def test_without_resources_texts_are_kept_for_the_user(begin, cache_folder):
    run_through(begin())
    assert len([*cache_folder.iterdir()]) == 1


def test_a_script_needs_no_guard_and_its_processes_say_nothing(corpus, folder):
    """Ranks are processes that are started: they must not run the script again."""
    script = folder / "script.py"
    script.write_text(
        "from rnn_cli import LanguageModel, Settings, Trainer\n"
        "from rnn_cli.training.parallel import executor\n"
        "executor.STEP_FLOPS = executor.RUN_FLOPS = 0\n"
        f"settings = Settings(corpus='corpus.txt', epochs=1, **{SMALL | {'threads': 2, 'batch': 8}})\n"
        "trainer = Trainer.begin(settings, 'm.npz')\n"
        "for event in trainer:\n"
        "    pass\n"
        "assert trainer.run.threads == 2\n"
        "assert LanguageModel.load('m.npz').score(['Anna reads.']).perplexity > 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert files(folder) == ["corpus.txt", "m.npz", "m.state.npz", "script.py"]


# A run that stops and is gone on with.


@pytest.mark.parametrize(
    "settings",
    [
        {"dropout": 0.2, "save_every": "9"},
        {"carry_state": True, "cell": "lstm", "layers": 2},
        {"cell": "gru", "tie": True, "optimizer": "adagrad", "valid_fraction": 0},
    ],
    ids=str,
)
def test_a_run_that_stops_and_goes_on_ends_as_the_one_that_never_stopped(settings, begin):
    run_through(begin(epochs=3, **settings))
    expected = outcome(MODEL)
    trainer, stopped = begin(epochs=3, force=True, **settings), []
    for where in (4, 30, 31, 60):
        for event in trainer:
            if isinstance(event, StepDone) and event.step == where:
                trainer.stop()
            last = event
        stopped.append((last.reason, Checkpoint.load(MODEL).position.step))
        trainer = Trainer.resume("m.npz")
    event = run_through(trainer)[-1]
    assert stopped == [("stopped", step) for step in (4, 30, 31, 60)]
    assert event == Ended("done", 3)
    assert outcome(MODEL) == expected


def test_a_reason_to_stop_is_given_back_and_logged(begin, read_log):
    trainer = begin(log="log.jsonl")
    for event in trainer:
        if isinstance(event, StepDone):
            trainer.stop("it is late")
    assert event.reason == "it is late"
    assert read_log("log.jsonl", "end")[0]["reason"] == "it is late"
    assert Checkpoint.load(MODEL).position.step == 1


def test_a_run_that_is_told_to_stop_before_its_first_step_does_one(begin):
    trainer = begin()
    trainer.stop()
    steps = [event for event in trainer if isinstance(event, StepDone)]
    assert len(steps) == 1
    assert Checkpoint.load(MODEL).position.step == 1


def test_validation_that_is_stopped_is_begun_again(begin):
    run_through(begin(valid_fraction=0.5))
    expected = outcome(MODEL)
    trainer = begin(valid_fraction=0.5, force=True)
    for event in trainer:
        if isinstance(event, Validating) and event.window == 2:
            assert event.windows > 2
            trainer.stop()
        assert not isinstance(event, EpochDone)
    assert Checkpoint.load(MODEL).position.epoch == 0
    run_through(Trainer.resume("m.npz"))
    assert outcome(MODEL) == expected


def test_a_run_that_goes_on_says_from_where(begin):
    with begin() as trainer:
        for event in trainer:
            if isinstance(event, StepDone) and event.step == 5:
                trainer.stop()
    with Trainer.resume(MODEL) as trainer:
        begun = next(event for event in trainer if isinstance(event, Begun))
        assert begun == Begun(trainer.run, 5)
        step = next(event for event in trainer if isinstance(event, StepDone))
    assert step.step == 6


def test_settings_that_may_change_hold_from_there(begin):
    run_through(begin())
    trainer = Trainer.resume("m.npz", epochs=3, lr=0.0, patience=9, log=Path("l.jsonl"))
    event = run_through(trainer)[-1]
    assert event.reason == "done"
    assert trainer.run.recipe.lr == 0
    saved = Checkpoint.load(MODEL)
    assert (saved.settings.epochs, saved.settings.lr, saved.settings.patience) == (3, 0.0, 9)
    assert saved.settings.log == os.path.abspath("l.jsonl")
    assert saved.position.epoch == 3


@pytest.mark.parametrize("force", [False, True])
def test_a_run_that_is_over_is_a_notice_and_nothing_is_touched(force, begin, contents, write):
    run_through(begin())
    before = contents()
    assert [*Trainer.resume("m.npz", force=force)] == [
        Notice("m.npz: finished, after 2 epochs: a larger --epochs takes it further")
    ]
    assert contents() == before
    write("corpus.txt", ["another text"] * 9)
    assert len([*Trainer.resume("m.npz", force=force)]) == 1
    assert is_free()


def test_a_text_that_has_changed_is_refused_and_forced_it_is_a_notice(begin, write, english):
    with begin() as trainer:
        for event in trainer:
            if isinstance(event, StepDone):
                trainer.stop()
    write("corpus.txt", english[:30])
    with pytest.raises(RnnError, match=r"^corpus\.txt: not the text that the run in m\.state\.npz has read"):
        run_through(Trainer.resume("m.npz", corpus="corpus.txt"))
    assert is_free()
    notices = [
        event
        for event in Trainer.resume("m.npz", corpus="corpus.txt", force=True)
        if isinstance(event, Notice)
    ]
    assert [notice.is_warning for notice in notices] == [True]
    assert "not the text" in notices[0].text


# The lock, and a run that is left.


def test_a_model_is_locked_from_the_beginning_to_the_end(begin):
    trainer = begin()
    assert not is_free()
    for _ in trainer:
        assert not is_free()
        with pytest.raises(RnnError, match=f"process {os.getpid()}, is writing it"):
            begin(force=True)
        with pytest.raises(RnnError, match="another run"):
            Trainer.resume("m.npz")
    assert is_free()
    assert not lock_path(MODEL).exists()
    assert [*trainer] == []


@pytest.mark.parametrize("events", [0, 1, 2, 20])
@pytest.mark.parametrize("how", ["close", "with", "collected"])
def test_a_run_that_is_left_gives_the_model_up_and_saves_nothing_more(how, events, begin, folder):
    trainer = begin()
    run_through(itertools.islice(trainer, events))
    if how == "close":
        trainer.close()
        trainer.close()
    elif how == "with":
        with trainer:
            pass
    del trainer
    assert is_free()
    assert files(folder) == ["corpus.txt"]


def test_a_loop_that_was_left_can_be_gone_on_with(begin):
    trainer = begin()
    for event in trainer:
        if isinstance(event, StepDone):
            break
    steps = [event.step for event in trainer if isinstance(event, StepDone)]
    assert steps[0] == 2
    assert Checkpoint.load(MODEL).position.step == steps[-1]


def test_what_was_saved_before_a_run_was_left_is_gone_on_with(begin):
    run_through(begin(save_every="5"))
    expected = outcome(MODEL)
    with begin(save_every="5", force=True) as trainer:
        next(event for event in trainer if isinstance(event, Saved))
        for event in itertools.islice(trainer, 3):
            assert isinstance(event, StepDone)
    assert Checkpoint.load(MODEL).position.step == 5
    run_through(Trainer.resume("m.npz"))
    assert outcome(MODEL) == expected


def test_an_error_of_the_one_who_looks_on_gives_the_model_up(begin):
    def look_on():
        with begin() as trainer:
            for event in trainer:
                if isinstance(event, StepDone):
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_on()
    assert is_free()


@pytest.fixture
def two_processes(monkeypatch):
    monkeypatch.setattr(executor, "STEP_FLOPS", 0)
    monkeypatch.setattr(executor, "RUN_FLOPS", 0)


@pytest.mark.usefixtures("two_processes")
def test_a_run_that_is_left_leaves_no_process(begin):
    before = multiprocessing.active_children()
    with begin(threads=2, batch=8) as trainer:
        next(event for event in trainer if isinstance(event, StepDone))
        assert len(multiprocessing.active_children()) > len(before)
    assert multiprocessing.active_children() == before


@pytest.mark.usefixtures("two_processes")
def test_a_process_that_is_killed_is_an_error_and_all_is_saved(begin):
    trainer, events = begin(threads=2, batch=8), []

    def go():
        for event in trainer:
            events.append(event)
            if isinstance(event, StepDone) and event.step == 3:
                for process in multiprocessing.active_children():
                    process.kill()
                    process.join()

    with pytest.raises(RankDied, match="killed") as died:
        go()
    assert isinstance(died.value, RnnError)
    assert events[-1] == Saved(MODEL, 3)
    assert is_free()
    assert Checkpoint.load(MODEL).position.step == 3


# What is refused.


def test_what_is_refused_is_refused_before_a_text_is_read(begin, folder, contents):
    run_through(begin())
    (folder / "empty").mkdir()
    before = contents()
    for error, told, how in (
        (UsageError, "--force", {}),
        (UsageError, "--model corpus.txt is also read", {"model": "corpus.txt", "force": True}),
        (RnnError, "no folder no", {"model": "no/m.npz"}),
        (UsageError, "--log", {"log": "m.npz", "force": True}),
        (RnnError, "without a", {"model": "n.npz", "corpus": "empty"}),
    ):
        with pytest.raises(error, match=told):
            begin(**how)
    assert contents() == before
    assert all(map(is_free, (MODEL, Path("n.npz"))))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"corpus": "nowhere.txt"}, r"^nowhere\.txt: No such file"),
        ({"valid": "blank.txt"}, r"^blank\.txt: no text in it"),
        ({"init": "nowhere.npz"}, r"^nowhere\.npz: no such file"),
        ({"vocab": "nowhere.vocab"}, r"^nowhere\.vocab: No such file"),
    ],
)
def test_a_file_that_will_not_do_is_an_error_of_the_run_and_the_model_is_given_up(
    settings, told, begin, write, folder
):
    write("blank.txt", [])
    if "init" in settings:
        settings = settings | {"tokenizer": None}
    trainer = begin(**settings)
    with pytest.raises(RnnError, match=told):
        run_through(trainer)
    assert is_free()
    assert files(folder) == ["blank.txt", "corpus.txt"]


def test_a_run_that_takes_more_memory_than_allowed_is_refused(begin, folder):
    with pytest.raises(RnnError, match="--max-memory allows"):
        run_through(begin(resources=Resources(max_memory=1000)))
    assert is_free()
    assert files(folder) == ["corpus.txt"]


def test_where_there_is_no_run_there_is_none_to_go_on_with(folder):
    with pytest.raises(RnnError, match=r"^m\.state\.npz: there is no such file.*: leave out --resume$"):
        Trainer.resume("m.npz")
    assert is_free()


def test_a_model_without_its_state_names_only_ways_out_that_are_open(begin, folder):
    run_through(begin(epochs=1))
    with pytest.raises(UsageError, match="--resume to go on with its run, or --force"):
        begin()
    Path("m.state.npz").unlink()
    with pytest.raises(
        UsageError, match=r"m\.npz already exists: name another file with --model, or --force"
    ):
        begin()
    with pytest.raises(RnnError, match=r"--init m\.npz with another --model .*, --force without --resume"):
        Trainer.resume("m.npz")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hidden": 9}, "--hidden 9 contradicts the run in m.state.npz, which has --hidden 8"),
        ({"seed": 1}, "--seed 1 contradicts"),
        ({"hidden": "9"}, "--hidden: a whole number"),
        ({"lr": -1.0}, "--lr: a finite number"),
        ({"schedule": "odd"}, "--schedule odd: not one of"),
        ({"lr": 100, "weight_decay": 1}, "no weight would be left"),
    ],
)
def test_changes_that_contradict_the_run_are_refused(changes, told, begin, contents):
    run_through(begin())
    before = contents()
    with pytest.raises(UsageError, match=told):
        Trainer.resume("m.npz", **changes)
    assert contents() == before
    assert is_free()
    with pytest.raises(TypeError):
        Trainer.resume("m.npz", strange=1)


def test_a_run_of_the_layout_before_is_refused_in_a_line_that_names_the_ways_on(folder, process, one_line):
    shutil.copy(DATA / "state_version_2.npz", "m.state.npz")
    shutil.copy(DATA / "state_version_2_model.npz", "m.npz")
    assert storage.load(Path("m.state.npz"))[1]["version"] == 2
    with pytest.raises(RnnError) as refused:
        Trainer.resume("m.npz")
    told = str(refused.value)
    assert told.startswith("m.state.npz: written by an older rnn")
    assert "--init m.npz" in told
    assert "--force" in told
    done = process("train", "--resume", "--model", "m.npz")
    assert (done.returncode, one_line(done.stderr)) == (1, told)
    assert is_free()


def test_the_ways_on_that_are_named_work(write, english):
    write("corpus.txt", english)
    shutil.copy(DATA / "state_version_2.npz", "m.state.npz")
    shutil.copy(DATA / "state_version_2_model.npz", "m.npz")
    event = run_through(Trainer.begin(Settings(corpus="corpus.txt", init="m.npz", epochs=1), "n.npz"))[-1]
    assert event.reason == "done"
    event = run_through(Trainer.begin(Settings(corpus="corpus.txt", **SMALL, epochs=1), "m.npz", force=True))[
        -1
    ]
    assert event.reason == "done"


# What goes wrong on the way.


def no_room(monkeypatch, when):
    """Let the saves of these numbers fail, counted from 1."""
    real, count = storage.save_pair, itertools.count(1)

    def save(*arguments):
        if next(count) in when:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)

    monkeypatch.setattr(storage, "save_pair", save)


def test_a_save_that_fails_is_one_notice_and_the_run_goes_on(begin, monkeypatch):
    no_room(monkeypatch, (1, 2))
    events = [event for event in begin(epochs=4) if isinstance(event, Notice | Saved)]
    notice, *saved = events
    assert notice.is_warning
    assert notice.text.startswith("m.npz: cannot be saved: No space left on device")
    assert len(saved) == 2


def test_a_last_save_that_fails_is_an_error(begin, monkeypatch):
    no_room(monkeypatch, range(99))
    with pytest.raises(RnnError, match=r"^m\.npz: cannot be saved: No space left on device"):
        run_through(begin())
    assert is_free()


def test_a_cache_that_cannot_be_written_is_a_notice(begin, folder):
    (folder / "file").write_text("a file")
    resources = Resources(Cache(folder / "file"))
    (notice,) = (event for event in begin(resources=resources) if isinstance(event, Notice))
    assert notice.is_warning
    assert notice.text.startswith(f"{folder / 'file'}: ")


def spoil(monkeypatch, steps):
    compute, count = Executor.loss_and_gradients, itertools.count(1)

    def spoilt(*arguments):
        E, gradients, state = compute(*arguments)
        return (math.nan if next(count) in steps else E), gradients, state

    monkeypatch.setattr(Executor, "loss_and_gradients", spoilt)


def test_a_rollback_is_an_event(begin, monkeypatch):
    spoil(monkeypatch, (40,))
    events = [*begin(epochs=3, lr=0.01)]
    (back,) = (event for event in events if isinstance(event, RolledBack))
    assert back.reason == "the loss of step 40 (epoch 2) is not finite"
    assert back.lr == 0.005
    after = events[events.index(back) + 1 :]
    assert next(event for event in after if isinstance(event, StepDone)).step == back.step + 1
    assert events[-1].reason == "done"


def test_a_run_that_has_diverged_for_good_raises_and_keeps_what_was_good(begin, monkeypatch, read_log):
    spoil(monkeypatch, range(40, 99))
    trainer = begin(epochs=3, max_rollbacks=0, log="log.jsonl")
    with pytest.raises(Diverged, match=r"step 40 .* is not finite") as diverged:
        run_through(trainer)
    told = str(diverged.value)
    assert "m.diverged.txt" in told
    assert "lower --lr" in told
    assert "m.npz holds the model of epoch 1" in told
    assert diverged.value.batch.y.shape == (8, 4)
    assert Path("m.diverged.txt").read_text()
    assert LanguageModel.load("m.npz").history["epoch"] == 1
    assert read_log("log.jsonl", "end")[0]["reason"] == "diverged"
    assert isinstance(diverged.value, RnnError)
    assert is_free()


def test_numbers_that_overflow_on_the_way_warn_of_nothing(begin, recwarn):
    wild = {"cell": "relu", "layers": 2, "optimizer": "sgd", "lr": 1000, "clip": 0, "dropout": 0, "bptt": 32}
    with pytest.raises(Diverged):
        run_through(begin(**wild, epochs=50, weight_decay=0, max_rollbacks=0))
    assert [*recwarn] == []


def test_no_temporary_file_of_a_run_stays(begin, tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with begin(resources=Resources()) as trainer:
        next(event for event in trainer if isinstance(event, StepDone))
    assert files(folder) == []


# Where a run may be: in any thread, in any process.


def train_alone(model, **settings):
    """Train a small model, on several cores; -> the bytes of its parameters, or what was said."""
    executor.STEP_FLOPS = executor.RUN_FLOPS = 0
    settings = Settings(corpus=["corpus.txt"], tokenizer="char", preset="tanh", epochs=1, seed=1, **settings)
    try:
        for _ in Trainer.begin(settings, model):
            pass
    except RnnError as error:
        return str(error)
    return b"".join(array.tobytes() for array in LanguageModel.load(model).p.values())


@pytest.fixture
def on_several_cores(monkeypatch):
    """See train_alone."""
    monkeypatch.setattr(executor, "STEP_FLOPS", 0)
    monkeypatch.setattr(executor, "RUN_FLOPS", 0)


def test_a_run_beside_the_main_thread_is_the_same(corpus, on_several_cores):
    expected = train_alone("m.npz", hidden=8, threads=2)
    with ThreadPoolExecutor(2) as threads:
        names = ["a.npz", "b.npz"]
        assert [*threads.map(partial(train_alone, hidden=8, threads=2), names)] == [expected] * 2
    assert sys.modules["__main__"].__name__ == "__main__"
    assert not isinstance(expected, str)


POOL = """
import multiprocessing, sys
from functools import partial
sys.path.insert(0, {folder!r})
from test_trainer import train_alone
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        usual, two = partial(train_alone, hidden=8), partial(train_alone, hidden=8, threads=2)
        (model,), (message,) = pool.map(usual, ["a.npz"]), pool.map(two, ["b.npz"])
    print(type(model).__name__, message)
"""


def test_a_run_in_a_process_of_a_pool_takes_one_core_and_more_are_refused_in_a_line(corpus, write):
    """Such a process may start no others."""
    write("pool.py", [POOL.format(folder=os.path.dirname(__file__))])
    done = subprocess.run([sys.executable, "pool.py"], capture_output=True, encoding="utf-8", timeout=60)
    assert done.stderr == ""
    assert done.stdout == (
        "bytes a daemonic process, such as one of a Pool, starts no others: --threads 1 needs none\n"
    )


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.EMFILE, errno.ENOMEM])
@pytest.mark.parametrize("place", ["rnn_cli.processes.PROCESSES.Pipe", "multiprocessing.util.spawnv_passfds"])
def test_where_no_process_can_be_started_a_line_says_so(code, place, corpus, on_several_cores, monkeypatch):
    def refuse(*arguments, **more):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(place, refuse)
    message = train_alone("m.npz", hidden=8, threads=2)
    assert (
        message == f"no process could be started ([Errno {code}] {os.strerror(code)}): --threads 1 needs none"
    )
    assert isinstance(train_alone("n.npz", hidden=8, threads=1), bytes)
