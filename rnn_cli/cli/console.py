"""Standard streams: talk goes to standard error, data to standard output."""

import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from rnn_cli.cli.language import label, translated
from rnn_cli.printing import printable

if TYPE_CHECKING:
    from tqdm import tqdm

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but for the tab and the line's end
ROOM = "   \x1b[3D"  # at the end of a bar, with the cursor before it: for the ^C that a terminal writes

SCHEMA = 1  # of JSON; it rises when an entry goes or changes its meaning, and not when one is added
STANDARD_OUTPUT = "standard output"  # what errors call it

_is_muted = False  # whether talk is left to another process

_bar: "tqdm[Any] | None" = None  # the latest, whose line `say` must not break into


class Interrupted(BaseException):
    """A signal asks the command to end at once, with this exit status."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


def mute() -> None:
    """Say nothing from here on."""
    global _is_muted
    _is_muted = True


def say(text: str, as_it_is: bool = False) -> None:
    """Print a line of talk, above the progress bar where there is one.

    as_it_is: whether it is no message that could be translated.
    """
    if _is_muted:
        return
    text = text if as_it_is else translated(text)
    with unheard(), _bar.external_write_mode(file=sys.stderr) if _bar else nullcontext():
        print(_fitted(printable(text)), file=sys.stderr, flush=True)


def error(message: str, always: bool = False) -> None:
    """Print the one line that a failed command ends with; always: even where this process is mute."""
    if _is_muted and not always:
        return
    with unheard():
        line = f"rnn: {label('error: ')}{printable(translated(message))}"
        print(_fitted(line), file=sys.stderr, flush=True)


def _fitted(line: str) -> str:
    """Return a line of talk as it is printed: on a terminal, broken between words where it is too long."""
    if not sys.stderr.isatty():
        return line
    from rnn_cli.cli.wrapping import fit  # only a terminal needs it

    return fit(line, sys.stderr)


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
    say(f"rnn: {label('warning: ')}{translated(message)}", as_it_is=True)


def write_text(text: str) -> None:
    """Write text to standard output as it is; on a terminal with control characters as escapes, which would
    do more there than be seen."""
    sys.stdout.write(CONTROLS.sub(_escaped, text) if sys.stdout.isatty() else text)


def write_json(value: dict[str, Any]) -> None:
    """Write a JSON object to standard output, on a line of its own, with the number of its schema."""
    import json  # `rnn --help` does not wait for it

    write_text(json.dumps({"schema": SCHEMA} | value, ensure_ascii=False) + "\n")


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class StandardOutput(io.TextIOWrapper):
    """Standard output, whose name stands in the errors that writing to it raises."""

    def write(self, text: str, /) -> int:
        with _named():
            return super().write(text)

    def flush(self) -> None:
        with _named():
            super().flush()


class ClosedInput(io.TextIOWrapper):
    """Standard input whose descriptor is closed: reading it is an error. The null device takes its number;
    else the next file that is opened would."""

    def __init__(self) -> None:
        super().__init__(open(os.devnull, "rb"))  # noqa: SIM115 (for as long as the process)

    def fileno(self) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


class ClosedOutput(io.TextIOBase):
    """Standard output whose descriptor is closed: data for it is lost, which is an error."""

    def write(self, text: str, /) -> int:
        if text:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), STANDARD_OUTPUT)
        return 0


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, STANDARD_OUTPUT) from error


def settle_standard_streams() -> None:
    """Replace streams whose descriptors are closed. Data is UTF-8 with \\n at the ends of lines, whatever the
    locale and PYTHONIOENCODING say; talk has escapes for what the terminal's encoding lacks."""
    if sys.stdin is None:
        sys.stdin = ClosedInput()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (for as long as the process)
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    stream = sys.stdout
    if type(stream) is io.TextIOWrapper:  # and not what a test or a program has put in its place
        flags = {"line_buffering": stream.line_buffering, "write_through": stream.write_through}
        sys.stdout = StandardOutput(stream.detach(), "utf-8", "backslashreplace", "\n", **flags)
    elif isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def silence_standard_output() -> None:
    """Let Python's last flush of a stream that takes nothing more go unheard."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for as long as the process)


def drop_unwritten_talk() -> None:
    """Do the same for standard error, where it holds talk that it could not write: Python would exit with
    status 120 for it."""
    try:
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (for as long as the process)


def progress_bar(total: int, hidden: bool, unit: str | None = None, name: str = "") -> "tqdm[Any]":
    """Return a bar with rate and time left on a terminal; elsewhere it shows nothing."""
    from tqdm import tqdm  # takes longer to import than all of this package

    global _bar
    _bar = tqdm(
        total=total,
        unit=unit or label("tok"),
        desc=f"{name} " if name else "",
        unit_scale=True,
        dynamic_ncols=True,
        disable=hidden or _is_muted or not sys.stderr.isatty(),
        bar_format="{desc}{percentage:3.0f}%|{bar}| {rate_fmt} {elapsed}<{remaining}{postfix}" + ROOM,
        leave=False,
    )
    return _bar
