"""One run on a model at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.runs import lock
from rnn_cli.runs.lock import locked
from rnn_cli.runs.paths import lock_path

fcntl = pytest.importorskip("fcntl")
MODEL = Path("m.npz")
HOLD = """
import sys, time
from pathlib import Path
from rnn_cli.runs.lock import locked
with locked(Path("m.npz")):
    print("here", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder():
    """Another process that holds the lock until it reads a line."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen([sys.executable, "-c", HOLD], **pipes) as process:
        assert process.stdout.readline() == "here\n"
        yield process
        process.kill()


def test_a_second_run_is_refused_and_told_the_process_of_the_first(holder, fails, corpus):
    for options in ([corpus], [corpus, "--force"], ["--resume"]):
        message = fails(1, "train", *options, "--model", "m.npz")
        assert message.startswith(f"m.npz: another run, process {holder.pid}, is writing it")
    with locked(Path("other.npz")):
        pass


def test_the_lock_is_gone_with_a_run_that_ends(holder, train, corpus, folder):
    holder.communicate("\n", timeout=10)
    assert not lock_path(MODEL).exists()
    train(corpus, "--quiet")
    assert not list(folder.glob(".*"))


def test_what_a_killed_run_leaves_is_no_obstacle(holder, train, corpus, folder):
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    assert lock_path(MODEL).exists()
    train(corpus, "--quiet")
    assert not list(folder.glob(".*"))


def test_processes_that_a_run_has_started_do_not_hold_its_lock():
    with locked(MODEL):
        sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        with locked(MODEL):
            pass
    finally:
        sleeper.communicate(b"\n", timeout=10)


def test_a_lock_on_a_file_that_was_taken_away_in_between_is_none(monkeypatch):
    """Else two runs would hold two files of one name."""
    flock, taken = fcntl.flock, []

    def slow(descriptor, how):
        if not taken:  # the one that had it ends now, and a third begins
            taken.append(descriptor)
            lock_path(MODEL).unlink()
            lock_path(MODEL).write_text("")
        flock(descriptor, how)

    monkeypatch.setattr(lock.fcntl, "flock", slow)
    with locked(MODEL), pytest.raises(RnnError, match=f"process {os.getpid()}"), locked(MODEL):
        pass


def test_where_the_file_system_has_no_locks_there_is_none(monkeypatch, train, corpus):
    def none(descriptor, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock.fcntl, "flock", none)
    train(corpus, "--quiet")


def test_where_the_system_has_no_locks_there_is_none(monkeypatch, train, corpus):
    monkeypatch.setattr(lock, "fcntl", None)
    train(corpus, "--quiet")
