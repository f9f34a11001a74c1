"""A folder of stored texts, so that a text is split only once. Each text has a key: a hash of its content and
of everything that determines how it is split."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from rnn_cli.locking import take
from rnn_cli.text.store.folder import HEADER, Damaged, read_header

KEY = "[0-9a-f]" * 64  # pattern of the names of stored texts: a SHA-256 in hexadecimal
WORK = "work-"  # prefix of folders that are being written
REMEMBERED = "hash-*.json"  # pattern of the files with remembered hashes (hashes.py)
LOCK = "lock"  # a file in such a folder, locked by the process that writes there
ABANDONED = 24 * 3600.0  # seconds after which the folder of a killed run is removed


def default_folder() -> Path:
    """Return rnn's folder in the user's cache folder, as the system defines it. Raise RuntimeError if the
    user has no home folder."""
    if os.name == "nt" and "LOCALAPPDATA" in os.environ:
        return Path(os.environ["LOCALAPPDATA"]) / "rnn" / "cache"
    own = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(own) if os.path.isabs(own) else Path.home() / ".cache") / "rnn"


class Entry(NamedTuple):
    """A stored text in the cache."""

    folder: Path
    size: int  # bytes
    used: float  # time of the last use, in seconds since the epoch
    header: dict[str, Any]  # empty if it is damaged


class Cache:
    """The stored texts in one folder, which is created when it is first needed."""

    def __init__(self, folder: Path):
        self.folder = folder

    @contextmanager
    def work(self) -> Iterator[Path]:
        """Return a context with a new folder to write a text in; it is removed at the end unless it was kept.
        Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        path = Path(tempfile.mkdtemp(prefix=WORK, dir=self.folder))
        try:
            with open(path / LOCK, "wb") as lock:
                take(lock.fileno())
                yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove the folders of killed runs: old ones that no process has locked."""
        for left in self.folder.glob(f"{WORK}*"):
            with suppress(OSError):
                if left.stat().st_mtime < time.time() - ABANDONED and not _is_locked(left / LOCK):
                    shutil.rmtree(left)

    def find(self, key: str) -> Path | None:
        """Return the folder of the text with this key, and mark it as used now; None if there is none."""
        folder = self.folder / key
        with suppress(OSError):
            os.utime(folder)
        return folder if folder.is_dir() else None

    def keep(self, work: Path, key: str) -> Path:
        """Store the text in the folder `work` under a key, in one step, and return its new folder. If another
        run has stored the same text in the meantime, that copy stays. Raises OSError."""
        folder = self.folder / key
        try:
            os.rename(work, folder)
        except OSError:
            if not (folder / HEADER).is_file():
                raise
        return folder

    def drop(self, key: str) -> None:
        """Remove the text with this key."""
        shutil.rmtree(self.folder / key, ignore_errors=True)

    def entries(self) -> list[Entry]:
        """Return all stored texts, the most recently used first."""
        return sorted(map(_entry, self.folder.glob(KEY)), key=lambda entry: -entry.used)

    def clear(self) -> int:
        """Delete all stored texts, remembered hashes and abandoned folders of killed runs; return the size of
        the texts in bytes. Raises OSError."""
        self._sweep()
        freed = 0
        for memory in self.folder.glob(REMEMBERED):
            memory.unlink(missing_ok=True)
        for entry in self.entries():
            shutil.rmtree(entry.folder)
            freed += entry.size
        return freed


def _is_locked(path: Path) -> bool:
    """Return whether a process holds the lock on a file."""
    if not path.exists():
        return False
    with open(path, "rb") as file:
        return not take(file.fileno())


def _entry(folder: Path) -> Entry:
    header: dict[str, Any] = {}
    with suppress(OSError, Damaged):
        header = read_header(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    return Entry(folder, size, folder.stat().st_mtime, header)
