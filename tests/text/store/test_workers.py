"""Tasks in several processes: results in order, little ahead, and no process left behind."""

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.processes import PROCESSES
from rnn_cli.text.store import workers


def evaluated(tasks, processes: int = 2):
    """What each task, an expression, is worth in a process."""
    return workers.in_order(functools.partial, (eval,), tasks, processes)


def test_results_come_in_the_order_of_the_tasks_however_long_each_takes():
    slow = "__import__('time').sleep(0.2) or 0"
    assert list(evaluated([slow, *map(str, range(1, 6)), slow, *map(str, range(7, 50))])) == [
        *range(6),
        0,
        *range(7, 50),
    ]


def test_few_tasks_are_begun_before_the_first_is_done():
    taken = 0

    def tasks():
        nonlocal taken
        for taken in range(1, 100):
            yield "__import__('time').sleep(0.5)" if taken == 1 else "1"

    results = evaluated(tasks())
    next(results)
    assert taken <= 2 * 4
    assert len(list(results)) == 98


def test_large_tasks_with_large_results_do_not_wait_for_each_other():
    large = "x" * 1_000_000
    assert all(result == large for result in evaluated([repr(large)] * 20))


def test_two_processes_work_at_the_same_time():
    pids = list(evaluated(["__import__('time').sleep(0.05) or __import__('os').getpid()"] * 12))
    assert len({os.getpid(), *pids}) == 3


@pytest.mark.parametrize("processes", [1, 2])
def test_an_exception_in_a_process_is_one_line(processes):
    fail = "(_ for _ in ()).throw(ValueError('two\\nlines'))"
    with pytest.raises(RnnError) as caught:
        list(evaluated(["1", "2", fail, "4"], processes))
    what = "a process that split the text failed (ValueError: two lines)"
    assert str(caught.value) == f"{what}: --threads 1 needs none"
    assert "Traceback" in "".join(caught.value.__notes__), "for RNN_DEBUG"
    assert not multiprocessing.active_children()


def test_an_error_that_is_one_line_already_stays_as_it_is():
    module = "__import__('rnn_cli.text.user_words', fromlist=['user_words'])"
    with pytest.raises(RnnError, match=r"^nowhere: No such file or directory$"):
        list(evaluated([f"{module}.read_user_dict('nowhere')"]))


def test_a_process_that_cannot_be_started_is_one_line(monkeypatch):
    def refuse(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(PROCESSES.Process, "start", refuse)
    with pytest.raises(RnnError, match=r"^no process could be started \(.*\): --threads 1 needs none$"):
        list(evaluated(["1"]))


def test_what_cannot_be_begun_is_one_line():
    with pytest.raises(RnnError, match="failed"):
        list(workers.in_order(functools.partial, (), ["1"], 2))


def test_a_process_that_is_killed_is_one_line():
    kill = "__import__('os').kill(__import__('os').getpid(), 9)"
    with pytest.raises(RnnError, match="was killed"):
        list(evaluated([*map(str, range(20)), kill, *map(str, range(20))]))
    assert not multiprocessing.active_children()


def test_processes_end_with_an_error_of_the_text_and_where_no_more_is_asked_for():
    def broken():
        yield "1"
        raise RnnError("bad.txt: line 2")

    with pytest.raises(RnnError, match=r"bad\.txt"):
        list(evaluated(broken()))
    results = evaluated(["1", "__import__('time').sleep(60)"])
    assert next(results) == 1
    results.close()
    assert not multiprocessing.active_children()


ENDLESS = """
import functools, itertools, multiprocessing, signal
from rnn_cli.text.store.workers import in_order
signal.signal(signal.SIGINT, signal.default_int_handler)
results = in_order(functools.partial, (eval,), itertools.repeat("1"), 2)
next(results)
try:
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    for result in results:
        pass
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
@pytest.mark.parametrize(("number", "said"), [("SIGINT", "stopped\n"), ("SIGKILL", "")])
def test_processes_end_with_their_parent_and_say_nothing(number, said):
    parent = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    if number == "SIGINT":
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does
    else:
        parent.kill()
    out, errors = parent.communicate(timeout=60)
    assert (out, errors) == (said, "")
    assert len(pids) == 2
    deadline = time.monotonic() + 20
    while any(map(is_there, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_there, pids))


def is_there(pid: int) -> bool:
    """A zombie, which a container may never bury, is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.is_file() and status.read_text().rpartition(")")[2].split()[0] == "Z")
