"""Ends a rank that hears nothing from the others, for example because a machine was cut off.

During training, ranks meet at every step, so a long wait shows that one is gone. While they read a text, one
may wait for hours until another has tokenized its share, so threads of all ranks exchange signs of life.
"""

import atexit
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENCE = 60.0  # seconds without a sign from the other ranks after which this one ends
STEPS = 20  # the wait is at least as long as this many usual steps
PATIENCE = 5  # times the usual limit, while a text is read or rank 0 saves
GRACE = 2  # seconds by which rank 0 ends before the others, so that only one line is printed
BEAT = 1.0  # seconds between two signs of life
LOOK = 0.2  # seconds between two looks of the watch
NAP = 0.005  # seconds between two checks whether the others have come


class Pulse:
    """Signs of life: a small exchange, repeated again and again, between a thread of each rank.

    A completed exchange shows that all ranks were alive. The exchange in which all want to end is the last.
    """

    def __init__(self, ask: Callable[[bool], Callable[[], bool | None]]):
        """ask: begins an exchange, given whether this rank wants to end, and returns a function that says
        whether all do, or None until all have come."""
        self._ask = ask
        self._answer: Callable[[], bool | None] | None = None  # of the exchange under way
        self._heard = self._due = 0.0  # when all were last heard from, and when the next exchange begins
        self._is_wanted = self._is_on = False
        self._lock = threading.Lock()  # for _is_wanted and _is_on
        self._hurry = threading.Event()  # set when the process ends
        atexit.register(self._leave)

    def begin(self) -> None:
        """Give signs of life from here on."""
        with self._lock:
            if not self._is_on:
                self._heard = self._due = time.monotonic()
            self._is_wanted = self._is_on = True

    def end(self) -> None:
        """Stop giving signs of life once all ranks want to."""
        with self._lock:
            self._is_wanted = False

    def wait(self) -> None:
        """Wait until it is time to look again."""
        if self._hurry.is_set():
            time.sleep(NAP)
        else:
            self._hurry.wait(LOOK)

    def heard(self) -> float | None:
        """Take part in the exchanges; return when all ranks were last heard from, or None if signs are
        off."""
        if not self._is_on:
            return None
        now = time.monotonic()
        if self._answer is None and (now >= self._due or self._hurry.is_set()):
            self._answer, self._due = self._ask(not self._is_wanted), now + BEAT
        is_last = self._answer() if self._answer else None
        if is_last is not None:
            self._answer, self._heard = None, now
            with self._lock:
                self._is_on = self._is_wanted or not is_last  # the next command may want it again
        return self._heard

    def _leave(self) -> None:
        """Complete the last exchange with the other ranks: none may be under way when MPI ends."""
        self.end()
        self._hurry.set()
        deadline = time.monotonic() + GRACE
        while self._is_on and time.monotonic() < deadline:
            time.sleep(NAP)
        self._is_on = False


class Watch:
    """Ends the process if the other ranks are silent. A thread does this, because the main one is inside MPI.

    rank: the number of this process. abort: ends all ranks with a status.
    """

    def __init__(self, rank: int, abort: Callable[[int], None], pulse: Pulse):
        self._rank, self._abort, self._pulse = rank, abort, pulse
        self._since: float | None = None  # when the present wait began
        self._patience = 1.0  # times the usual limit, for the present wait
        self._seconds: float | None = None  # the limit, if one was given
        self._last, self._usual = time.monotonic(), 0.0  # the end of the last step; usual seconds per step
        self._is_training = False
        self._thread: threading.Thread | None = None

    def read(self, seconds: float | None, silent: Callable[[str], None], has_signs: bool) -> None:
        """From here on, expect signs of life, if the ranks can give them."""
        self._is_training = False
        if has_signs:
            self._pulse.begin()
            self._begin(seconds, silent)

    def train(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        """From here on, expect every wait to end."""
        self._pulse.end()
        self._is_training = True
        self._begin(seconds, silent)

    def _begin(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        self._seconds, self._silent = seconds, silent
        self._last, self._usual = time.monotonic(), 0.0
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
            self._thread.start()

    @contextmanager
    def waiting(self, patience: float = 1.0) -> Iterator[None]:
        """Mark the main thread as waiting in an exchange."""
        self._patience, self._since = patience, time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def step(self) -> None:
        """Record the end of a step."""
        now = time.monotonic()
        self._usual += (now - self._last - self._usual) / STEPS
        self._last = now

    def _look(self) -> None:
        while True:
            self._pulse.wait()
            since, patience = self._pulse.heard(), float(PATIENCE)
            if self._is_training:
                since, patience = self._since, self._patience
            usual = max(SILENCE, STEPS * self._usual) if self._seconds is None else self._seconds
            limit, later = usual * patience, GRACE if self._rank else 0
            if since is not None and time.monotonic() > since + limit + later:
                self._silent(f"nothing heard from the other ranks for {limit:.0f} s")
                if hasattr(signal, "alarm"):
                    signal.alarm(GRACE)  # ends the process where MPI hangs
                self._abort(1)
                return
