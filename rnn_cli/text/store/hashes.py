"""Hashes of files. Hashes of large files are remembered: reading a text of a terabyte at each start would
take 20 minutes.

A hash is remembered with its file's size, time of last change and inode number. It is valid while these stay
the same. The hash of a file that has just changed is not remembered: its time may not show a second change.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

LARGE = 1 << 28  # bytes: hashes of files of at least this size are remembered
SETTLED = 2.0  # seconds that must have passed since the last change of a file

Stamp = list[int]


def sha256(path: Path, memory: Path | None = None) -> str:
    """Return the hash of a file's bytes. Raises OSError.

    memory: the file in which the hash is remembered; None: it is not remembered.
    """
    stamp = _stamp(path)
    if memory is None or stamp[0] < LARGE:
        return _hash(path)
    said = {"path": os.path.abspath(path), "stamp": stamp}
    if known := _known(memory, said):
        return known
    found = _hash(path)
    if _stamp(path) == stamp and time.time() - stamp[1] / 1e9 > SETTLED:
        with suppress(OSError):  # remembering is optional
            memory.write_text(json.dumps(said | {"sha256": found}))
    return found


def memory_of(path: Path, folder: Path) -> Path:
    """Return the path, in `folder`, of the file that remembers the hash of the file `path`."""
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()
    return folder / f"hash-{name}.json"


def _known(memory: Path, said: Mapping[str, object]) -> str | None:
    """Return the hash remembered for a file with this path and stamp; None if there is none."""
    with suppress(OSError, ValueError, AttributeError):
        there = json.loads(memory.read_bytes())
        found = there.get("sha256")
        if isinstance(found, str) and there == {**said, "sha256": found}:
            return found
    return None


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]
