"""Dividing a text into shares of about equal size: whole files, and stretches that end with a line."""

import codecs
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from rnn_cli.text.decoding import BYTE_ORDER_MARKS, WIDE

SCANNED = 1 << 16  # bytes that are searched for a line end at once
MARK = max(map(len, BYTE_ORDER_MARKS))
UNSAFE = (
    "utf-7",
    "hz",
    "iso2022",
    *WIDE,
)  # encodings in which the byte of a line end may have another meaning

Place = Callable[[int, int], int]  # (number of a file, place in it) -> place where it may be divided


def share_of(sizes: Sequence[int], number: int, count: int, place: Place) -> list[tuple[int, int, int]]:
    """Return share `number` of `count` of some files, as (number of a file, begin, end); no stretch is empty.

    sizes: of the files, in bytes. place: maps a place in a file to one where the file may be divided; it must
    not decrease as the place increases.
    """
    starts = [0, *accumulate(sizes)]

    def bound(k: int) -> int:
        wanted = starts[-1] * k // count
        for file, (start, size) in enumerate(zip(starts, sizes, strict=False)):
            if start < wanted < start + size:
                return start + place(file, wanted - start)
        return wanted

    first, last = bound(number), bound(number + 1)
    stretches = [
        (file, max(first - start, 0), min(last - start, size))
        for file, (start, size) in enumerate(zip(starts, sizes, strict=False))
    ]
    return [(file, begin, end) for file, begin, end in stretches if begin < end]


def is_partable(path: Path, encoding: str | None) -> bool:
    """Return whether the byte of a line end always ends a line in a file. Raises OSError."""
    if encoding is not None:
        name = codecs.lookup(encoding).name
        return not name.startswith(UNSAFE) and b"\n".decode(encoding) == "\n"
    with open(path, "rb") as file:
        head = file.read(MARK)
    marked = next((marked for mark, marked in BYTE_ORDER_MARKS.items() if head.startswith(mark)), "utf-8")
    return not marked.startswith(WIDE)


def after_line_end(path: Path, place: int) -> int:
    """Return the first place in a file, at or after `place`, that follows a line end, or the end of the file.
    Raises OSError."""
    with open(path, "rb") as file:
        file.seek(place - 1)
        while block := file.read(SCANNED):
            found = block.find(b"\n")
            if found >= 0:
                return file.tell() - len(block) + found + 1
        return file.tell()
