"""A text as ids on disk: written in one pass as it is read, and mapped into memory when it is used, so that
its length is limited only by the disk.

A stored text is a folder with the arrays of a Corpus in their memory layout, one file each, and header.json:
the types of the arrays, what the ids stand for, and the hashes of each file and of the header itself.
"""

import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from rnn_cli import storage
from rnn_cli.text.store.corpus import Corpus, Text
from rnn_cli.text.store.cutting import Cut
from rnn_cli.text.store.hashes import sha256
from rnn_cli.text.store.mapping import map_file
from rnn_cli.text.store.numbering import NARROW, NUMBERS, WIDE, LineEnds, Numbering, Numbers

HEADER = "header.json"
ARRAYS = ("ids", "starts", "characters")
HASH = ".hash"  # suffix of the file that remembers the hash of a large array
COPIED = 1 << 22  # bytes that are rewritten at once


class Damaged(Exception):
    """A stored text differs from what was written."""


class Writer:
    """Writes a text, cut by cut, into an existing empty folder.

        with Writer(folder, about) as writer:
            for cut in cuts:
                writer.add(cut)

    The header is written at the end, and only if nothing was raised: without it the folder is no stored text.

    about: further entries of the header, as JSON.

    Any method may raise OSError.
    """

    def __init__(self, folder: Path, about: dict[str, Any]):
        self._folder, self._about = folder, about
        self._numbering, self._ends = Numbering(), LineEnds()
        self._dtype: np.dtype[Any] = NARROW
        with ExitStack() as stack:
            self._ids, self._starts, self._characters = (
                stack.enter_context(open(folder / name, "w+b")) for name in ARRAYS
            )
            self._starts.write(np.zeros(1, NUMBERS).tobytes())
            self._files = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def add(self, cut: Cut) -> None:
        """Write the next cut of the text."""
        ids = self._numbering.ids(cut)
        if ids.dtype != self._dtype:
            _widen(self._ids)
            self._dtype = ids.dtype
        self._ids.write(ids.data)
        starts, characters = self._ends.add(cut, ids)
        self._starts.write(starts.astype(NUMBERS).data)
        self._characters.write(characters.astype(NUMBERS).data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._files.close()
        if kind is None:
            self._write_header()

    def _write_header(self) -> None:
        counted = self._numbering.types, self._numbering.counts
        lines = self._ends.characters, self._ends.longest
        write_header(self._folder, self._about, self._dtype, counted, lines)


def write_header(
    folder: Path,
    about: dict[str, Any],
    dtype: np.dtype[Any],
    counted: tuple[tuple[str, ...], Numbers],
    lines: tuple[int, int],
) -> None:
    """Write the header of a text after its arrays: this makes the folder a stored text.

    dtype: of the ids. counted: types, and how often each id occurs. lines: their total characters, and the
    targets of the longest line. Raises OSError.
    """
    types, counts = counted
    characters, longest = lines
    header = about | {
        "dtypes": {"ids": dtype.str, "starts": NUMBERS.str, "characters": NUMBERS.str},
        "types": types,
        "counts": counts.tolist(),
        "characters": characters,
        "longest": longest,
        "sha256": {name: sha256(folder / name) for name in ARRAYS},
    }
    (folder / HEADER).write_bytes(storage.sealed(header))


def _widen(file: BinaryIO) -> None:
    """Rewrite ids of two bytes as ids of four, from the end: each is read before it is overwritten."""
    end = file.tell()
    while end:
        begin = max(0, end - COPIED)
        file.seek(begin)
        ids = np.frombuffer(file.read(end - begin), NARROW)
        file.seek(2 * begin)
        file.write(ids.astype(WIDE).data)
        end = begin
    file.seek(0, 2)


def read_header(folder: Path) -> dict[str, Any]:
    """Return the header of a stored text. Raise Damaged or OSError."""
    try:
        header, is_own = storage.unsealed((folder / HEADER).read_bytes())
    except FileNotFoundError as error:
        raise Damaged(f"{HEADER} is missing") from error
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{HEADER} is not JSON") from error
    if not is_own:
        raise Damaged(f"{HEADER} is not what was written")
    return header


def load(folder: Path) -> Text:
    """Return the text in a folder, with its arrays mapped, not read. Raise Damaged or OSError."""
    header = read_header(folder)
    try:
        if header["sha256"] != {name: sha256(folder / name, folder / f"{name}{HASH}") for name in ARRAYS}:
            raise Damaged("its content is not what was written")
        corpus = Corpus(*(map_file(folder / name, np.dtype(header["dtypes"][name])) for name in ARRAYS))
        counts, types = np.array(header["counts"], np.int64), tuple(header["types"])
        fingerprint = hashlib.sha256(json.dumps([header["sha256"], types]).encode()).hexdigest()
        return Text(corpus, types, counts, header["characters"], header["longest"], fingerprint)
    except FileNotFoundError as error:
        raise Damaged(f"{Path(error.filename).name} is missing") from error
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{HEADER} has no usable value for {error}") from error
