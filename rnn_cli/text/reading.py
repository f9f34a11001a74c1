"""Reading texts from files and pipes, as lines or as blocks of lines."""

import io
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rnn_cli.errors import RnnError
from rnn_cli.text import decoding
from rnn_cli.text.decoding import decode_blocks, decode_lines, refuse_binary
from rnn_cli.text.folders import find_texts
from rnn_cli.text.store.hashes import memory_of, sha256

Shape = Callable[[Iterator[str]], Iterator[str]]  # blocks that end anywhere -> other such blocks

LONGEST = 1 << 20  # the most characters of a line that are held in memory at once


def read_lines(paths: Iterable[str], encoding: str | None = None) -> Iterator[str]:
    """Yield the lines of several files, in order, as one text. The path `-` is standard input.

    encoding: the name of a Python codec; None: that of the byte order mark, or UTF-8.

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
    """Return the files that `find_texts` finds, without its list of what was left out, or raise RnnError."""
    return find_texts(paths).files


def normalize_lines(text: str) -> list[str]:
    """Return the lines of a string, by the same rules for line ends as in a file."""
    *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [*lines, rest] if rest else lines


class Stamp(NamedTuple):
    """The size and time of a file, which change when it is written to."""

    size: int  # bytes
    changed: int  # nanoseconds since the epoch


@dataclass(frozen=True)
class Source:
    """A text file that can be read more than once, or a stretch of one that ends with a line."""

    name: str  # its name in messages
    path: Path
    is_copy: bool = False  # a copy of standard input or a pipe, whose name says nothing about the format
    begin: int = 0  # bytes
    end: int | None = None  # bytes; None: the end of the file

    def stretch(self, begin: int, end: int) -> "Source":
        """Return a stretch of the file, in bytes; it must begin and end where a line does."""
        return replace(self, begin=begin, end=end)

    def size(self, stamp: Stamp) -> int:
        """Return its size in bytes. stamp: of the file."""
        return (stamp.size if self.end is None else self.end) - self.begin

    def stamp(self) -> Stamp:
        """Return the file's stamp. Raise RnnError for a file that is missing or unreadable."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise RnnError(f"{self.name}: {error.strerror or error}") from error
        return Stamp(status.st_size, status.st_mtime_ns)

    def sha256(self, memory: Path | None = None) -> str:
        """Return the hash of the file's bytes. Raise RnnError for a file that is missing or unreadable.

        memory: a folder that remembers the hashes of large files.
        """
        try:
            return sha256(self.path, memory and memory_of(self.path, memory))
        except OSError as error:
            raise RnnError(f"{self.name}: {error.strerror or error}") from error

    def blocks(
        self, encoding: str | None, cuttable: Callable[[str], int], shape: Shape = iter
    ) -> Iterator[tuple[str, int]]:
        """Yield its text in blocks of whole lines, each ended by \\n, and the number of bytes read so far.

        cuttable: returns where a line longer than LONGEST characters may be divided between two blocks (0:
            nowhere).
        shape: turns the decoded blocks into the text (columns.py, units.py).

        Raises RnnError as `read_lines` does.
        """
        try:
            with open(self.path, "rb") as file:
                for text in _whole_lines(shape(self._decoded(file, encoding)), cuttable):
                    yield text, file.tell() - self.begin
        except OSError as error:
            raise RnnError(f"{self.name}: {error.strerror or error}") from error

    def _decoded(self, file: BinaryIO, encoding: str | None) -> Iterator[str]:
        """Yield its text in blocks. After an error, read the file from its beginning: the message names the
        number of a line in the file."""
        file.seek(self.begin)
        stream = file if self.end is None else _Stretch(file, self.end)
        try:
            yield from decode_blocks(stream, self.name, encoding, inside=self.begin > 0)
        except RnnError:
            if self.begin:
                file.seek(0)
                for _ in decode_blocks(file, self.name, encoding):
                    pass
            raise


class _Stretch:
    """A file up to a given place."""

    def __init__(self, file: BinaryIO, end: int):
        self._file, self._end = file, end

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, self._end - self._file.tell()))


def _whole_lines(blocks: Iterable[str], cuttable: Callable[[str], int]) -> Iterator[str]:
    """Yield the text of `blocks`, which may end anywhere, in blocks that end as `Source.blocks` says."""
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


Spare = Callable[[OSError], Path]  # returns another folder when one has failed, or raises the error


def nowhere(error: OSError) -> Path:
    """Raise the error: there is no other folder."""
    raise error


def spool(
    path: str,
    folder: Path,
    encoding: str | None = None,
    spare: Spare = nowhere,
    reads_to_error: bool = False,
) -> Source:
    """Return a source for a path: the file itself, or a copy in `folder` of standard input or a pipe, which
    can be read only once. If the folder has no room, the copy moves to the spare folder.

    Input whose first block is not text is refused before more is read: a pipe may never end.
    reads_to_error: leave that error to the reader, who wants the lines before it; only the first block is
    copied then.

    Raises RnnError for anything but a file or a pipe, for input that is unreadable or not text, and if there
    is no room for a copy.
    """
    name = display_name(path)
    try:
        is_file = path != "-" and stat.S_ISREG(os.stat(path).st_mode)
        if not is_file and path != "-" and not stat.S_ISFIFO(os.stat(path).st_mode):
            raise RnnError(f"{name}: neither a file nor a pipe")
        with _open(path) as stream:
            head = stream.read(decoding.BLOCK_BYTES)
            try:
                refuse_binary(head, name, encoding)
            except RnnError:
                if not reads_to_error:
                    raise
                stream = io.BytesIO()
            return Source(name, Path(path)) if is_file else _copy(stream, head, name, folder, spare)
    except OSError as error:
        raise RnnError(f"{name}: {error.strerror or error}") from error


def _copy(stream: BinaryIO, head: bytes, name: str, folder: Path, spare: Spare) -> Source:
    """Copy a stream whose first block was read; return a source for the copy."""
    path = folder / f"spooled-{len(os.listdir(folder))}"
    for block in chain([b""], _blocks(stream, head, name)):  # b"": an empty stream is copied, too
        try:
            try:
                _append(path, block)
            except OSError as error:
                path = _moved(path, spare(error))
                _append(path, block)
        except OSError as error:
            what = f"a copy of {name} cannot be written there"
            way = "--cache-dir or TMPDIR names another folder"
            raise RnnError(f"{path.parent}: {error.strerror or error}: {what} ({way})") from error
    return Source(name, path, is_copy=True)


def _append(path: Path, block: bytes) -> None:
    """Append to a file, or create it. Raises OSError and then leaves the file as it was."""
    with open(path, "ab", buffering=0) as file:
        before, left = file.tell(), memoryview(block)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            file.truncate(before)
            raise


def _moved(path: Path, folder: Path) -> Path:
    """Move a file, which need not exist, to another folder; return its new path. Raises OSError."""
    target = folder / path.name
    if path.exists():
        shutil.copyfile(path, target)
        path.unlink()
    return target


def _blocks(stream: BinaryIO, head: bytes, name: str) -> Iterator[bytes]:
    """Yield the first block of a stream and then the rest. Raise RnnError if the rest cannot be read."""
    block = head
    while block:
        yield block
        try:
            block = stream.read(decoding.BLOCK_BYTES)
        except OSError as error:
            raise RnnError(f"{name}: {error.strerror or error}") from error


def display_name(path: str) -> str:
    """Return the name of a path in messages."""
    return "standard input" if path == "-" else path


def standard_input() -> int:
    """Return the file descriptor of standard input. Raise RnnError if it is closed (`<&-`)."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError) as error:
        raise RnnError("standard input is closed: name a file, or pipe a text in") from error


def _open(path: str) -> BinaryIO:
    """Open a file, or standard input for `-`. Raise OSError, or RnnError for a directory."""
    if path == "-":
        return open(standard_input(), "rb", closefd=False)
    if Path(path).is_dir():
        raise RnnError(f"{path}: is a directory (name the text files in it)")
    return open(path, "rb")
