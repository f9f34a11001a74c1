"""Locks on open files. The system releases them when the process that holds them ends, however it ends.

Windows and some file systems have no such locks: there, no process is kept out.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PATIENCE = 1.0  # seconds to wait for a lock that others hold for milliseconds
PAUSE = 0.005  # seconds between two tries


def has_locks() -> bool:
    """Return whether this system has locks."""
    return fcntl is not None


def take(descriptor: int) -> bool:
    """Lock an open file and return True, or return False at once if another process holds the lock.
    Return True where there are no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


@contextmanager
def held(descriptor: int) -> Iterator[None]:
    """Hold the lock on an open file. Wait for it up to PATIENCE seconds, then continue without it, so that
    nobody can stop a run by holding a lock."""
    end = time.monotonic() + PATIENCE
    while not (is_ours := take(descriptor)) and time.monotonic() < end:
        time.sleep(PAUSE)
    try:
        yield
    finally:
        if is_ours and fcntl is not None:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
