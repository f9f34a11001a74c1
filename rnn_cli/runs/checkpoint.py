"""The files of a run: the model and, beside it, the training state, which holds everything needed to
resume."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self, get_type_hints

import numpy as np

from rnn_cli import storage
from rnn_cli.errors import RnnError, Unknown, from_newer, one_line
from rnn_cli.runs.interval import Interval
from rnn_cli.runs.json_types import check_types
from rnn_cli.runs.log import LogPosition
from rnn_cli.runs.paths import state_path
from rnn_cli.runs.ranks import Division
from rnn_cli.runs.run import Model, Run
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.table import task_of
from rnn_cli.runs.tasks.task import Restored
from rnn_cli.storage import PARTNER, Arrays
from rnn_cli.training.parallel.trainable import Trainable
from rnn_cli.training.state import TrainingState
from rnn_cli.version import VERSION

FORMAT = "rnn training state"
STATE_VERSION = 3
SHARE = 0.02  # of the time, at most, for saves between the ends of epochs
LEAST = 10.0  # seconds between two saves, at least, even if SHARE would allow more


class Position(NamedTuple):
    """Where a run was when it was saved: what decides whether and how it can go on."""

    step: int
    epoch: int
    best_epoch: int
    best_loss: float | None


@dataclass(frozen=True)
class Checkpoint:
    """A run as it was saved.

    window: steps and rows.
    division: how rows are divided among ranks and threads.
    fingerprint: a hash of its text.
    log: where its log ended.
    partner: the digest of the model that belongs to the state; None if no model was saved.
    state: the input of TrainingState.unpack, together with the arrays.
    """

    path: Path
    settings: Settings
    window: tuple[int, int]
    division: Division
    restored: Restored
    fingerprint: str
    log: LogPosition
    partner: str | None
    arrays: Arrays
    state: dict[str, Any]
    position: Position

    @classmethod
    def load(cls, model: Path) -> Self:
        """Read the training state of a model. Raises RnnError if it is missing or damaged."""
        path = state_path(model)
        if not path.exists():
            if not model.exists():
                raise RnnError(f"{path}: there is no such file, so no run to go on with: leave out --resume")
            way = f"--init {model} with another --model begins from its weights"
            raise RnnError(f"{path}: there is no such file: {way}, --force without --resume starts over")
        arrays, header = storage.load(path)
        version = header.get("version")
        if header.get("format") != FORMAT or not isinstance(version, int):
            raise RnnError(f"{path}: not a training state of rnn")
        if version > STATE_VERSION:
            raise from_newer(path, f"version {version}; this rnn reads {STATE_VERSION}")
        if version < STATE_VERSION:
            way = f"--init {model} with another --model goes on from its weights, --force starts over"
            raise RnnError(f"{path}: written by an older rnn, which this one cannot go on with: {way}")
        try:
            return cls._from_header(path, arrays, header)
        except Unknown as error:
            raise from_newer(path, one_line(error)) from error
        except (AttributeError, LookupError, TypeError, ValueError, RnnError) as error:
            raise RnnError(f"{path}: damaged: {one_line(error)}") from error

    @classmethod
    def _from_header(cls, path: Path, arrays: Arrays, header: dict[str, Any]) -> Self:
        """Return the checkpoint in a header and arrays. Raises one of several errors for a header that no run
        has written."""
        settings = Settings.from_json(header["settings"])
        steps, rows = header["window"]
        check_types({"steps": int, "rows": int}, {"steps": steps, "rows": rows})
        if 0 in (steps, rows, header.get("ranks", 1)) or None in (settings.epochs, settings.threads):
            raise ValueError("a size is missing")
        ranks = header.get("ranks", 1)  # older states had one rank
        check_types({"ranks": int}, {"ranks": ranks})
        restored = task_of(settings).restore(settings, header, arrays)
        _check_sizes(restored.network, rows, arrays)
        check_types({"fingerprint": str}, {"fingerprint": header["fingerprint"]})
        position = {name: header["position"][name] for name in Position._fields}
        check_types(get_type_hints(Position), position)
        return cls(
            path=path,
            settings=settings,
            window=(steps, rows),
            division=Division(ranks, settings.threads or 1),
            restored=restored,
            fingerprint=header["fingerprint"],
            log=LogPosition.from_json(header["log"]),
            partner=header[PARTNER],
            arrays=arrays,
            state=header["position"],
            position=Position(**position),
        )

    def restore(self, at: TrainingState) -> None:
        """Move `at`, which is at the beginning of the same run, to the point where this one was saved.
        Empties `arrays`. Raises RnnError."""
        try:
            at.unpack(self.arrays, self.state)
        except (KeyError, TypeError, ValueError) as error:
            raise RnnError(f"{self.path}: damaged: {one_line(error)}") from error


def _check_sizes(network: Trainable, rows: int, arrays: Arrays) -> None:
    """Raise ValueError if the header claims other sizes than the arrays have. Memory is allocated by the
    header's sizes, so they must not exceed what the file holds."""
    shapes = {f"p.{name}": shape for name, shape in network.shapes.items()}
    found = {name: array.shape for name, array in arrays.items() if name.startswith("p.")}
    if found != shapes:
        wrong = next(name for name in [*shapes, *found] if shapes.get(name) != found.get(name))
        raise ValueError(f"{wrong} has the shape {found.get(wrong)}, not {shapes.get(wrong)}")
    if {array.shape[:1] for name, array in arrays.items() if name.startswith("state.")} - {(rows,)}:
        raise ValueError(f"the state that is carried on is not of {rows} rows")


def header_of(run: Run) -> dict[str, Any]:
    """Return what a training state records about its run, as JSON: all that is needed to rebuild it."""
    return {
        "rnn": VERSION,
        "libraries": {"numpy": np.__version__},
        "settings": run.settings.to_json(),
        "window": run.window,
        "ranks": run.ranks,
        "fingerprint": run.data.fingerprint,
        **run.header(),
    }


class Saver:
    """Saves a run: its state and, when there is a better one, the model.

    kept: the digest of the run's model file as last saved; None before that.
    best_loss: of the model in that file, or of the one waiting to be saved; None in the first epoch.
    writes: whether this rank writes; the others only keep count.
    """

    def __init__(
        self, run: Run, kept: str | None = None, best_loss: float | None = None, writes: bool = True
    ):
        self.run, self.kept, self.best_loss, self._writes = run, kept, best_loss, writes
        self.is_failing = False  # whether the last save failed
        self._header = header_of(run)
        self._interval = Interval.parse(run.settings.save_every) if run.settings.save_every else Interval()
        self._waiting: Model | None = None  # a better model that could not be saved yet
        self._saved_at, self._took = time.monotonic(), 0.0

    @property
    def header(self) -> dict[str, Any]:
        return self._header

    @property
    def counts_steps(self) -> bool:
        """Whether steps, not a clock, decide when to save."""
        return self._interval.steps is not None

    def finish(self, at: TrainingState) -> None:
        """From now on, save the run with its number of epochs set to those already done."""
        self.run = replace(self.run, settings=replace(self.run.settings, epochs=at.epoch))
        self._header = header_of(self.run)

    def is_due(self, step: int) -> bool:
        if self._interval.steps:
            return step % self._interval.steps == 0
        since = time.monotonic() - self._saved_at
        return since >= (self._interval.seconds or max(LEAST, self._took / SHARE))

    def save(self, at: TrainingState, log: LogPosition) -> None:
        """Write the state, and the model if it is the best so far or from the first epoch.

        Both files are complete at every instant, and belong together.

        Raises OSError if writing fails: the old files are then intact, and the model waits for the next save.
        """
        if not self._writes:
            return
        began = time.monotonic()
        is_best = at.best_loss is None or at.best_loss != self.best_loss
        model = self.run.trained(at) if is_best else self._waiting
        arrays, position = at.pack()
        header = {"format": FORMAT, "version": STATE_VERSION} | self._header
        header |= {"position": position, "log": log.to_json()}
        path, state = self.run.model, state_path(self.run.model)
        try:
            if self.is_failing:  # the failed save may have left the only state that goes with the model
                storage.finish_pair(path, state)
            if model is None:
                storage.save(state, arrays, header | {PARTNER: self.kept})
            else:
                self.kept = storage.save_pair((path, *model.pack()), (state, arrays, header))
        except OSError:
            if model is not None and model is not self._waiting:
                self._waiting = model.kept()
            self.is_failing = True
            raise
        else:
            self.is_failing, self._waiting = False, None
        finally:
            self.best_loss = at.best_loss
            self._saved_at = time.monotonic()
            self._took = self._saved_at - began
