"""A text as ids on disk: written as it is read, in one pass, and mapped into memory to be used. So a text
may be as long as the disk allows.

A stored text is a folder: the arrays of a Corpus as they lie in memory, one file each, and header.json,
which tells their types, what the ids stand for, and a hash of each file and of itself.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli.text.store.corpus import NARROW, WIDE, Corpus, Lines, Numbering, Text
from rnn_cli.text.store.cutting import Cut
from rnn_cli.text.store.mapping import map_file

HEADER = "header.json"
SEAL = "header_sha256"
ARRAYS = ("ids", "starts", "characters")
NUMBERS = np.dtype("<i8")
COPIED = 1 << 22  # bytes at a time


class Damaged(Exception):
    """A stored text is not what was written."""


def store(folder: Path, cuts: Iterable[Cut], about: dict[str, Any]) -> None:
    """Write a text into a folder that is there and empty. `about` goes into its header.

    Raises OSError.
    """
    numbering, lines = Numbering(), Lines()
    dtype: np.dtype[Any] = NARROW
    with (
        open(folder / "ids", "w+b") as ids_file,
        open(folder / "starts", "wb") as starts_file,
        open(folder / "characters", "wb") as characters_file,
    ):
        starts_file.write(np.zeros(1, NUMBERS).tobytes())
        for cut in cuts:
            ids = numbering.ids(cut)
            if ids.dtype != dtype:
                _widen(ids_file)
                dtype = ids.dtype
            ids_file.write(ids.data)
            starts, characters = lines.ended(cut, ids)
            starts_file.write(starts.astype(NUMBERS).data)
            characters_file.write(characters.astype(NUMBERS).data)
    header = about | {
        "dtypes": {"ids": dtype.str, "starts": NUMBERS.str, "characters": NUMBERS.str},
        "types": numbering.types,
        "counts": numbering.counts.tolist(),
        "characters": lines.characters,
        "longest": lines.longest,
        "sha256": {name: _hash(folder / name) for name in ARRAYS},
    }
    (folder / HEADER).write_text(json.dumps(header | {SEAL: _seal(header)}), "ascii")


def _widen(file: Any) -> None:
    """Write ids of two bytes anew as ids of four, from the end, so that none is lost before it is read."""
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
    """What a stored text says of itself. Raises Damaged, OSError."""
    try:
        header = json.loads((folder / HEADER).read_bytes())
    except FileNotFoundError as error:
        raise Damaged(f"{HEADER} is missing") from error
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{HEADER} is not JSON") from error
    if not isinstance(header, dict) or header.pop(SEAL, None) != _seal(header):
        raise Damaged(f"{HEADER} is not what was written")
    return header


def _seal(header: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(header).encode()).hexdigest()


def load(folder: Path) -> Text:
    """The text of a folder, its arrays mapped, not read. Raises Damaged, OSError."""
    header = read_header(folder)
    try:
        if header["sha256"] != {name: _hash(folder / name) for name in ARRAYS}:
            raise Damaged("its content is not what was written")
        corpus = Corpus(*(map_file(folder / name, np.dtype(header["dtypes"][name])) for name in ARRAYS))
        counts, types = np.array(header["counts"], np.int64), tuple(header["types"])
        fingerprint = hashlib.sha256(json.dumps([header["sha256"], types]).encode()).hexdigest()
        return Text(corpus, types, counts, header["characters"], header["longest"], fingerprint)
    except FileNotFoundError as error:
        raise Damaged(f"{Path(error.filename).name} is missing") from error
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{HEADER} lacks or mistakes {error}") from error


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
