"""The lock that allows only one run at a time on a model."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.locking import has_locks, take
from rnn_cli.runs.paths import lock_path


@contextmanager
def locked(model: Path) -> Iterator[None]:
    """Keep other runs from writing this model. Raises RnnError, naming the process, if another run is writing
    it, and naming the user, if another user's lock file cannot be opened.

    The system releases the lock however the process ends: a lock file left behind by a killed run does no
    harm. On a file system without locks nothing is locked.
    """
    if not has_locks():
        yield
        return
    path = lock_path(model)
    descriptor = _take(model, path)
    try:
        yield
    finally:
        _give_up(path, descriptor)


def _take(model: Path, path: Path) -> int:
    """Return the descriptor that holds the lock while it is open; child processes do not inherit it."""
    while True:
        descriptor = _open(model, path)
        try:
            if not take(descriptor):
                holder = os.read(descriptor, 20).decode(errors="replace") or "of unknown number"
                raise RnnError(
                    f"{model}: another run, process {holder}, is writing it: wait for it or stop it, "
                    "or name another file with --model"
                )
            if _is_at(path, descriptor):
                with suppress(OSError):  # disk full, or another user's file: then it lacks our number
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, b"%d" % os.getpid())
                return descriptor
        except BaseException:
            _give_up(path, descriptor)
            raise
        os.close(descriptor)


def _open(model: Path, path: Path) -> int:
    """Open the lock file; another user's file for reading, which is enough to lock it. Raises RnnError."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError as error:
        with suppress(OSError):
            return os.open(path, os.O_RDONLY)
        try:
            owner = path.owner()
        except (OSError, KeyError, RuntimeError):  # it is gone, or its user has no name
            owner = "another user"
        raise RnnError(
            f"{model}: the lock file {path} belongs to {owner} and cannot be opened ({error.strerror}): "
            "if none of their runs uses the model, delete it, or name another file with --model"
        ) from error


def _give_up(path: Path, descriptor: int) -> None:
    """Delete the lock file if we hold its lock."""
    with suppress(OSError):
        if take(descriptor) and _is_at(path, descriptor):
            path.unlink()
    os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether the descriptor is still the file at `path`: a run that ends deletes its lock file."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
