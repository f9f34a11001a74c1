"""Files that take the place of others: whole and on the disk, or not at all."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of the one at `path` when the block ends well.

    Atomic and durable: at every instant one of the two is there, whole. Raises OSError, or what the
    block raises, with the old file untouched and nothing left behind.
    """
    with replacing_together(path) as (file,):
        yield file


@contextmanager
def replacing_together(*paths: Path) -> Iterator[list[BufferedRandom]]:
    """As `replacing`, for files that belong together: none takes its place before all are on the disk, and
    each takes it before the next does."""
    temporary = [temporary_path(path) for path in paths]
    try:
        with ExitStack() as files:
            opened = [files.enter_context(open(name, "w+b")) for name in temporary]
            yield opened
            for file in opened:
                file.flush()
                os.fsync(file.fileno())
        for name, path in zip(temporary, paths, strict=True):
            os.replace(name, path)
            sync_folder(path.parent)
    finally:
        if temporary[0].exists():  # else the first has moved, and the others are wanted: see `finish_pair`
            for name in temporary:
                with suppress(OSError):
                    name.unlink()


def temporary_path(path: Path) -> Path:
    """Where the next content of `path` is written first: one name, so that what a killed run left is
    swept by the next save."""
    return path.with_name(f".{path.name}.rnn-tmp")


def sync_folder(folder: Path) -> None:
    """Make a renaming in a folder durable, on systems that let a folder be opened."""
    with suppress(PermissionError, IsADirectoryError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
