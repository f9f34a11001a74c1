"""The log of a run: one JSON object a line, for programs. A loss is nats per target; line ends count."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from rnn_cli.runs.events import Notice
from rnn_cli.runs.json_types import check_types
from rnn_cli.runs.run import Run
from rnn_cli.scoring.figures import bits_per_character
from rnn_cli.text.store.corpus import Part
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone
from rnn_cli.training.state import TrainingState
from rnn_cli.version import VERSION

LOG_EVERY = 10  # steps
NOTHING: dict[str, Any] = dict.fromkeys(("tokens_per_second", "train_loss", "valid_loss", "valid_bpc", "lr"))


class FilePosition(NamedTuple):
    """The end of a log file."""

    path: str
    length: int  # bytes


@dataclass(frozen=True)
class LogPosition:
    """Where a log was when its run was saved.

    nats, tokens: since the last row.
    seconds: of training at that row.
    """

    nats: float = 0.0
    tokens: float = 0.0
    seconds: float = 0.0
    file: FilePosition | None = None

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"file": self.file._asdict() if self.file else None}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Raises TypeError, LookupError or ValueError for anything else than `to_json` gives."""
        since = {name: said[name] for name in ("nats", "tokens", "seconds")}
        check_types(dict.fromkeys(since, float), since)
        if said["file"] is None:
            return cls(**since)
        check_types({"path": str, "length": int}, said["file"])
        return cls(**since, file=FilePosition(**said["file"]))


def part_bits_per_character(loss: float, part: Part) -> float:
    """Return the bits per character of a part, of which a model costs `loss` nats per target."""
    return bits_per_character(loss * part.targets + part.spelling_nats, part.characters)


class Log:
    """The rows of one run. Each method returns a notice where the file cannot be written, the first time."""

    def __init__(self, run: Run, position: LogPosition):
        """position: of the state that the run goes on from; rows after it are removed. Raises OSError."""
        self._run = run
        self._nats, self._tokens, self._seconds = position.nats, position.tokens, position.seconds
        path = run.settings.log
        model = os.path.abspath(run.model)
        self._file = LogFile(Path(path), model, position.file) if path else None

    def position(self) -> LogPosition:
        """Return where the log is; the file is on the disk up to there."""
        file = self._file.position() if self._file else None
        return LogPosition(self._nats, self._tokens, self._seconds, file)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def start(self, at: TrainingState, is_resumed: bool) -> Notice | None:
        settings = {"rnn": VERSION, "model": os.path.abspath(self._run.model)} | self._run.facts
        resumed = {"resumed_at_step": at.step} if is_resumed else {}
        return self._write("start", at, settings=settings, **resumed)

    def step(self, at: TrainingState, done: StepDone) -> Notice | None:
        self._nats += done.loss * done.tokens
        self._tokens += done.tokens
        if at.step % LOG_EVERY:
            return None
        notice = self._write(
            "step",
            at,
            tokens_per_second=self._tokens / max(at.seconds - self._seconds, 1e-9),
            train_loss=self._nats / self._tokens,
            lr=done.lr,
        )
        self._begin_mean(at)
        return notice

    def rollback(self, at: TrainingState, done: RolledBack) -> Notice | None:
        self._begin_mean(at)
        return self._write("rollback", at, lr=done.lr, reason=done.reason)

    def epoch(self, at: TrainingState, done: EpochDone) -> Notice | None:
        bpc = self._valid_bpc(done.valid_loss)
        return self._write("valid", at, train_loss=done.train_loss, valid_loss=done.valid_loss, valid_bpc=bpc)

    def end(self, at: TrainingState, reason: str) -> Notice | None:
        """Write the run's last row, for now."""
        best = at.best_loss if self._run.data.valid is not None and at.best_epoch else None
        rate = at.tokens / max(at.seconds, 1e-9)
        bpc = self._valid_bpc(best)
        return self._write("end", at, tokens_per_second=rate, valid_loss=best, valid_bpc=bpc, reason=reason)

    def _valid_bpc(self, loss: float | None) -> float | None:
        valid = self._run.data.valid
        return None if loss is None or valid is None else part_bits_per_character(loss, valid)

    def _begin_mean(self, at: TrainingState) -> None:
        self._nats, self._tokens, self._seconds = 0.0, 0.0, at.seconds

    def _write(self, event: str, at: TrainingState, **values: Any) -> Notice | None:
        if self._file is None:
            return None
        place = {"step": at.step, "epoch": at.epoch, "tokens": at.tokens, "seconds": round(at.seconds, 3)}
        return self._file.write({"event": event} | place | NOTHING | values)


class LogFile:
    """A file that rows are appended to.

    model: the run's, which tells its rows from those of another run in the same file.
    saved: where the file ended when the state was saved that the run goes on from; rows after it are removed.
    Raises OSError where the file cannot be opened.
    """

    def __init__(self, path: Path, model: str, saved: FilePosition | None = None):
        self._path, self._model = path, model
        self._has_failed = False
        if saved and saved.path == os.path.abspath(path):
            self._cut(saved.length)
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 (`close` does)
        self._length = os.fstat(self._file.fileno()).st_size
        if self._length and not _read(path, self._length - 1).endswith(b"\n"):
            self._add(b"\n")  # after the half of a row that a killed run left

    def write(self, row: dict[str, Any]) -> Notice | None:
        """Append a row; where that cannot be done the run goes on: return a notice, the first time."""
        # Half a surrogate pair, as in the names of files that are not UTF-8, becomes its escape in JSON.
        return self._add(f"{json.dumps(row, ensure_ascii=False)}\n".encode(errors="backslashreplace"))

    def position(self) -> FilePosition:
        """Return where the log ends; it is on the disk up to there."""
        with suppress(OSError):
            os.fsync(self._file.fileno())
        return FilePosition(os.path.abspath(self._path), self._length)

    def close(self) -> None:
        self._file.close()

    def _add(self, row: bytes) -> Notice | None:
        try:
            written = self._file.write(row)
            end = self._file.tell()
            if written != len(row):
                self._file.truncate(end - written)
                raise OSError(f"{written} of {len(row)} bytes were written")
            self._length = end
        except OSError as error:
            told, self._has_failed = self._has_failed, True
            what = f"{self._path}: cannot be written: {error.strerror or error}; rows are missing in it"
            return None if told else Notice(what, is_warning=True)
        return None

    def _cut(self, length: int) -> None:
        """Remove what comes after a length, if all of it is this run's."""
        with suppress(OSError):  # the file is gone: another begins
            written = _read(self._path, max(length - 1, 0))
            is_whole = written[:1] == b"\n" if length else True  # else it is shorter, or another file
            if is_whole and all(map(self._is_ours, written[min(length, 1) :].splitlines())):
                os.truncate(self._path, length)

    def _is_ours(self, line: bytes) -> bool:
        """Return whether a row may be of this run: the first one that another run writes names its model."""
        try:
            row = json.loads(line)
            return row["event"] != "start" or row["settings"]["model"] == self._model
        except ValueError:  # half of the last one
            return True
        except (KeyError, TypeError):
            return False


def _read(path: Path, first: int) -> bytes:
    """Return a file's bytes from `first` on."""
    with open(path, "rb") as file:
        file.seek(first)
        return file.read()
