"""The files that a run or a command writes, checked before any work so that nothing is lost."""

import json
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from rnn_cli import storage
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.replacing import behind_link, replacing
from rnn_cli.runs.data import input_files
from rnn_cli.runs.paths import diverged_path, state_path
from rnn_cli.runs.settings import Settings


def refuse_files(model: Path, settings: Settings, may_replace: bool) -> None:
    """Raise UsageError or RnnError for files of a run that cannot be written, or that would be lost."""
    inputs: list[str | Path] = [*input_files(settings)]
    is_resumable = state_path(model).is_file()
    for path in (model, state_path(model)):
        refuse_overwriting(path, inputs, may_replace, "--model", is_resumable)
        refuse_replacing_a_stranger(path)
        try_writing(path)
    refuse_overwriting(diverged_path(model), inputs, force=True, flag="--model")
    if settings.log is not None:
        log = Path(settings.log)
        others = [*inputs, model, state_path(model), diverged_path(model)]
        refuse_overwriting(log, others, force=True, flag="--log")  # the log is appended to
        refuse_appending_to_a_stranger(log)
        try_writing(log)


def refuse_overwriting(
    path: Path, inputs: Iterable[str | Path], force: bool, flag: str, is_resumable: bool = False
) -> None:
    """Raise UsageError for an output that is also an input, or that exists already, unless forced.

    is_resumable: whether the existing file belongs to a run that can be resumed.
    """
    for other in map(Path, inputs):
        if _is_same(path, other):
            raise UsageError(f"{flag} {path} is also read or written here: name another file")
    if path.is_file() and not force:
        on = ", --resume to go on with its run" if is_resumable else ""
        raise UsageError(f"{path} already exists: name another file with {flag}{on}, or --force")


def _is_same(path: Path, other: Path) -> bool:
    """Return whether two paths are the same file, which need not exist."""
    try:
        return path.resolve() == other.resolve() or (
            path.exists() and other.exists() and path.samefile(other)
        )
    except (OSError, RuntimeError):  # circular links name no file
        return False


def refuse_replacing_a_stranger(path: Path) -> None:
    """Raise RnnError for a file that --force would replace although rnn did not write it."""
    if path.is_file() and not storage.is_ours(path):
        raise RnnError(f"{path}: already exists and is not an rnn file: name another, or delete it")


def refuse_appending_to_a_stranger(path: Path) -> None:
    """Raise RnnError for a file to be appended to that does not begin with a log row."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    with open(path, "rb") as file:
        first = file.readline(1 << 20)
    try:
        is_log = "event" in json.loads(first)
    except (ValueError, TypeError, RecursionError):
        is_log = False
    if not is_log:
        raise RnnError(f"{path}: already exists and is not an rnn log: name another file with --log")


def try_writing(path: Path) -> None:
    """Raise RnnError, with the reason, if no file can be written at `path`."""
    if path.is_dir():
        raise RnnError(f"{path}: is a directory (name a file in it)")
    refuse_special_files(path)
    target = behind_link(path)
    if not target.parent.is_dir():
        raise RnnError(f"{path}: there is no folder {target.parent} (mkdir makes it)")
    # not the name that replacing.py uses: a crash may have left something in that file
    trial = target.with_name(f".{target.name}.rnn-try")
    try:
        try:
            trial.touch()
        finally:  # a signal may come in between
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise RnnError(f"{path}: cannot be written: {error.strerror}") from error


def refuse_full_disk(paths: Iterable[Path], needed: int) -> None:
    """Raise RnnError if the folder has no room for `needed` bytes in these files, twice: a new file is
    written before the old one is removed."""
    paths = list(paths)
    there = sum(path.stat().st_size for path in paths if path.exists())
    try:
        free = shutil.disk_usage(behind_link(paths[0]).parent).free
    except OSError:  # saving will show
        return
    if free + there < 2 * needed:
        raise RnnError(
            f"{paths[0]}: the disk has {free / 2**20:,.0f} MiB left, but saving this run takes "
            f"{(2 * needed - there) / 2**20:,.0f}: make room, or name a file elsewhere with --model"
        )


def refuse_special_files(path: Path) -> None:
    """Raise RnnError for a pipe or a device, which a file would replace, and for circular links."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise RnnError(f"{path}: cannot be written: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise RnnError(f"{path}: not a regular file: name another")


def write_text(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file, whole or not at all."""
    try_writing(path)
    with replacing(path) as file:
        file.write(data)
