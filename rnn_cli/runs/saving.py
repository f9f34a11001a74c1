"""The files of a run: the model, and beside it the training state, all that it takes to go on."""

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.storage import PARTNER, Arrays
from rnn_cli.training.state import TrainingState

STATE_FORMAT = "rnn training state"
STATE_VERSION = 2  # 1 did not hold how the text is read
SHARE = 0.02  # of the time, at most, for saving between the epochs' ends
LEAST = 10.0  # seconds between two saves, where the share alone would allow for more
SECONDS = {"s": 1, "m": 60, "h": 3600}


class Every(NamedTuple):
    """When to save between the epochs' ends: each so many steps, or seconds; else as SHARE allows for."""

    steps: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Every":
        """Of `500` (steps), `30s`, `10m` or `2h`. Raises ValueError."""
        said = re.fullmatch(r"([1-9][0-9]{0,8})([smh]?)", text)
        if said is None:
            raise ValueError(f"{text!r} is neither a time, like 30s, 10m and 2h, nor a number of steps")
        number, unit = int(said[1]), said[2]
        return cls(seconds=number * SECONDS[unit]) if unit else cls(steps=number)


def state_path(model: Path) -> Path:
    """Where a run keeps what it needs to go on: m.npz -> m.state.npz."""
    return model.parent / f"{model.name.removesuffix('.npz')}.state.npz"


def diverged_path(model: Path) -> Path:
    """Where the text is written that a run has diverged on: m.npz -> m.diverged.txt."""
    return model.parent / f"{model.name.removesuffix('.npz')}.diverged.txt"


@dataclass(frozen=True)
class Saved:
    """A run as it was saved: what the file of its state holds."""

    path: Path
    arrays: Arrays
    header: dict[str, Any]

    @classmethod
    def load(cls, model: Path) -> "Saved":
        """Raises RnnError where there is no run to go on with."""
        path = state_path(model)
        if not path.exists():
            raise RnnError(f"{path}: there is none, and so no run to go on with: leave out --resume")
        arrays, header = storage.load(path)
        version = header.get("version")
        if header.get("format") != STATE_FORMAT or not isinstance(version, int):
            raise RnnError(f"{path}: not a training state of rnn")
        if version > STATE_VERSION:
            newer = f"version {version}; this rnn reads {STATE_VERSION}"
            raise RnnError(f"{path}: written by a newer rnn ({newer}): pip install --upgrade rnn-cli")
        if version < STATE_VERSION:
            raise RnnError(f"{path}: written by an older rnn, not enough to go on with: --force starts over")
        return cls(path, arrays, header)

    @property
    def position(self) -> dict[str, Any]:
        return self.header["position"]

    def unpack(self, at: TrainingState) -> None:
        """Into the beginning of such a run; the arrays are given up. Raises RnnError."""
        try:
            at.unpack(self.arrays, self.position)
        except (KeyError, TypeError, ValueError) as error:
            raise RnnError(f"{self.path}: damaged: {error}") from error


class Saver:
    """Saves a run: its state, and with it the model where there is a better one.

    kept: the digest of the run's model file, as it was saved last; None before that.
    best_loss: of the model that is in that file, or waits to be; None for one of the first epoch.
    failing: whether the last save did not succeed.
    """

    def __init__(self, model: Path, every: Every, kept: str | None = None, best_loss: float | None = None):
        self.path, self.kept, self.best_loss = model, kept, best_loss
        self.failing = False
        self._every = every
        self._waiting: LanguageModel | None = None  # a better one, which could not be saved
        self._saved_at, self._took = time.monotonic(), 0.0

    def is_due(self, step: int) -> bool:
        if self._every.steps:
            return step % self._every.steps == 0
        since = time.monotonic() - self._saved_at
        return since >= (self._every.seconds or max(LEAST, self._took / SHARE))

    def save(
        self, arrays: Arrays, header: dict[str, Any], model: LanguageModel | None, best_loss: float | None
    ) -> OSError | None:
        """Write the state, and the model if one is given: both files are whole all the time, and go together.

        -> the error, where it cannot be done: the old files are as they were then, and the model waits for
        the next time.
        """
        began = time.monotonic()
        model = model or self._waiting
        header = {"format": STATE_FORMAT, "version": STATE_VERSION} | header
        state = state_path(self.path)
        try:
            if self.failing:  # what it has left may be the only state that goes with the model
                storage.finish_pair(self.path, state)
            if model is None:
                storage.save(state, arrays, header | {PARTNER: self.kept})
            else:
                self.kept = storage.save_pair((self.path, *model.pack()), (state, arrays, header))
        except OSError as error:
            if model is not None and model is not self._waiting:
                p = {name: array.copy(order="K") for name, array in model.p.items()}
                self._waiting = replace(model, p=p)
            self.failing = True
            return error
        else:
            self.failing, self._waiting = False, None
            return None
        finally:
            self.best_loss = best_loss
            self._saved_at = time.monotonic()
            self._took = self._saved_at - began
