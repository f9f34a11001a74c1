"""A run under way: how it is stopped, what it says to go on, and what it leaves when it has diverged."""

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rnn_cli.cli.app import run
from rnn_cli.cli.progress import Progress
from rnn_cli.runs import log_file
from rnn_cli.runs.checkpoint import Saver
from rnn_cli.runs.paths import lock_path
from rnn_cli.training.loop import StepDone
from rnn_cli.training.parallel.executor import Executor

SMALL = ["-t", "char", "--preset", "tanh", "-n", "8", "-b", "4", "--bptt", "8", "--model", "m.npz"]
LONG = [*SMALL, "--epochs", "1000000", "--patience", "1000000"]


@pytest.fixture
def at_step(monkeypatch):
    """Do something when a step has been shown."""

    def call(number, act):
        show = Progress.show

        def shown(self, event):
            show(self, event)
            if isinstance(event, StepDone) and event.step == number:
                act()

        monkeypatch.setattr(Progress, "show", shown)

    return call


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_a_signal_is_answered_with_the_command_that_goes_on(number, status, rnn, at_step, corpus, read_npz):
    at_step(5, lambda: os.kill(os.getpid(), number))
    said = rnn("train", corpus, *SMALL[:-2], "--epochs", "3", "--model", "a model's.npz", status=status)
    *_, last = said.err.splitlines()
    assert last.startswith("to go on: rnn train ")
    assert run(shlex.split(last.removeprefix("to go on: rnn"))) == 0
    state = read_npz("a model's.state.npz").header
    assert state["position"]["epoch"] == state["settings"]["epochs"]


def test_a_text_from_standard_input_is_to_be_given_again(
    rnn, at_step, english, monkeypatch, read_npz, one_line
):
    text = "".join(f"{line}\n" for line in english)

    def on(text, *options, status):
        Path("input").write_text(text)
        with open("input") as file, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", file)
            return rnn("train", *options, "--model", "m.npz", status=status)

    at_step(5, lambda: os.kill(os.getpid(), signal.SIGTERM))
    said = on(text, "-", *SMALL, "--epochs", "2", status=143)
    assert said.err.endswith("rnn train --model m.npz --resume < TEXT\n")
    said = on(text + "And more.\n", "--resume", status=1)
    assert "standard input: not the text" in one_line(said.err)
    on(text, "--resume", "--quiet", status=0)
    assert read_npz("m.state.npz").header["position"]["epoch"] == 2


def wait_for(path, process, content=""):
    until = time.monotonic() + 30
    while not path.exists() or content not in path.read_text(errors="replace"):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def slow_text(write, english):
    """A text whose windows, of many rows and steps, take seconds each."""
    return write("slow.txt", english * 500).name


def test_a_second_signal_ends_it_within_a_second_whatever_it_is_at(started, slow_text, folder):
    """In the middle of a step, with another process at work too."""
    shape = ["--threads", "2", "-b", "64", "--bptt", "1024", "-n", "600", "--cell", "lstm", "--quiet"]
    running = started("train", slow_text, *LONG[:4], *LONG[8:], *shape)
    lock = lock_path(Path("m.npz"))
    wait_for(lock, running)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    if children.exists():
        while len(pids := children.read_text().split()) < 2:  # a rank, and what multiprocessing starts
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.01)
    time.sleep(2.5)  # in its first step
    running.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert running.poll() is None
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 143
    assert time.monotonic() < began + 1
    assert (running.stdout.read(), running.stderr.read()) == ("", "")
    assert [path.name for path in folder.iterdir()] == [slow_text]
    if children.exists():
        time.sleep(0.2)
        assert not [pid for pid in pids if is_alive(pid)]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_text_is_read_ends_it_at_once(number, status, started, folder):
    running = started("train", "-", *SMALL, stdin=subprocess.PIPE)
    lock = lock_path(Path("m.npz"))
    wait_for(lock, running)
    while not lock.stat().st_size:  # it is taken, not only made
        time.sleep(0.01)
    running.send_signal(number)
    assert running.wait(10) == status
    assert running.stderr.read() == ""
    assert list(folder.iterdir()) == []


def test_a_signal_while_it_saves_leaves_no_temporary_file(rnn, at_step, corpus, folder, monkeypatch):
    """The second, that is; and the old files are whole."""
    fsync = os.fsync

    def interrupted(descriptor):
        if (folder / ".m.state.npz.rnn-tmp").exists():
            os.kill(os.getpid(), signal.SIGTERM)
        fsync(descriptor)

    rnn("train", corpus, *SMALL, "--epochs", "1", "--quiet")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    at_step(60, lambda: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(os, "fsync", interrupted)
    rnn("train", "--resume", "--epochs", "9", "--save-every", "58", "--model", "m.npz", status=143)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_validation_is_not_finished_and_begun_again_when_the_run_goes_on(rnn, corpus, monkeypatch, read_npz):
    rnn("train", corpus, *SMALL, "--valid-fraction", "0.5", "--epochs", "2", "--quiet")
    expected = read_npz("m.npz")
    compute, count = Executor.evaluate, []

    def stopped(*arguments):
        count.append(1)
        if len(count) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return compute(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "evaluate", stopped)
        options = [*SMALL, "--valid-fraction", "0.5", "--epochs", "2", "--force", "--quiet"]
        rnn("train", corpus, *options, status=143)
    assert len(count) == 3
    position = read_npz("m.state.npz").header["position"]
    assert (position["epoch"], position["curve"]) == (0, [])
    rnn("train", "--resume", "--model", "m.npz", "--quiet")
    model = read_npz("m.npz")
    assert model.header["history"] == expected.header["history"]
    assert all(np.array_equal(model.arrays[name], array) for name, array in expected.arrays.items())


def test_a_reader_that_has_had_enough_of_the_talk_ends_it_with_all_saved(started, corpus, read_npz):
    running = started("train", corpus, *LONG)
    while "epoch   2/" not in running.stderr.readline():
        pass
    running.stderr.close()  # as `rnn train 2>&1 | head` does
    running.wait(30)
    assert read_npz("m.state.npz").header["position"]["epoch"] >= 2
    assert not lock_path(Path("m.npz")).exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no /dev/full")
def test_a_full_disk_under_the_talk_does_not_end_a_run(corpus, process, read_npz):
    with open("/dev/full", "w") as full:
        process("train", corpus, *SMALL, "--epochs", "2", stderr=full)
    assert read_npz("m.state.npz").header["position"]["epoch"] == 2


def test_a_full_disk_under_the_log_does_not_end_a_run(corpus, rnn, monkeypatch, read_npz):
    class Full(io.FileIO):
        def write(self, row):
            raise OSError(28, "No space left on device")

    def full(path, mode, **rest):
        return Full(path, mode) if mode == "ab" else open(path, mode, **rest)

    monkeypatch.setattr(log_file, "open", full, raising=False)
    said = rnn("train", corpus, *SMALL, "--epochs", "2", "--log", "log.jsonl", "--quiet")
    assert said.err.startswith("rnn: warning: log.jsonl: cannot be written: No space left on device")
    assert said.err.count("\n") == 1
    assert read_npz("m.state.npz").header["position"]["epoch"] == 2


# A run that diverges.


def spoil(monkeypatch, *steps):
    """Let the loss of these steps, counted over all that are done, be none."""
    compute, count = Executor.loss_and_gradients, iter(range(1, 10**6))

    def spoilt(*arguments):
        E, gradients, state = compute(*arguments)
        return (float("nan") if next(count) in steps else E), gradients, state

    monkeypatch.setattr(Executor, "loss_and_gradients", spoilt)


def test_a_rollback_is_one_line_and_a_row_of_the_log(rnn, corpus, monkeypatch, read_log):
    spoil(monkeypatch, 40)
    options = [*SMALL, "--epochs", "3", "--lr", "0.01", "--schedule", "constant"]
    said = rnn("train", corpus, *options, "--log", "log.jsonl")
    (told,) = (line for line in said.err.splitlines() if "warning" in line)
    (row,) = read_log("log.jsonl", "rollback")
    begin = read_log("log.jsonl", "valid")[0]["step"]
    why = "the loss of step 40 (epoch 2) is not finite"
    assert told == f"rnn: warning: {why}: back to step {begin}, with half the learning rate (0.005)"
    assert (row["step"], row["epoch"], row["lr"], row["reason"]) == (begin, 1, 0.005, why)
    rates = [row["lr"] for row in read_log("log.jsonl", "step")]
    assert rates[-1] == 0.005
    assert [row["epoch"] for row in read_log("log.jsonl", "valid")] == [1, 2, 3]


def test_quiet_says_nothing_of_a_rollback(rnn, corpus, monkeypatch):
    spoil(monkeypatch, 40)
    assert rnn("train", corpus, *SMALL, "--epochs", "3", "--quiet").err == ""


def test_after_so_many_rollbacks_it_ends_with_the_good_model_and_the_text_it_diverged_on(
    rnn, write, monkeypatch, read_log, read_npz, one_line
):
    lines = ["ab ba", "a\x07b", "bab", "abba", "baab", "a b a b"] * 4
    write("corpus.txt", lines)
    write("valid.txt", ["ab"])
    spoil(monkeypatch, *range(12, 99))
    options = [*SMALL, "--valid", "valid.txt", "--epochs", "9", "--lr", "0.01", "--max-rollbacks", "2"]
    said = rnn("train", "corpus.txt", *options, "--log", "log.jsonl", "--quiet", status=3)
    message = one_line(said.err)
    assert (
        "is not finite (its text is in m.diverged.txt): lower --lr (now 0.01, and halved 2 times)" in message
    )
    epoch = len(read_log("log.jsonl", "valid"))
    assert f"m.npz holds the model of epoch {read_npz('m.npz').header['history']['epoch']}" in message
    assert epoch >= 1
    assert len(read_log("log.jsonl", "rollback")) == 2
    rows = Path("m.diverged.txt").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 4
    text = "<end>".join(line.replace("\x07", r"\x07").replace("<unk>", "") for line in lines)
    for row in rows:
        for line in row.split("<end>"):
            assert line in text
    state = read_npz("m.state.npz").header["position"]
    assert (state["rollbacks"], state["epoch"]) == (2, epoch)


def test_a_run_that_has_diverged_goes_on_from_the_good_state_with_another_rate(
    rnn, corpus, monkeypatch, read_npz
):
    with monkeypatch.context() as patch:
        spoil(patch, *range(40, 99))
        rnn("train", corpus, *SMALL, "--epochs", "3", "--quiet", status=3)
    good = read_npz("m.state.npz")
    assert good.header["position"]["window"] == 0
    assert all(
        np.array_equal(a, good.arrays[f"good.{k}"]) for k, a in good.arrays.items() if k[:5] != "good."
    )
    rnn("train", "--resume", "--lr", "0.001", "--model", "m.npz", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 3


def test_unknown_tokens_and_words_can_be_read_in_the_text_it_diverged_on(rnn, write, monkeypatch):
    write("corpus.txt", ["the cat sat", "the dog sat", "the cat ran"] * 4 + ["a zebra sat"])
    spoil(monkeypatch, 1)
    options = [
        "-t",
        "space",
        "--min-count",
        "2",
        "--valid-fraction",
        "0",
        "-b",
        "2",
        "--bptt",
        "64",
        "-n",
        "4",
    ]
    rnn("train", "corpus.txt", *options, "--model", "m.npz", "--quiet", status=3)
    text = Path("m.diverged.txt").read_text()
    assert "<unk> <unk> sat <end>" in text
    assert "the cat sat <end> " in text


def test_a_crash_while_nothing_was_saved_leaves_no_lock(rnn, corpus, monkeypatch, folder):
    def broken(*arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(Saver, "save", broken)
    assert "defect" in rnn("train", corpus, *SMALL, "--quiet", status=1).err
    assert [path.name for path in folder.iterdir()] == [corpus]


def test_a_model_of_the_first_epoch_is_saved_with_the_state(rnn, at_step, corpus, read_npz):
    """So that one can look how it gets on."""
    seen = []
    at_step(9, lambda: seen.append((read_npz("m.npz"), read_npz("m.state.npz"))))
    rnn("train", corpus, *SMALL, "--epochs", "1", "--save-every", "4", "--quiet")
    model, state = seen[0]
    assert json.loads(json.dumps(model.header["history"]))["step"] == state.header["position"]["step"] == 8
    assert all(np.array_equal(model.arrays[name], state.arrays[f"p.{name}"]) for name in model.arrays)
