"""The files that a command writes: refused before any work where that would lose something."""

import json
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from rnn_cli import storage
from rnn_cli.cli.console import UsageError
from rnn_cli.errors import RnnError
from rnn_cli.replacing import replacing


def refuse_overwriting(path: Path, inputs: Iterable[str | Path], force: bool, flag: str) -> None:
    """Raises UsageError for an output that is an input, or that is there already, unless forced."""
    for other in map(Path, inputs):
        if _is_same(path, other):
            raise UsageError(f"{flag} {path} is also read or written here: name another file")
    if path.is_file() and not force:
        on = ", --resume to go on with its run" if flag == "--model" else ""
        raise UsageError(f"{path} is there already: name another file with {flag}{on}, or --force")


def _is_same(path: Path, other: Path) -> bool:
    """Whether two names are of one file; what they are of need not be there."""
    try:
        return path.resolve() == other.resolve() or (
            path.exists() and other.exists() and path.samefile(other)
        )
    except (OSError, RuntimeError):  # links in a circle: of no file
        return False


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
    refuse_what_is_no_file(path)
    if not path.parent.is_dir():
        raise RnnError(f"{path}: there is no folder {path.parent} (mkdir makes it)")
    trial = path.with_name(f".{path.name}.rnn-try")  # not storage's: that may hold what a crash has left
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise RnnError(f"{path}: cannot be written: {error.strerror}") from error


def refuse_full_disk(paths: Iterable[Path], needed: int) -> None:
    """Raises RnnError where there is not room for `needed` bytes in the files of one folder, twice: each is
    written anew before the old one goes."""
    paths = list(paths)
    there = sum(path.stat().st_size for path in paths if path.exists())
    try:
        free = shutil.disk_usage(paths[0].parent).free
    except OSError:  # who knows: a save will tell
        return
    if free + there < 2 * needed:
        raise RnnError(
            f"{paths[0]}: the disk has {free / 2**20:,.0f} MiB left, and to save this run takes "
            f"{(2 * needed - there) / 2**20:,.0f}: make room, or name a file elsewhere with --model"
        )


def refuse_what_is_no_file(path: Path) -> None:
    """Raises RnnError for a pipe or a device, whose place a file would take, and for links in a circle."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise RnnError(f"{path}: cannot be written: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise RnnError(f"{path}: is no regular file: name another")


def write_text(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    try_writing(path)
    with replacing(path) as file:
        file.write(text.encode())
