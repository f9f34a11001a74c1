"""Reading a text as it arrives: in blocks, as soon as there is something to read.

Whatever a pipe or a terminal has delivered is read at once, so that results for its lines can be printed
before the next lines arrive. Bytes that do not decode may be marked, so that other lines can be used.
"""

import codecs
import io
import os
import re
import select
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.text.decoding import BLOCK_BYTES, decode_blocks
from rnn_cli.text.reading import display_name, standard_input

MARKED = "rnn marks"  # the name of the error handler
UNDECODED = "\udcff"  # replaces bytes that do not decode: half a surrogate pair, which is in no text
MARKS = re.compile("[\ud800-\udfff]+")
LONGEST_MARK = 4  # bytes of a byte order mark


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODED, error.end


codecs.register_error(MARKED, _mark)


def read_blocks(
    paths: Iterable[str], encoding: str | None = None, mark_undecoded: bool = False
) -> Iterator[str]:
    """Yield the text of several files as one, in blocks that end anywhere; a file's end ends its last line.

    mark_undecoded: whether to replace bytes that do not decode by UNDECODED or another half of a surrogate
        pair.

    Raises RnnError as `read_lines` does, and for a file that is cut short while it is read.
    """
    errors = MARKED if mark_undecoded else "strict"
    for path in paths:
        name = display_name(path)
        try:
            with ExitStack() as stack:
                ended = True
                for block in decode_blocks(_opened(path, stack), name, encoding, errors):
                    if block:
                        yield block
                        ended = block.endswith("\n")
                if not ended:
                    yield "\n"
        except OSError as error:
            raise RnnError(f"{name}: {error.strerror or error}") from error


def lines_that_come(
    paths: Sequence[str], encoding: str | None = None, mark_undecoded: bool = False
) -> Iterator[list[str]]:
    """Yield the lines of several files; lines that have arrived together are in one list.

    Raises RnnError as `read_blocks` does, after the lines before the error, and for files without a line.
    """
    begun, is_empty = "", True
    for block in read_blocks(paths, encoding, mark_undecoded):
        *lines, begun = (begun + block).split("\n")
        if lines:
            is_empty = False
            yield lines
    if is_empty:
        raise RnnError(f"{', '.join(map(display_name, paths))}: empty: there is no line in it")


class Postponed(Iterator[str]):
    """The blocks of a text up to an error, which `settle` raises."""

    def __init__(self, blocks: Iterator[str], marks: bool):
        """marks: whether to mark a line that the error cuts off as one that does not decode."""
        self._blocks, self._marks = blocks, marks
        self._error: RnnError | None = None
        self._last = "\n"

    def __next__(self) -> str:
        if self._error is not None:
            raise StopIteration
        try:
            self._last = next(self._blocks)
            return self._last
        except RnnError as error:
            self._error = error
            if self._last.endswith("\n") or not self._marks:
                raise StopIteration from error
            return f"{UNDECODED}\n"

    def settle(self) -> None:
        """Raise the error that ended the text, if there was one."""
        if self._error is not None:
            raise self._error


def arrives_slowly(path: str) -> bool:
    """Return whether a path is a terminal or a pipe, whose lines may arrive one by one."""
    try:
        mode = os.fstat(standard_input()).st_mode if path == "-" else os.stat(path).st_mode
    except (OSError, RnnError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _opened(path: str, stack: ExitStack) -> "Arriving":
    if path != "-" and Path(path).is_dir():
        raise RnnError(f"{path}: is a directory (name the text files in it)")
    return Arriving(
        stack.enter_context(open(standard_input() if path == "-" else path, "rb", 0, closefd=path != "-"))
    )


class Arriving:
    """A stream of bytes whose `read` waits only for the first bytes, and returns what has arrived."""

    def __init__(self, raw: io.FileIO):
        self._raw = raw
        self._is_first = True
        self._missing = _size_ahead(raw)

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        """Return up to `size` bytes; none at the end of the stream. Raise OSError for a file that is shorter
        than when it was opened: another program has cut it."""
        least, self._is_first = (LONGEST_MARK if self._is_first else 1), False
        blocks: list[bytes] = []
        count = 0
        while count < size and (count < least or self._has_more()):
            block = self._raw.read(size - count)
            if not block:
                break
            blocks.append(block)
            count += len(block)
        self._missing -= count
        if not count and self._missing > 0:
            raise OSError(f"was cut while it was read: {self._missing:,} bytes of it are missing")
        return b"".join(blocks)

    def _has_more(self) -> bool:
        """Return whether there is something to read without waiting, if the system reports it."""
        try:
            return bool(select.select([self._raw], [], [], 0)[0])
        except (OSError, ValueError):  # Windows reports it only for sockets
            return False


def _size_ahead(raw: io.FileIO) -> int:
    """Return the number of bytes from a file's current position to its end; 0 for a pipe or if unknown."""
    try:
        status = os.fstat(raw.fileno())
        return status.st_size - raw.tell() if stat.S_ISREG(status.st_mode) else 0
    except (OSError, ValueError):
        return 0
