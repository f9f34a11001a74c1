"""The files of a run: the model, and beside it the training state, all that it takes to go on."""

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
SHARE = 0.02  # of the time, at most, for saving between the epochs' ends
LEAST = 10.0  # seconds between two saves, where the share alone would allow for more


class Position(NamedTuple):
    """Where a run was when it was saved, as far as it decides whether and how to go on."""

    step: int
    epoch: int
    best_epoch: int
    best_loss: float | None


@dataclass(frozen=True)
class Checkpoint:
    """A run as it was saved.

    window: steps and rows.
    division: of the rows, among ranks and threads.
    fingerprint: of its text.
    log: where its log ended.
    partner: the digest of the model that the state goes with; None where no model was saved.
    state: what TrainingState.unpack takes, with the arrays.
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
        """Read the training state of a model. Raises RnnError where there is none, or it is damaged."""
        path = state_path(model)
        if not path.exists():
            if not model.exists():
                raise RnnError(f"{path}: there is none, and so no run to go on with: leave out --resume")
            way = f"--init {model} with another --model begins from its weights"
            raise RnnError(f"{path}: there is none: {way}, --force without --resume starts over")
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
        """Raises one of several errors for a header that no run has written."""
        settings = Settings.from_json(header["settings"])
        steps, rows = header["window"]
        check_types({"steps": int, "rows": int}, {"steps": steps, "rows": rows})
        if 0 in (steps, rows, header.get("ranks", 1)) or None in (settings.epochs, settings.threads):
            raise ValueError("a size is missing")
        ranks = header.get("ranks", 1)  # states of before had one
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
        """Put `at`, which stands at the beginning of the same run, where this one was. Empties `arrays`.
        Raises RnnError."""
        try:
            at.unpack(self.arrays, self.state)
        except (KeyError, TypeError, ValueError) as error:
            raise RnnError(f"{self.path}: damaged: {one_line(error)}") from error


def _check_sizes(network: Trainable, rows: int, arrays: Arrays) -> None:
    """Raise ValueError where a header claims other sizes than the arrays have: memory is taken by the
    header's, and what it may take is what is in the file."""
    shapes = {f"p.{name}": shape for name, shape in network.shapes.items()}
    found = {name: array.shape for name, array in arrays.items() if name.startswith("p.")}
    if found != shapes:
        wrong = next(name for name in [*shapes, *found] if shapes.get(name) != found.get(name))
        raise ValueError(f"{wrong} has the shape {found.get(wrong)}, not {shapes.get(wrong)}")
    if {array.shape[:1] for name, array in arrays.items() if name.startswith("state.")} - {(rows,)}:
        raise ValueError(f"the state that is carried on is not of {rows} rows")


def header_of(run: Run) -> dict[str, Any]:
    """Return what a training state says of its run, as JSON: all that it takes to build it again."""
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
    """Saves a run: its state, and with it the model where there is a better one.

    kept: the digest of the run's model file, as it was saved last; None before that.
    best_loss: of the model in that file, or of the one that waits to be saved; None in the first epoch.
    writes: whether this is the rank that writes; the others only count along.
    """

    def __init__(
        self, run: Run, kept: str | None = None, best_loss: float | None = None, writes: bool = True
    ):
        self.run, self.kept, self.best_loss, self._writes = run, kept, best_loss, writes
        self.is_failing = False  # whether the last save did not succeed
        self._header = header_of(run)
        self._interval = Interval.parse(run.settings.save_every) if run.settings.save_every else Interval()
        self._waiting: Model | None = None  # a better one, which could not be saved
        self._saved_at, self._took = time.monotonic(), 0.0

    @property
    def header(self) -> dict[str, Any]:
        return self._header

    @property
    def counts_steps(self) -> bool:
        """Whether steps decide when to save, and no clock."""
        return self._interval.steps is not None

    def finish(self, at: TrainingState) -> None:
        """Save the run from here on as one of no more epochs than are done."""
        self.run = replace(self.run, settings=replace(self.run.settings, epochs=at.epoch))
        self._header = header_of(self.run)

    def is_due(self, step: int) -> bool:
        if self._interval.steps:
            return step % self._interval.steps == 0
        since = time.monotonic() - self._saved_at
        return since >= (self._interval.seconds or max(LEAST, self._took / SHARE))

    def save(self, at: TrainingState, log: LogPosition) -> None:
        """Write the state, and the model where it is the best so far or of the first epoch.

        Both files are whole at every instant, and go together.

        Raises OSError where that cannot be done: the old files are as they were then, and the model waits
        for the next save.
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
            if self.is_failing:  # what it has left may be the only state that goes with the model
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
