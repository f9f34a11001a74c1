"""Standard streams: talk goes to standard error, data to standard output."""

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from rnn_cli.printing import printable

if TYPE_CHECKING:
    from tqdm import tqdm

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but for the tab and the line's end
ROOM = "   \x1b[3D"  # at the end of a bar, with the cursor before it: for the ^C that a terminal writes

_bar: "tqdm[Any] | None" = None  # the latest, whose line `say` must not break into


class Interrupted(BaseException):
    """A signal asks the command to end at once, with this exit status."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


def say(text: str) -> None:
    """Print a line of talk, above the progress bar where there is one."""
    with unheard(), _bar.external_write_mode(file=sys.stderr) if _bar else nullcontext():
        print(printable(text), file=sys.stderr, flush=True)


def error(message: str) -> None:
    """Print the one line that a failed command ends with."""
    with unheard():
        print(f"rnn: error: {printable(message)}", file=sys.stderr, flush=True)


@contextmanager
def unheard() -> Iterator[None]:
    """Drop talk that cannot be written, as the disk is full or the terminal gone: no reason to end.
    Raises BrokenPipeError, where the reader has had enough."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError:
        return


def warn(message: str) -> None:
    say(f"rnn: warning: {message}")


def write_text(text: str) -> None:
    """Write text to standard output as it is; on a terminal with control characters as escapes, which would
    do more there than be seen."""
    sys.stdout.write(CONTROLS.sub(_escaped, text) if sys.stdout.isatty() else text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def settle_standard_streams() -> None:
    """Replace streams whose descriptors are closed; write what the terminal's encoding lacks as escapes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (for as long as the process)
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def silence_standard_output() -> None:
    """Let Python's last flush of a closed pipe go unheard."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for as long as the process)


def progress_bar(total: int, hidden: bool, unit: str = "tok", label: str = "") -> "tqdm[Any]":
    """Return a bar with rate and time left on a terminal; elsewhere it shows nothing."""
    from tqdm import tqdm  # takes longer to import than all of this package

    global _bar
    _bar = tqdm(
        total=total,
        unit=unit,
        desc=label,
        unit_scale=True,
        dynamic_ncols=True,
        disable=hidden or not sys.stderr.isatty(),
        bar_format="{desc}{percentage:3.0f}%|{bar}| {rate_fmt} {elapsed}<{remaining}{postfix}" + ROOM,
        leave=False,
    )
    return _bar
