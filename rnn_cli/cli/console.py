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

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # except tab and line feed
ROOM = "   \x1b[3D"  # ends a bar and moves the cursor back: room for the ^C that a terminal prints

SCHEMA = 1  # of JSON output; raised when an entry is removed or changes its meaning, not when one is added
STANDARD_OUTPUT = "standard output"  # its name in errors

_is_muted = False  # whether talk is left to another process

_bar: "tqdm[Any] | None" = None  # the latest bar; `say` must not print into its line


class Interrupted(BaseException):
    """Raised when a signal asks the command to end at once. status: the exit status to end with."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


def mute() -> None:
    """Print no talk from here on."""
    global _is_muted
    _is_muted = True


def say(text: str, as_it_is: bool = False) -> None:
    """Print a line of talk, above the progress bar if there is one.

    as_it_is: whether to print it untranslated.
    """
    if _is_muted:
        return
    text = text if as_it_is else translated(text)
    with unheard(), _bar.external_write_mode(file=sys.stderr) if _bar else nullcontext():
        print(_fitted(printable(text)), file=sys.stderr, flush=True)


def error(message: str, always: bool = False) -> None:
    """Print the one line that a failed command ends with. always: even if this process is muted."""
    if _is_muted and not always:
        return
    with unheard():
        line = f"rnn: {label('error: ')}{printable(translated(message))}"
        print(_fitted(line), file=sys.stderr, flush=True)


def _fitted(line: str) -> str:
    """Return a line of talk as it is printed: on a terminal, wrapped between words if it is too long."""
    if not sys.stderr.isatty():
        return line
    from rnn_cli.cli.wrapping import fit  # only a terminal needs it

    return fit(line, sys.stderr)


@contextmanager
def unheard() -> Iterator[None]:
    """Ignore talk that cannot be written because the disk is full or the terminal is gone: no reason to end.
    Raises BrokenPipeError if the reader has closed the pipe."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError:
        return


def warn(message: str) -> None:
    say(f"rnn: {label('warning: ')}{translated(message)}", as_it_is=True)


def write_text(text: str) -> None:
    """Write text to standard output as it is; on a terminal, escape control characters, which it would act
    on."""
    sys.stdout.write(CONTROLS.sub(_escaped, text) if sys.stdout.isatty() else text)


def write_json(value: dict[str, Any]) -> None:
    """Write a JSON object, with the schema number, as one line of standard output."""
    import json  # here, so that `rnn --help` does not wait for it

    write_text(json.dumps({"schema": SCHEMA} | value, ensure_ascii=False) + "\n")


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class StandardOutput(io.TextIOWrapper):
    """Standard output, named in the errors that writing to it raises."""

    def write(self, text: str, /) -> int:
        with _named():
            return super().write(text)

    def flush(self) -> None:
        with _named():
            super().flush()


class ClosedInput(io.TextIOWrapper):
    """Standard input whose descriptor is closed: reading it is an error. The null device takes the
    descriptor's number; otherwise the next opened file would."""

    def __init__(self) -> None:
        super().__init__(open(os.devnull, "rb"))  # noqa: SIM115 (open until the process ends)

    def fileno(self) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


class ClosedOutput(io.TextIOBase):
    """Standard output whose descriptor is closed: writing data to it is an error."""

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
    """Replace standard streams whose descriptors are closed, and set the encoding of the others.

    Data is UTF-8 with \\n as the line end, whatever the locale and PYTHONIOENCODING say; talk escapes the
    characters that the terminal's encoding lacks.
    """
    if sys.stdin is None:
        sys.stdin = ClosedInput()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    stream = sys.stdout
    if type(stream) is io.TextIOWrapper:  # not a replacement made by a test or a program
        flags = {"line_buffering": stream.line_buffering, "write_through": stream.write_through}
        sys.stdout = StandardOutput(stream.detach(), "utf-8", "backslashreplace", "\n", **flags)
    elif isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def silence_standard_output() -> None:
    """Replace standard output, which takes no more data, so that Python's last flush of it does not fail."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)


def drop_unwritten_talk() -> None:
    """Do the same for standard error if it holds talk that cannot be written: Python would exit with status
    120."""
    try:
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)


def progress_bar(total: int, hidden: bool, unit: str | None = None, name: str = "") -> "tqdm[Any]":
    """Return a progress bar with rate and time left, which shows on a terminal only."""
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
