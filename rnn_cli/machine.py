"""What this machine offers: cores, memory, and the threads of its matrix products."""

import os
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

MEMORY_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
CORES_OF_GROUP = Path("/sys/fs/cgroup/cpu.max")
USUAL_RESIDENT = 60 << 20  # bytes of this process with NumPy, where the system does not say


def available_threads() -> int:
    """Return the number of cores that this process may use: by its affinity, and by the quota of its
    control group (version 2), of which only whole cores count."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CORES_OF_GROUP.read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or "max"
        return cores


def blas_threads(count: int | None) -> AbstractContextManager[Any]:
    """Return a context in which a matrix product uses at most `count` threads; None leaves it as it is."""
    return _libraries().limit(limits=count, user_api="blas")


@cache  # to search the loaded libraries takes half a millisecond, longer than a step of sampling
def _libraries() -> ThreadpoolController:
    """Return the libraries that compute matrix products. NumPy is to be imported before the first call."""
    return ThreadpoolController()


def resident_memory() -> int:
    """Return the bytes of memory that this process takes now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):  # not Linux
        return USUAL_RESIDENT
    return pages * os.sysconf("SC_PAGE_SIZE")


def total_memory() -> int | None:
    """Return the bytes of memory of this machine, or of the control group of this process if that has fewer;
    None where the system does not say."""
    found = []
    if hasattr(os, "sysconf"):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):  # no control group, or "max"
        found.append(int(MEMORY_OF_GROUP.read_text()))
    return min(found, default=None)
