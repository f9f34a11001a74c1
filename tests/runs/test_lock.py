"""One run on a model at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_cli import locking
from rnn_cli.errors import RnnError
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

    monkeypatch.setattr(locking.fcntl, "flock", slow)
    with locked(MODEL), pytest.raises(RnnError, match=f"process {os.getpid()}"), locked(MODEL):
        pass


def test_where_the_file_system_has_no_locks_there_is_none(monkeypatch, train, corpus):
    def none(descriptor, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locking.fcntl, "flock", none)
    train(corpus, "--quiet")


def test_where_the_system_has_no_locks_there_is_none(monkeypatch, train, corpus):
    monkeypatch.setattr(locking, "fcntl", None)
    train(corpus, "--quiet")


NOBODY = 65534
TRY = """
import os, sys
from pathlib import Path
from rnn_cli.errors import RnnError
from rnn_cli.runs.lock import locked
os.setuid(int(sys.argv[1]))
try:
    with locked(Path("m.npz")):
        print("locked")
except RnnError as error:
    print(error)
"""


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can be two users")
@pytest.mark.parametrize(("mode", "is_read"), [(0o644, True), (0o600, False)])
@pytest.mark.parametrize("is_live", [False, True], ids=["stale", "live"])
def test_another_users_lock_file_is_an_obstacle_only_while_it_is_held_or_cannot_be_read(
    mode, is_read, is_live, folder, one_line
):
    for path in (folder, *folder.parents[:3]):
        path.chmod(0o777 if path == folder else 0o755)
    lock = lock_path(MODEL)
    lock.write_text("12345")
    lock.chmod(mode)
    descriptor = os.open(lock, os.O_RDWR)
    if is_live:
        locking.take(descriptor)
    command = [sys.executable, "-c", TRY, str(NOBODY)]
    said = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    os.close(descriptor)
    if not is_read:
        assert said.startswith(
            f"m.npz: the lock file {lock} belongs to {lock.owner()} and cannot be opened ("
        )
        assert "delete it, or name another file with --model" in said
    elif is_live:
        assert said.startswith("m.npz: another run, process 12345, is writing it")
    else:
        assert said == "locked\n"
