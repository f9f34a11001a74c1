"""The resources of this machine: cores, memory, and threads for matrix products."""

import os
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

MEMORY_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
CORES_OF_GROUP = Path("/sys/fs/cgroup/cpu.max")
USUAL_RESIDENT = 60 << 20  # bytes of this process with NumPy, used where the system does not report them

# The number of multiplications in a matrix product from which BLAS threads pay off. Two threads with a core
# each are up to 1.9 times as fast from 10 million on. When other work runs on one of the cores, the threads
# wait for each other: products of 3 to 500 million took 2 to 30 times as long as with one thread; only
# products of billions did not.
WORTH_CORES_OF_ITS_OWN = 1e7
WORTH_SHARED_CORES = 2e9


def available_threads() -> int:
    """Return the number of cores that this process may use, by its affinity and by the quota of its control
    group (version 2), rounded down to whole cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CORES_OF_GROUP.read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or "max"
        return cores


def product_threads(multiplications: float, threads: int | None = None) -> int:
    """Return the number of threads to use for matrix products of a given size: 1 for small ones.

    multiplications: of one product, B · k · d for (B, d) by (d, k).
    threads: the cores that the user gave the command, assumed to be idle; None: the cores that this process
        may use, assumed to be shared with other work.
    """
    if threads is None:
        return available_threads() if multiplications >= WORTH_SHARED_CORES else 1
    return threads if multiplications >= WORTH_CORES_OF_ITS_OWN else 1


def blas_threads(count: int | None) -> AbstractContextManager[Any]:
    """Return a context in which a matrix product uses at most `count` threads; None sets no limit."""
    return _libraries().limit(limits=count, user_api="blas")


@cache  # searching the loaded libraries takes half a millisecond, longer than a step of sampling
def _libraries() -> ThreadpoolController:
    """Return the libraries that compute matrix products. NumPy must be imported before the first call."""
    return ThreadpoolController()


def resident_memory() -> int:
    """Return the bytes of memory that this process uses now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):  # not Linux
        return USUAL_RESIDENT


def total_memory() -> int | None:
    """Return the bytes of memory of this machine, or the limit of this process's control group if that is
    lower; None if the system does not report it."""
    found = []
    with suppress(OSError, ValueError, AttributeError):  # a system that does not report it
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):  # no control group, or "max"
        found.append(int(MEMORY_OF_GROUP.read_text()))
    return min(found, default=None)
