"""Files mapped as arrays, so that their pages are read from disk only when used."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError

Array = NDArray[Any]


class CutShort(RnnError):
    """Another program has cut a mapped file short."""


class MappedFile(mmap.mmap):
    """A mapped file, and its path when it was mapped."""

    path: Path


def map_file(path: Path, dtype: np.dtype[Any]) -> Array:
    """Return a file as a read-only array. Raise OSError, or ValueError if the file's size is not a multiple
    of the type's."""
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        return np.empty(0, dtype)
    with open(path, "rb") as file:
        mapped = MappedFile(file.fileno(), 0, access=mmap.ACCESS_READ)
    mapped.path = path
    return np.frombuffer(mapped, dtype)


def release(array: Array) -> None:
    """Release the pages of a mapped array that were read; otherwise they count as this process's memory until
    it ends. They stay in the system's cache. Do nothing to an array that is not mapped."""
    mapped = _file_of(array)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def check_whole(array: Array) -> None:
    """Raise CutShort if the file of a mapped array has become shorter since it was mapped: reading beyond its
    end would kill the process (SIGBUS)."""
    mapped = _file_of(array)
    if mapped is not None and mapped.size() < len(mapped):
        what = "another program has cut it short while it was read"
        raise CutShort(f"{mapped.path}: {what}: start again, or go on with --resume (the text is read again)")


def _file_of(array: Array) -> MappedFile | None:
    base = array.base
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    return base if isinstance(base, MappedFile) else None
