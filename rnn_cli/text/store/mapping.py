"""Files as arrays, in pages that are read when they are looked at."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def map_file(path: Path, dtype: np.dtype[Any]) -> Array:
    """The file as an array that cannot be written. Raises OSError, or ValueError for a size that is odd."""
    if path.stat().st_size == 0:  # which cannot be mapped
        return np.empty(0, dtype)
    with open(path, "rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), dtype)


def release(array: Array) -> None:
    """Let go of the pages of a mapped array that were looked at: they would be counted as this process's
    memory until it ends. They stay in the system's cache. Any other array stays as it is."""
    base = array.base
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
