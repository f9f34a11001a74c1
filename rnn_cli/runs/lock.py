"""One run on a model at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.locking import has_locks, take
from rnn_cli.runs.paths import lock_path


@contextmanager
def locked(model: Path) -> Iterator[None]:
    """Keep other runs from writing this model. Raises RnnError, naming the process, where one is writing it,
    and naming the user, where another user's lock file is in the way.

    The system releases the lock when the process ends, however it ends: a lock file that a killed run
    left behind is no obstacle. A file system without locks has none.
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
    """Return the descriptor that holds the lock while it is open; other processes do not inherit it."""
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
                with suppress(OSError):  # a full disk, another user's file: then it is without our number
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, b"%d" % os.getpid())
                return descriptor
        except BaseException:
            _give_up(path, descriptor)
            raise
        os.close(descriptor)


def _open(model: Path, path: Path) -> int:
    """Open the lock file, or another user's to read, which is enough to lock it. Raises RnnError."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError as error:
        with suppress(OSError):
            return os.open(path, os.O_RDONLY)
        try:
            owner = path.owner()
        except (OSError, KeyError, RuntimeError):  # not there, or of a user without a name
            owner = "another user"
        raise RnnError(
            f"{model}: the lock file {path} is {owner}'s and cannot be opened ({error.strerror}): where no "
            f"run of theirs is on the model, delete it, or name another file with --model"
        ) from error


def _give_up(path: Path, descriptor: int) -> None:
    """Delete the lock file, if the lock on it is ours."""
    with suppress(OSError):
        if take(descriptor) and _is_at(path, descriptor):
            path.unlink()
    os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether the descriptor still is the file of that name: a run that ends deletes its own."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
