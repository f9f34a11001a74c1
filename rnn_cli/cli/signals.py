"""Stopping a command by signals: the first lets it finish in order, the second ends it at once."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rnn_cli.cli.console import Interrupted

GRACE = 0.5  # seconds for a command to clean up after a signal to end at once
HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows


class Stop:
    """Whether a signal has asked the command to stop, and which one.

    in_order: whether the first signal is only noted, so that the command can finish in order. Otherwise, and
        on the second signal, Interrupted is raised wherever the command is.
    litter: files that the command would delete at its end; they are deleted even if it has no time for that.
    """

    def __init__(self) -> None:
        self.litter: list[Path] = []
        self.in_order = False
        self.signal: int | None = None
        self.at_once = False  # Interrupted has been raised

    @property
    def name(self) -> str:
        return signal.Signals(self.signal).name if self.signal else "nothing"

    @property
    def status(self) -> int:
        """The exit status; SIGHUP, a closed terminal, counts as SIGTERM."""
        return 0 if self.signal is None else _status(self.signal)

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal. Neither busy child processes nor another signal may delay the end."""
        if self.in_order and self.signal is None:
            self.signal = number
        elif not self.at_once:
            self.at_once = True
            _kill_children()
            raise Interrupted(_status(number))


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Handle SIGINT, SIGTERM and SIGHUP as Stop describes; SIGHUP only if it was not ignored (nohup). Only
    the main thread can handle signals; in any other, none is handled."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if HANGUP and signal.getsignal(HANGUP) != signal.SIG_IGN:
        numbers.append(HANGUP)
    before = {number: signal.getsignal(number) for number in numbers}
    with _guarded(stop):
        for number in before:
            signal.signal(number, stop.hear)
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _guarded(stop: Stop) -> Iterator[None]:
    """Guard against a handler that runs too late, because it has to wait for the main thread's current
    operation, such as a large matrix product. A second thread hears signals at once; it ends the process if
    the command has not ended within GRACE seconds.
    """
    ours, its = socket.socketpair()
    its.setblocking(False)
    ended = threading.Event()

    def watch() -> None:
        heard = 0
        while number := ours.recv(1)[0]:
            heard += 1
            if (heard > 1 or not stop.in_order) and not ended.wait(GRACE):
                _kill_children()
                for path in stop.litter:
                    path.unlink(missing_ok=True)
                os._exit(_status(number))

    guard = threading.Thread(target=watch, name="guard", daemon=True)
    with ours, its:
        try:
            guard.start()
        except RuntimeError:  # the system refuses a thread: go without a guard
            yield
            return
        before = signal.set_wakeup_fd(its.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            ended.set()
            signal.set_wakeup_fd(before)
            its.send(b"\0")
            guard.join()


def _status(number: int) -> int:
    return 128 + (signal.SIGTERM if number == HANGUP else number)


def _kill_children() -> None:
    """Kill the children of this process: their results are no longer needed."""
    for child in multiprocessing.active_children():
        child.kill()
