"""Replacing files: either all of the new content reaches the disk, or the old content stays."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO

# The errors that systems raise for a folder that cannot be flushed: on network and FUSE mounts, on Windows,
# and for a folder that is writable but not readable.
UNABLE = {
    getattr(errno, name)
    for name in ("EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF", "EACCES", "EPERM", "EISDIR", "ENOTTY")
    if hasattr(errno, name)
}


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write, which replaces the one at `path` when the block ends without an error.

    Atomic and durable: at every instant one of the two files exists in full. A symbolic link stays, and its
    target is replaced; the new file takes the mode of the old one. Raises OSError, which names the file, or
    whatever the block raises; then the old file is untouched and no temporary file remains.
    """
    with replacing_together(path) as (file,):
        yield file


@contextmanager
def replacing_together(*paths: Path) -> Iterator[list[BufferedRandom]]:
    """Like `replacing`, for files that belong together: once all new files are on the disk, they replace the
    old ones in order."""
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
        if temporary[0].exists():  # otherwise the first has been renamed, and `finish_pair` needs the others
            for name in temporary:
                with suppress(OSError):
                    name.unlink()


def _name(error: OSError, paths: dict[str, str]) -> None:
    """Make an error name the file to be written instead of its temporary file. paths: by temporary name."""
    named = "" if error.filename is None else str(error.filename)
    if not named:  # for example when the disk is full
        named = next(iter(paths))
    error.filename = paths.get(named, named)


def behind_link(path: Path) -> Path:
    """Return the target of a symbolic link to a file, which need not exist; any other path as it is."""
    if path.is_symlink() and (path.is_file() or not path.exists()):
        return Path(os.path.realpath(path))
    return path


def temporary_path(path: Path) -> Path:
    """Return the temporary file in which the new content of `path` is first written. The name is always the
    same, so the next save removes what a killed run left."""
    path = behind_link(path)
    return path.with_name(f".{path.name}.rnn-tmp")


def _new_file(path: Path) -> BufferedRandom:
    path.unlink(missing_ok=True)  # what a killed run left may be read-only
    return open(path, "x+b")


def _hand_on_mode(old: Path, new: Path) -> None:
    with suppress(OSError):  # no old file, or a file system without modes
        os.chmod(new, stat.S_IMODE(old.stat().st_mode))


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder durable, if the system can flush folders. Raises OSError for a disk error."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in UNABLE:
            raise
