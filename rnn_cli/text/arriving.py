"""A text as it arrives: in blocks, as soon as there is something to read.

A pipe or a terminal is read as far as it has come, so that what is made of its lines can come out before the
next ones are in. Bytes that do not decode may be marked, so that the lines around them can be used.
"""

import codecs
import io
import os
import re
import select
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.text.decoding import BLOCK_BYTES, decode_blocks
from rnn_cli.text.reading import display_name

MARKED = "rnn marks"  # the name of the handler of errors
UNDECODED = "\udcff"  # stands for bytes that do not decode: half a surrogate pair, which no text holds
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
    """Yield the text of several files as one, in blocks that end anywhere; each file ends its last line.

    mark_undecoded: whether UNDECODED, or another half of a surrogate pair, stands where bytes do not decode.

    Raises RnnError as `read_lines` does.
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


def arrives_slowly(path: str) -> bool:
    """Return whether a path is a terminal or a pipe, whose lines may come one by one."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode if path == "-" else os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _opened(path: str, stack: ExitStack) -> "Arriving":
    if path != "-" and Path(path).is_dir():
        raise RnnError(f"{path}: is a directory (name the text files in it)")
    return Arriving(
        stack.enter_context(open(sys.stdin.fileno() if path == "-" else path, "rb", 0, closefd=path != "-"))
    )


class Arriving:
    """A stream of bytes whose `read` waits for the first bytes only: it returns what has come."""

    def __init__(self, raw: io.FileIO):
        self._raw = raw
        self._is_first = True

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        """Return up to `size` bytes; none at the end of the stream."""
        least, self._is_first = (LONGEST_MARK if self._is_first else 1), False
        blocks: list[bytes] = []
        count = 0
        while count < size and (count < least or self._has_more()):
            block = self._raw.read(size - count)
            if not block:
                break
            blocks.append(block)
            count += len(block)
        return b"".join(blocks)

    def _has_more(self) -> bool:
        """Return whether there is something to read without waiting, where the system says so."""
        try:
            return bool(select.select([self._raw], [], [], 0)[0])
        except (OSError, ValueError):  # Windows knows it of sockets only
            return False
