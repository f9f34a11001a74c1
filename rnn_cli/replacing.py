"""Replacing files: the new content is on the disk as a whole, or the old one stays."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO

# What systems say of a folder that cannot be flushed: network and FUSE mounts, Windows, one that may be
# written in but not read.
UNABLE = {
    getattr(errno, name)
    for name in ("EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF", "EACCES", "EPERM", "EISDIR", "ENOTTY")
    if hasattr(errno, name)
}


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write, which replaces the one at `path` when the block ends well.

    Atomic and durable: at every instant one of the two is there, whole. A symbolic link stays, and the file
    behind it is replaced; a file that is replaced hands on its mode. Raises OSError, which names the file, or
    what the block raises; then the old file is untouched and nothing is left behind.
    """
    with replacing_together(path) as (file,):
        yield file


@contextmanager
def replacing_together(*paths: Path) -> Iterator[list[BufferedRandom]]:
    """Like `replacing`, for files that belong together: none replaces its old file before all are on the
    disk; then they do so in order."""
    targets = [behind_link(path) for path in paths]
    temporary = [temporary_path(path) for path in targets]
    try:
        with ExitStack() as files:
            opened = [files.enter_context(_new_file(name)) for name in temporary]
            yield opened
            for file, name, target in zip(opened, temporary, targets, strict=True):
                file.flush()
                _hand_on_mode(target, name)
                os.fsync(file.fileno())
        for name, target in zip(temporary, targets, strict=True):
            os.replace(name, target)
            sync_folder(target.parent)
    except OSError as error:
        if error.errno is not None:
            _name(error, dict(zip(map(str, temporary), map(str, paths), strict=True)))
        raise
    finally:
        if temporary[0].exists():  # else the first has moved, and `finish_pair` needs the others
            for name in temporary:
                with suppress(OSError):
                    name.unlink()


def _name(error: OSError, paths: dict[str, str]) -> None:
    """Let an error name the file that was to be written, and not its temporary name. paths: by that name."""
    named = "" if error.filename is None else str(error.filename)
    if not named:  # as where the disk is full
        named = next(iter(paths))
    error.filename = paths.get(named, named)


def behind_link(path: Path) -> Path:
    """Return the file that a symbolic link leads to, which need not exist; any other path as it is."""
    if path.is_symlink() and (path.is_file() or not path.exists()):
        return Path(os.path.realpath(path))
    return path


def temporary_path(path: Path) -> Path:
    """Return where the next content of `path` is written first: always the same name, so that the next save
    sweeps what a killed run left."""
    path = behind_link(path)
    return path.with_name(f".{path.name}.rnn-tmp")


def _new_file(path: Path) -> BufferedRandom:
    path.unlink(missing_ok=True)  # what a killed run left may be read-only
    return open(path, "x+b")


def _hand_on_mode(old: Path, new: Path) -> None:
    with suppress(OSError):  # no old file, or a file system without modes
        os.chmod(new, stat.S_IMODE(old.stat().st_mode))


def sync_folder(folder: Path) -> None:
    """Make a renaming in a folder durable, where the system can flush a folder. Raises OSError for an error
    of the disk."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in UNABLE:
            raise
