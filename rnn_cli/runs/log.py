"""The log of a run: one JSON object per line, for programs. A loss is in nats per target; line ends count."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rnn_cli.runs.events import Notice
from rnn_cli.runs.json_types import check_types
from rnn_cli.runs.log_file import FilePosition, LogFile
from rnn_cli.runs.run import Run
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone
from rnn_cli.training.state import TrainingState
from rnn_cli.version import VERSION

LOG_EVERY = 10  # steps
NOTHING: dict[str, Any] = dict.fromkeys(("tokens_per_second", "train_loss", "valid_loss", "valid_bpc", "lr"))


@dataclass(frozen=True)
class LogPosition:
    """Where a log was when its run was saved.

    nats, tokens: sums since the last row.
    seconds: training time at that row.
    run: the id in the run's rows; None before it has one.
    model: the real path of the run's model at that time.
    """

    nats: float = 0.0
    tokens: float = 0.0
    seconds: float = 0.0
    file: FilePosition | None = None
    run: str | None = None
    model: str | None = None

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"file": self.file._asdict() if self.file else None}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Return the position that `to_json` wrote. In states from before runs had an id, no row of the log
        is known to be the run's. Raises TypeError, LookupError or ValueError for anything else."""
        since = {name: said[name] for name in ("nats", "tokens", "seconds")}
        check_types(dict.fromkeys(since, float), since)
        run, model, file = said.get("run"), said.get("model"), said["file"]
        check_types({"run": str | None, "model": str | None}, {"run": run, "model": model})
        if file is None or run is None:
            return cls(**since, run=run, model=model)
        check_types({"path": str, "rows": int}, file)
        return cls(**since, file=FilePosition(**file), run=run, model=model)

    def own_id(self, model: str) -> str:
        """Return the id for the run that continues with `model`: a new one if the saved run's model still
        exists under another path, since this is then a copy of that run."""
        is_copy = self.model not in (None, model) and os.path.exists(self.model or "")
        return self.run if self.run and not is_copy else secrets.token_hex(8)


class Log:
    """The log rows of one run. Each method returns a notice the first time that the file cannot be
    written."""

    def __init__(self, run: Run, position: LogPosition):
        """position: from the state that the run resumes from; the run's later rows are removed. Raises
        OSError."""
        self._run = run
        self._nats, self._tokens, self._seconds = position.nats, position.tokens, position.seconds
        self._model = os.path.realpath(run.model)  # independent of the name used for it
        self._id = position.own_id(self._model)
        path = run.settings.log
        self._file = LogFile(Path(path), self._id, position.file) if path else None

    def position(self) -> LogPosition:
        """Return where the log is; the file is on disk up to there."""
        file = self._file.position() if self._file else None
        return LogPosition(self._nats, self._tokens, self._seconds, file, self._id, self._model)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def start(self, at: TrainingState, is_resumed: bool) -> Notice | None:
        settings = {"rnn": VERSION, "model": self._model} | self._run.facts
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
            gradient_norm=done.norm,
        )
        self._begin_mean(at)
        return notice

    def rollback(self, at: TrainingState, done: RolledBack) -> Notice | None:
        self._begin_mean(at)
        return self._write("rollback", at, lr=done.lr, reason=done.reason)

    def epoch(self, at: TrainingState, done: EpochDone) -> Notice | None:
        losses = {"train_loss": done.train_loss, "valid_loss": done.valid_loss}
        bpc = self._valid_bpc(done.valid_loss)
        sample = self._run.example(at) if self._file else ""
        beside = {**done.figures} | ({"sample": sample} if sample else {})
        return self._write("valid", at, **losses, valid_bpc=bpc, **beside)

    def end(self, at: TrainingState, reason: str) -> Notice | None:
        """Write the row that ends this session."""
        best = at.best_loss if self._run.data.valid_targets is not None and at.best_epoch else None
        rate = at.tokens / max(at.seconds, 1e-9)
        bpc = self._valid_bpc(best)
        figure = self._run.best_figure(at)
        return self._write(
            "end", at, tokens_per_second=rate, valid_loss=best, valid_bpc=bpc, reason=reason, **figure
        )

    def _valid_bpc(self, loss: float | None) -> float | None:
        return None if loss is None else self._run.bits_per_character(loss)

    def _begin_mean(self, at: TrainingState) -> None:
        self._nats, self._tokens, self._seconds = 0.0, 0.0, at.seconds

    def _write(self, event: str, at: TrainingState, **values: Any) -> Notice | None:
        if self._file is None:
            return None
        place = {"step": at.step, "epoch": at.epoch, "tokens": at.tokens, "seconds": round(at.seconds, 3)}
        return self._file.write({"event": event} | place | NOTHING | values)
