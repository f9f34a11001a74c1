"""Replacing files: the new content is on the disk as a whole, or the old one stays."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write, which replaces the one at `path` when the block ends well.

    Atomic and durable: at every instant one of the two is there, whole. Raises OSError, or what the
    block raises; then the old file is untouched and nothing is left behind.
    """
    with replacing_together(path) as (file,):
        yield file


@contextmanager
def replacing_together(*paths: Path) -> Iterator[list[BufferedRandom]]:
    """Like `replacing`, for files that belong together: none replaces its old file before all are on the
    disk; then they do so in order."""
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
        if temporary[0].exists():  # else the first has moved, and `finish_pair` needs the others
            for name in temporary:
                with suppress(OSError):
                    name.unlink()


def temporary_path(path: Path) -> Path:
    """Return where the next content of `path` is written first: always the same name, so that the next save
    sweeps what a killed run left."""
    return path.with_name(f".{path.name}.rnn-tmp")


def sync_folder(folder: Path) -> None:
    """Make a renaming in a folder durable, on systems that can open a folder."""
    with suppress(PermissionError, IsADirectoryError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
