"""The log of a run: one JSON object a line, for programs."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnn_cli.cli.console import warn


class Log:
    """A file that rows are added to. Where that cannot be done, it is told once, and the run goes on.

    model: the run's, which tells its rows from those of another run in the same file.
    saved: `position` when the state that the run goes on from was saved; what the run wrote after that is
        taken away, as it is going to be written again.
    """

    def __init__(self, path: Path, model: str, saved: dict[str, Any] | None = None):
        self._path, self._model = path, model
        self._told = False
        if saved and saved["path"] == os.path.abspath(path):
            self._cut(saved["length"])
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 (`close` does)
        self._length = os.fstat(self._file.fileno()).st_size
        if self._length and not _read(path, self._length - 1).endswith(b"\n"):
            self._add(b"\n")  # after the half of a row that a run left which was killed

    def write(self, row: dict[str, Any]) -> None:
        # Half a surrogate pair, as in the names of files that are no UTF-8, becomes its escape in JSON.
        self._add(f"{json.dumps(row, ensure_ascii=False)}\n".encode(errors="backslashreplace"))

    def position(self) -> dict[str, Any]:
        """Where the log ends, as JSON; it is on the disk up to there."""
        with suppress(OSError):
            os.fsync(self._file.fileno())
        return {"path": os.path.abspath(self._path), "length": self._length}

    def close(self) -> None:
        self._file.close()

    def _add(self, row: bytes) -> None:
        try:
            written = self._file.write(row)
            end = self._file.tell()
            if written != len(row):
                self._file.truncate(end - written)
                raise OSError(f"{written} of {len(row)} bytes were written")
            self._length = end
        except OSError as error:
            if not self._told:
                warn(f"{self._path}: cannot be written: {error.strerror or error}; rows are missing in it")
            self._told = True

    def _cut(self, length: int) -> None:
        """Take away what comes after a length, if all of it is this run's."""
        with suppress(OSError):  # it is gone: another begins
            written = _read(self._path, max(length - 1, 0))
            whole = written[:1] == b"\n" if length else True  # else it is shorter, or another file
            if whole and all(map(self._is_ours, written[min(length, 1) :].splitlines())):
                os.truncate(self._path, length)

    def _is_ours(self, line: bytes) -> bool:
        """Whether a row may be of this run: the first that another writes names its model."""
        try:
            row = json.loads(line)
            return row["event"] != "start" or row["settings"]["model"] == self._model
        except ValueError:  # half of the last one
            return True
        except (KeyError, TypeError):
            return False


def _read(path: Path, first: int) -> bytes:
    """A file's bytes from there on."""
    with open(path, "rb") as file:
        file.seek(first)
        return file.read()
