"""Talk to the person: everything here goes to standard error; standard output carries data."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING, Any

from rnn_cli.errors import RnnError

if TYPE_CHECKING:
    from tqdm import tqdm

_bar: "tqdm[Any] | None" = None  # the latest, whose line `say` must not break into


class UsageError(RnnError):
    """The command line was wrong (exit status 2)."""


def say(text: str) -> None:
    """A line of talk, above the progress bar where there is one."""
    with _bar.external_write_mode(file=sys.stderr) if _bar else nullcontext():
        print(printable(text), file=sys.stderr, flush=True)


def error(message: str) -> None:
    """The one line that a failed command ends with."""
    print(f"rnn: error: {printable(message)}", file=sys.stderr, flush=True)


def warn(message: str) -> None:
    say(f"rnn: warning: {message}")


def printable(text: str) -> str:
    """One line, with nothing in it that moves a terminal's cursor or changes its colours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def settle_standard_streams() -> None:
    """Give Python the streams it goes without where their descriptors are closed, and let output
    that the terminal's encoding lacks be written as escapes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (for as long as the process)
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def silence_standard_output() -> None:
    """Let Python's last flush of a closed pipe go unheard."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for as long as the process)


def progress_bar(total: int, hidden: bool) -> "tqdm[Any]":
    """A bar of tokens on a terminal, with tokens/s and the time left; elsewhere nothing."""
    from tqdm import tqdm  # takes longer to import than all of this package

    global _bar
    _bar = tqdm(
        total=total,
        unit="tok",
        unit_scale=True,
        dynamic_ncols=True,
        disable=hidden or not sys.stderr.isatty(),
        bar_format="{percentage:3.0f}%|{bar}| {rate_fmt} {elapsed}<{remaining}{postfix}",
        leave=False,
    )
    return _bar


class Stop:
    """Whether a signal has asked the run to stop, and which."""

    signal: int | None = None

    @property
    def name(self) -> str:
        return signal.Signals(self.signal).name if self.signal else "nothing"

    @property
    def status(self) -> int:
        return 128 + (self.signal or 0)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """While inside, the first SIGINT or SIGTERM is noted, for the run to finish its step and save;
    the next does what it would have done."""
    stop = Stop()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def note(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in signals:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
