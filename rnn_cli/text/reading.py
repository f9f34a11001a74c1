"""Bytes to lines.

A line ends at \\n, \\r\\n or \\r and nowhere else (not at U+2028, not at \\x0b); a missing last line
end adds nothing. A byte order mark names its encoding and is dropped. Nothing is ever replaced:
bytes that do not decode raise an error that names the line, the byte and the likely encoding.
"""

import codecs
import hashlib
import io
import os
import re
import shutil
import stat
import string
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rnn_cli.errors import RnnError

BLOCK_BYTES = 1 << 20
LONGEST = 1 << 20  # characters of a line that are held together
SAMPLE_BYTES = 4096  # looked at to guess an encoding
NEWLINE = b"\n"
HALVES = re.compile("[\ud800-\udfff]")
BYTE_ORDER_MARKS = {  # of UTF-32 first, as it begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
GUESSES = ("gb18030", "big5", "utf-16-le", "utf-16-be", "cp1252")
# Frequent in any text of their script, rare in text decoded wrongly.
FREQUENT = frozenset(
    string.ascii_letters + string.digits + " \n,.'，。、：？！的一是不了在人有我他這这個个們们中來来上大為为"
    "和國国地到以說说時时要就出會会可也你對对生能而子那得於着著下自之年過过發发後后作里用道行所然家種种事成方多經经麼么去法"
)


def read_lines(paths: Iterable[str], encoding: str | None = None) -> Iterator[str]:
    """The lines of several files, in order, as one text. The path `-` is standard input.

    encoding: a Python codec's name; None means the byte order mark's, else UTF-8.
    Raises RnnError for a file that is missing, unreadable, a directory, or not in that encoding.
    """
    for path in paths:
        name = display_name(path)
        try:
            with _open(path) as stream:
                yield from decode_lines(stream, name, encoding)
        except OSError as error:
            raise RnnError(f"{name}: {error.strerror or error}") from error


def text_files(paths: Iterable[str]) -> list[str]:
    """The paths, with the *.txt below each folder, in sorted order, in its place.

    Raises RnnError for a folder that holds none.
    """
    files = []
    for path in paths:
        if path in ("", "-") or not Path(path).is_dir():  # of "" Path makes this folder
            files.append(path)
            continue
        found = sorted(str(file) for file in Path(path).rglob("*.txt") if not file.is_dir())
        if not found:
            raise RnnError(f"{path}: is a folder without a *.txt file (name the text files in it)")
        files += found
    return files


class Stamp(NamedTuple):
    size: int  # bytes
    changed: int  # nanoseconds


@dataclass(frozen=True)
class Source:
    """A file of text that can be read more than once."""

    name: str  # in messages
    path: Path

    def stamp(self) -> Stamp:
        """Another one when the file has been written to. Raises RnnError."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise RnnError(f"{self.name}: {error.strerror or error}") from error
        return Stamp(status.st_size, status.st_mtime_ns)

    def sha256(self) -> str:
        """Of its bytes. Raises RnnError for a file that cannot be read."""
        try:
            with open(self.path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RnnError(f"{self.name}: {error.strerror or error}") from error

    def blocks(self, encoding: str | None, cuttable: Callable[[str], int]) -> Iterator[tuple[str, int]]:
        """Its text in blocks of whole lines, each ended by \n, with the bytes read so far.

        A line of more than LONGEST characters comes in several blocks, parted where `cuttable` says
        that a text may be (0: nowhere). Raises RnnError as `read_lines` does.
        """
        try:
            with open(self.path, "rb") as file:
                for text in _whole_lines(_decode_blocks(file, self.name, encoding), cuttable):
                    yield text, file.tell()
        except OSError as error:
            raise RnnError(f"{self.name}: {error.strerror or error}") from error


def _whole_lines(blocks: Iterable[str], cuttable: Callable[[str], int]) -> Iterator[str]:
    rest, ended = "", True
    for block in blocks:
        end = block.rfind("\n") + 1
        if end:
            yield rest + block[:end]
            rest, ended = block[end:], True
            continue
        rest += block
        place = cuttable(rest) if len(rest) > LONGEST else 0
        if place:
            yield rest[:place]
            rest, ended = rest[place:], False
    if rest or not ended:
        yield rest + "\n"


def spool(path: str, folder: Path) -> Source:
    """A text to be read more than once: the file itself or, of standard input or a pipe, which pass by
    once, a copy in a folder. Raises RnnError."""
    name = display_name(path)
    try:
        if path != "-" and stat.S_ISREG(mode := os.stat(path).st_mode):
            return Source(name, Path(path))
        if path != "-" and not stat.S_ISFIFO(mode):
            raise RnnError(f"{name}: neither a file nor a pipe")
        with _open(path) as stream, open(folder / f"spooled-{len(os.listdir(folder))}", "wb") as copy:
            shutil.copyfileobj(stream, copy, BLOCK_BYTES)
    except OSError as error:
        raise RnnError(f"{name}: {error.strerror or error}") from error
    return Source(name, Path(copy.name))


def display_name(path: str) -> str:
    """What a path is called in messages."""
    return "standard input" if path == "-" else path


def _open(path: str) -> BinaryIO:
    if path == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    if Path(path).is_dir():
        raise RnnError(f"{path}: is a directory (name the text files in it)")
    return open(path, "rb")


def decode_lines(stream: BinaryIO, name: str, encoding: str | None = None) -> Iterator[str]:
    """The lines of one stream of bytes; `name` stands for it in error messages."""
    pieces: list[str] = []  # of the line that no block has ended yet
    for text in _decode_blocks(stream, name, encoding):
        first, *rest = text.split("\n")
        pieces.append(first)
        for line in rest:
            yield "".join(pieces)
            pieces = [line]
    if any(pieces):
        yield "".join(pieces)


def _decode_blocks(stream: BinaryIO, name: str, encoding: str | None) -> Iterator[str]:
    """Blocks of text in which every line end is \\n."""
    block = stream.read(BLOCK_BYTES)
    line, column = 1, 0  # of the next byte, counting lines from 1 and bytes from 0
    for mark, marked in BYTE_ORDER_MARKS.items():
        if block.startswith(mark) and (encoding is None or marked.startswith(_plain(encoding))):
            block, encoding = block[len(mark) :] + stream.read(len(mark)), marked
            break
    if encoding is None and block.count(0) > max(1, len(block) // 10):
        head = block[: block.index(0)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        place = f"{name}: line {head.count(NEWLINE) + 1}, byte {len(head) - head.rfind(NEWLINE)}"
        raise RnnError(f"{place}: not text in UTF-8 ({_guess(block)})")
    encoding = encoding or "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    newlines = io.IncrementalNewlineDecoder(None, translate=True)  # mends a \r\n cut by a block's end
    while True:
        try:
            text = newlines.decode(decoder.decode(block, final=not block), final=not block)
        except UnicodeDecodeError as error:
            good = newlines.decode(error.object[: error.start].decode(encoding), final=True)
            line, column = _advance(line, column, good, encoding)
            place = f"{name}: line {line}, byte {column + 1}"
            raise RnnError(f"{place}: not {encoding.upper()} ({_look(error)})") from error
        except UnicodeError as error:  # of utf-16 and utf-32, which need a mark
            raise RnnError(f"{name}: line 1, byte 1: no byte order mark ({_guess(block)})") from error
        if encoding != "utf-8" and (half := HALVES.search(text)):
            line, column = _advance(line, column, text[: half.start()], encoding)
            raise RnnError(
                f"{name}: line {line}, byte {column + 1}: half a surrogate pair, which is no character"
            )
        line, column = _advance(line, column, text, encoding)
        yield text
        if not block:
            return
        block = stream.read(BLOCK_BYTES)


def _plain(encoding: str) -> str:
    """A codec's name as Python's tables have it, without a wish for a byte order mark."""
    return codecs.lookup(encoding).name.removesuffix("-sig")


def _advance(line: int, column: int, text: str, encoding: str) -> tuple[int, int]:
    """Where the next byte stands after `text`."""
    _, ended, tail = text.rpartition("\n")
    return line + text.count("\n"), len(tail.encode(encoding)) + (0 if ended else column)


def _look(error: UnicodeDecodeError) -> str:
    """What the bytes that do not decode look like, and what to do about it."""
    if error.reason == "unexpected end of data":
        return "it ends in the middle of a character"
    line = error.object.rfind(b"\n", 0, error.start) + 1
    return _guess(error.object[max(line, error.start - SAMPLE_BYTES // 2) :])


def _guess(sample: bytes) -> str:
    """What the bytes look like, and what to do about it."""
    scores = {}
    for encoding in GUESSES:
        try:
            text = codecs.getincrementaldecoder(encoding)("strict").decode(sample[:SAMPLE_BYTES])
        except UnicodeDecodeError:
            continue
        if text and all(c.isprintable() or c.isspace() for c in text):
            scores[encoding] = sum(c in FREQUENT for c in text) / len(text)
    if not scores:
        return "looks like binary data; --encoding NAME reads other encodings"
    best = max(scores, key=scores.__getitem__)
    return f"looks like {best.upper()}: try --encoding {best}"
