"""How a command is stopped: in good order, or at once."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from rnn_cli import LanguageModel
from rnn_cli.cli.console import Interrupted
from rnn_cli.cli.signals import stop_on_signals

SIGNALS = [(signal.SIGINT, "SIGINT", 130), (signal.SIGTERM, "SIGTERM", 143), (signal.SIGHUP, "SIGHUP", 143)]


def handlers():
    return {number: signal.getsignal(number) for number, _, _ in SIGNALS}


@pytest.mark.parametrize(("number", "name", "status"), SIGNALS)
def test_a_signal_is_noted_and_the_handlers_before_come_back(number, name, status):
    before = handlers()
    with stop_on_signals() as stop:
        stop.in_order = True
        assert stop.signal is None
        os.kill(os.getpid(), number)
        assert (stop.signal, stop.name, stop.status) == (number, name, status)
    assert handlers() == before


@pytest.mark.parametrize(("number", "name", "status"), SIGNALS)
def test_where_nothing_is_to_be_brought_to_an_end_the_first_ends_it(number, name, status):
    before = handlers()
    with pytest.raises(Interrupted) as interrupted, stop_on_signals():
        os.kill(os.getpid(), number)
    assert interrupted.value.status == status
    assert handlers() == before


def test_the_second_ends_at_once_what_the_first_did_not_and_a_third_does_not_disturb_that():
    cleared = False
    with pytest.raises(Interrupted) as interrupted, stop_on_signals() as stop:  # noqa: PT012
        stop.in_order = True
        os.kill(os.getpid(), signal.SIGINT)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            cleared = True
    assert cleared
    assert interrupted.value.status == 143


def test_a_hangup_that_was_ignored_is_ignored():
    """As of a command that was started with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.signal is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_processes_that_compute_are_not_waited_for():
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,), daemon=True)
    child.start()
    with contextlib.suppress(Interrupted), stop_on_signals():
        os.kill(os.getpid(), signal.SIGTERM)
    child.join(5)
    assert child.exitcode == -signal.SIGKILL


DEAF = """
import hashlib
from rnn_cli.cli.signals import stop_on_signals
with stop_on_signals() as stop:
    stop.in_order = True
    print('here', flush=True)
    hashlib.pbkdf2_hmac('sha256', b'', b'', 1 << 30)  # minutes, with no handler in between
"""


def test_an_operation_that_takes_long_is_not_waited_for():
    """Python's own handler would run after it."""
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, encoding="utf-8") as deaf:
        try:
            assert deaf.stdout.readline() == "here\n"
            deaf.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert deaf.poll() is None
            began = time.monotonic()
            deaf.send_signal(signal.SIGTERM)
            assert deaf.wait(5) == 143
            assert time.monotonic() < began + 1
        finally:
            deaf.kill()


def test_beside_the_main_thread_no_signal_is_handled_and_a_command_runs(train, corpus):
    before = signal.getsignal(signal.SIGINT)
    heard = []

    def work():
        with stop_on_signals() as stop:
            heard.append((signal.getsignal(signal.SIGINT), stop.status))
        train(corpus, "--quiet")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [(before, 0)]
    assert LanguageModel.load("m.npz")


def test_where_no_thread_can_be_started_there_is_no_guard_and_signals_are_heard(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with stop_on_signals() as stop:
        stop.in_order = True
        signal.raise_signal(signal.SIGINT)
        assert stop.name == "SIGINT"
