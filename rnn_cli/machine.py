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

# Multiplications of a matrix product from which BLAS's threads pay. With a core each, two threads gain up to
# 1.9 times from 10 million on. Where something else runs on a core they wait for each other: products of 3 to
# 500 million took 2 to 30 times as long as with one thread; only those of billions did not.
WORTH_CORES_OF_ITS_OWN = 1e7
WORTH_SHARED_CORES = 2e9


def available_threads() -> int:
    """Return the number of cores that this process may use: by its affinity, and by the quota of its
    control group (version 2), of which only whole cores count."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CORES_OF_GROUP.read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or "max"
        return cores


def product_threads(multiplications: float, threads: int | None = None) -> int:
    """Return how many threads to compute matrix products of a size with: 1 for small ones.

    multiplications: of one product, B · k · d for (B, d) by (d, k).
    threads: the cores that the user gave the command, which count as idle; None: those that this process may
        use, which count as shared with other work.
    """
    if threads is None:
        return available_threads() if multiplications >= WORTH_SHARED_CORES else 1
    return threads if multiplications >= WORTH_CORES_OF_ITS_OWN else 1


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
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):  # not Linux
        return USUAL_RESIDENT


def total_memory() -> int | None:
    """Return the bytes of memory of this machine, or of the control group of this process if that has fewer;
    None where the system does not say."""
    found = []
    with suppress(OSError, ValueError, AttributeError):  # a system that does not say
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):  # no control group, or "max"
        found.append(int(MEMORY_OF_GROUP.read_text()))
    return min(found, default=None)
