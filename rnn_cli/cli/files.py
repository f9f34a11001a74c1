"""The files that a command writes: refused before any work where that would lose something."""

import json
from collections.abc import Iterable
from pathlib import Path

from rnn_cli import storage
from rnn_cli.cli.console import UsageError
from rnn_cli.errors import RnnError


def refuse_overwriting(path: Path, inputs: Iterable[str | Path], force: bool, flag: str) -> None:
    """Raises UsageError for an output that is an input, or that is there already, unless forced."""
    for other in map(Path, inputs):
        if path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other)):
            raise UsageError(f"{flag} {path} is also read or written here: name another file")
    if path.is_file() and not force:
        raise UsageError(f"{path} is there already: name another file with {flag}, or --force")


def refuse_replacing_a_stranger(path: Path) -> None:
    """Raises RnnError for a file that --force would replace though rnn did not write it."""
    if path.is_file() and not storage.is_ours(path):
        raise RnnError(f"{path}: is there already, and no file of rnn: name another, or delete it")


def refuse_adding_to_a_stranger(path: Path) -> None:
    """Raises RnnError for a file to add log lines to that does not begin with one."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    with open(path, "rb") as file:
        first = file.readline(1 << 20)
    try:
        is_log = "event" in json.loads(first)
    except (ValueError, TypeError, RecursionError):
        is_log = False
    if not is_log:
        raise RnnError(f"{path}: is there already, and no log of rnn: name another file with --log")


def try_writing(path: Path) -> None:
    """Find out now whether `path` can be written. Raises RnnError with the reason."""
    if path.is_dir():
        raise RnnError(f"{path}: is a directory (name a file in it)")
    if not path.parent.is_dir():
        raise RnnError(f"{path}: there is no folder {path.parent} (mkdir makes it)")
    temporary = storage.temporary_path(path)
    try:
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise RnnError(f"{path}: cannot be written: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    try_writing(path)
    with storage.replacing(path) as file:
        file.write(text.encode())
