"""Files as arrays, whose pages are read from disk when they are used."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def map_file(path: Path, dtype: np.dtype[Any]) -> Array:
    """Return a file as a read-only array. Raise OSError, or ValueError for a size that is no multiple of the
    type's."""
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        return np.empty(0, dtype)
    with open(path, "rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), dtype)


def release(array: Array) -> None:
    """Release the pages of a mapped array that were read: otherwise they would count as this process's memory
    until it ends. They stay in the system's cache. An array that is not mapped is left as it is."""
    base = array.base
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
