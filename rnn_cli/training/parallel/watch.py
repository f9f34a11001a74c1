"""The end of a rank that hears nothing from the others, as when a machine was cut off.

While they train, ranks meet at every step: a long wait shows that one is gone. While they read a text, one
may wait for hours until another has cut its share. So threads of all ranks give each other signs of life.
"""

import atexit
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENCE = 60.0  # seconds without a word from the other ranks, from which on this one ends
STEPS = 20  # usual ones, that are waited for in any case
PATIENCE = 5  # times the usual limit, while a text is read and while rank 0 saves
GRACE = 2  # seconds by which rank 0 ends earlier than the others, so that one line is printed
BEAT = 1.0  # seconds between two signs of life
LOOK = 0.2  # seconds between two looks of the watch
NAP = 0.005  # seconds between two looks at whether the others have come


class Pulse:
    """Signs of life, given by a thread of each rank: a small exchange that all take part in, again and again.

    One that is done shows that all were there. The one in which all want to end is the last.
    """

    def __init__(self, ask: Callable[[bool], Callable[[], bool | None]]):
        """ask: begins an exchange with whether this rank wants to end; what it returns says whether all do,
        and None until all have come."""
        self._ask = ask
        self._answer: Callable[[], bool | None] | None = None  # of the exchange under way
        self._heard = self._due = 0.0  # when all were last heard from; when the next exchange begins
        self._is_wanted = self._is_on = False
        self._lock = threading.Lock()  # for these two
        self._hurry = threading.Event()  # the process ends
        atexit.register(self._leave)

    def begin(self) -> None:
        """Give signs of life from here on."""
        with self._lock:
            if not self._is_on:
                self._heard = self._due = time.monotonic()
            self._is_wanted = self._is_on = True

    def end(self) -> None:
        """Give none, once all ranks want that."""
        with self._lock:
            self._is_wanted = False

    def wait(self) -> None:
        """Wait until it is time to look again."""
        if self._hurry.is_set():
            time.sleep(NAP)
        else:
            self._hurry.wait(LOOK)

    def heard(self) -> float | None:
        """Take part; return when all ranks were last heard from, or None where they give no signs."""
        if not self._is_on:
            return None
        now = time.monotonic()
        if self._answer is None and (now >= self._due or self._hurry.is_set()):
            self._answer, self._due = self._ask(not self._is_wanted), now + BEAT
        is_last = self._answer() if self._answer else None
        if is_last is not None:
            self._answer, self._heard = None, now
            with self._lock:
                self._is_on = self._is_wanted or not is_last  # it is wanted again by the next command
        return self._heard

    def _leave(self) -> None:
        """Take leave of the other ranks: MPI ends after this, and an exchange must not be under way then."""
        self.end()
        self._hurry.set()
        deadline = time.monotonic() + GRACE
        while self._is_on and time.monotonic() < deadline:
            time.sleep(NAP)
        self._is_on = False


class Watch:
    """Ends the process where the others are not heard from. A thread looks, because the main one is in MPI.

    rank: of this process. abort: ends all ranks with a status.
    """

    def __init__(self, rank: int, abort: Callable[[int], None], pulse: Pulse):
        self._rank, self._abort, self._pulse = rank, abort, pulse
        self._since: float | None = None  # it waits
        self._patience = 1.0  # times the usual limit, for this wait
        self._seconds: float | None = None  # a limit that was asked for
        self._last, self._usual = time.monotonic(), 0.0  # the end of the last step; seconds of one
        self._is_training = False
        self._thread: threading.Thread | None = None

    def read(self, seconds: float | None, silent: Callable[[str], None], has_signs: bool) -> None:
        """Expect signs of life from here on, if the ranks can give them."""
        self._is_training = False
        if has_signs:
            self._pulse.begin()
            self._begin(seconds, silent)

    def train(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        """Expect an end of each wait from here on."""
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
        """With the main thread in an exchange."""
        self._patience, self._since = patience, time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def step(self) -> None:
        """Count a step that has ended."""
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
