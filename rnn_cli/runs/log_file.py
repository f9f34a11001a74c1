"""The file of a log, which may hold rows of several runs and of other programs."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from rnn_cli.locking import held
from rnn_cli.runs.events import Notice


class FilePosition(NamedTuple):
    """How much of a log file a run has written.

    rows: the number of this run's rows in the file.
    """

    path: str
    rows: int


class LogFile:
    """A file that a run appends its rows to.

    run: the run's id, which is in each of its rows.
    saved: the log's position in the saved state that the run resumes from. The run's rows after it are
    removed; rows of other runs and programs stay.
    Raises OSError if the file cannot be opened.
    """

    def __init__(self, path: Path, run: str, saved: FilePosition | None = None):
        self._path, self._run = path, run
        self._has_failed, self._why = False, ""
        own = saved.rows if saved and saved.path == os.path.abspath(path) else None
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 (`close` does)
        self._rows: int | None = None  # of this run; None if the file cannot be read
        has_half = False
        with suppress(OSError), held(self._file.fileno()), open(path, "r+b") as file:
            self._rows = self._remove_after(file, own)
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            has_half = file.read() not in (b"", b"\n")
        if has_half:
            self._add(b"\n")  # ends a row that another program left incomplete

    def write(self, row: dict[str, Any]) -> Notice | None:
        """Append a row; if that fails, the run goes on, and the first failure returns a notice."""
        event, *rest = row.items()
        row = {**dict([event]), "run": self._run, **dict(rest)}
        # A lone surrogate, as in file names that are not UTF-8, becomes its JSON escape.
        if self._add(f"{json.dumps(row, ensure_ascii=False)}\n".encode(errors="backslashreplace")):
            self._rows = None if self._rows is None else self._rows + 1
            return None
        told, self._has_failed = self._has_failed, True
        what = f"{self._path}: cannot be written: {self._why}; rows are missing in it"
        return None if told else Notice(what, is_warning=True)

    def position(self) -> FilePosition | None:
        """Return how far the log is written, after syncing it to disk; None if it cannot be read."""
        with suppress(OSError):
            os.fsync(self._file.fileno())
        return None if self._rows is None else FilePosition(os.path.abspath(self._path), self._rows)

    def close(self) -> None:
        self._file.close()

    def _add(self, row: bytes) -> bool:
        """Append bytes, all or none; return whether that succeeded."""
        try:
            with held(self._file.fileno()):
                written = self._file.write(row)
                if written == len(row):
                    return True
                end = self._file.tell()
                if end == os.fstat(self._file.fileno()).st_size:  # else another program has appended
                    self._file.truncate(end - written)
                self._why = f"{written} of {len(row)} bytes were written"
        except OSError as error:
            self._why = error.strerror or str(error)
        return False

    def _remove_after(self, file: BinaryIO, own: int | None) -> int:
        """Remove the run's rows except the first `own` (None: keep all). Return how many are left.

        The file is changed in place, because other runs may have it open.
        """
        kept, begin, place = 0, None, 0
        after: list[bytes] = []  # the new content from `begin` on
        for line in file:
            is_ours = self._is_ours(line)
            if is_ours and own is not None and kept == own:
                begin = place if begin is None else begin
            else:
                kept += is_ours
                if begin is not None:
                    after.append(line)
            place += len(line)
        if begin is not None:
            file.seek(begin)
            file.write(b"".join(after))
            file.truncate()
        return kept

    def _is_ours(self, line: bytes) -> bool:
        """Return whether a line carries the run's id: a row, or an incomplete row at the end."""
        if f'"run": "{self._run}"'.encode() not in line:
            return False
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return not line.endswith(b"\n")
        return isinstance(row, dict) and row.get("run") == self._run
