"""One run on a model at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.runs.paths import lock_path

try:
    import fcntl
except ImportError:  # Windows, where there is no lock
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(model: Path) -> Iterator[None]:
    """Keep other runs from writing this model. Raises RnnError, naming the process, where one is writing it.

    The system releases the lock when the process ends, however it ends: a lock file that a killed run
    left behind is no obstacle. A file system without locks has none.
    """
    if fcntl is None:
        yield
        return
    path = lock_path(model)
    descriptor = _take(model, path)
    try:
        yield
    finally:
        _give_up(path, descriptor)


def _take(model: Path, path: Path) -> int:
    """Return the descriptor that holds the lock while it is open; other processes do not inherit it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _is_locked(descriptor):
                holder = os.pread(descriptor, 20, 0).decode(errors="replace") or "of unknown number"
                raise RnnError(
                    f"{model}: another run, process {holder}, is writing it: wait for it or stop it, "
                    "or name another file with --model"
                )
            if _is_at(path, descriptor):
                os.ftruncate(descriptor, 0)
                with suppress(OSError):  # a full disk: then it is without a number
                    os.write(descriptor, b"%d" % os.getpid())
                return descriptor
        except BaseException:
            _give_up(path, descriptor)
            raise
        os.close(descriptor)


def _give_up(path: Path, descriptor: int) -> None:
    """Delete the lock file, if the lock on it is ours."""
    with suppress(OSError):
        if _is_locked(descriptor) and _is_at(path, descriptor):
            path.unlink()
    os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether the descriptor still is the file of that name: a run that ends deletes its own."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _is_locked(descriptor: int) -> bool:
    """Lock a file and return True, unless another process holds the lock. A file system without locks counts
    as locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
