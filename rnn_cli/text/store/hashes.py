"""Hashes of files. Those of large ones are remembered: a text of a terabyte would be read for 20 minutes at
each start.

A hash is remembered with the size, the time of the last change and the number of its file. It holds while
these are the same. A file that was changed just now is hashed again: its time may not show a second change.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

LARGE = 1 << 28  # bytes from which on a hash is remembered
SETTLED = 2.0  # seconds since the last change of a file

Stamp = list[int]


def sha256(path: Path, memory: Path | None = None) -> str:
    """Return the hash of a file's bytes. Raises OSError.

    memory: the file that it is remembered in; None: it is not.
    """
    stamp = _stamp(path)
    if memory is None or stamp[0] < LARGE:
        return _hash(path)
    said = {"path": os.path.abspath(path), "stamp": stamp}
    if known := _known(memory, said):
        return known
    found = _hash(path)
    if _stamp(path) == stamp and time.time() - stamp[1] / 1e9 > SETTLED:
        with suppress(OSError):  # it need not be remembered
            memory.write_text(json.dumps(said | {"sha256": found}))
    return found


def memory_of(path: Path, folder: Path) -> Path:
    """Return the file in a folder that remembers a file's hash."""
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()
    return folder / f"hash-{name}.json"


def _known(memory: Path, said: Mapping[str, object]) -> str | None:
    """Return the hash that is remembered for what is said of a file; None where another was or none."""
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
