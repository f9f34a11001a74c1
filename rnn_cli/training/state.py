"""The state of a training run: everything that training changes, to save, resume from or go back to."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from rnn_cli.network.arrays import Parameters, State
from rnn_cli.training.optimizers import Arrays

GROUPS = ("p", "moments", "state")
# What going back does not undo: time and attempts are spent, and the best model is saved in its file.
STANDS = ("seconds", "best_loss", "best_figure", "best_epoch", "rollbacks", "good")
OR_NONE = ("best_loss", "best_figure", "usual_loss")
ADDED = {"best_figure": None}  # missing from older states, and where the loss decides


@dataclass
class TrainingState:
    """What a run needs to continue where it was.

    good: the last good state, to go back to (`Recipe.max_rollbacks`): a copy that has no `good` itself. It
    doubles what parameters and moments take in memory and in a file.
    """

    p: Parameters
    moments: Arrays
    state: State  # the network's, after the last window
    epoch: int = 0  # of the next window, from 0
    window: int = 0  # the number of the next window in its epoch, from 0
    step: int = 0  # steps done
    tokens: int = 0  # predicted so far
    seconds: float = 0.0  # spent so far
    epoch_nats: float = 0.0  # of the windows of this epoch so far
    epoch_tokens: int = 0
    best_loss: float | None = None  # of the best epoch; the validation loss if there is one
    best_figure: float | None = None  # of the best epoch, if a figure decides (judging.py)
    best_epoch: int = 0  # its number, from 1
    curve: list[list[float | None]] = field(default_factory=list)  # of each epoch: [train_loss, valid_loss]
    lr_factor: float = 1.0  # factor of the learning rate, by a schedule that depends on the loss
    usual_loss: float | None = None  # of a step (divergence.py)
    high_losses: int = 0  # in a row
    rollbacks: int = 0  # how often the run has gone back and halved the learning rate
    good: "TrainingState | None" = None

    def keep(self) -> None:
        """Make `good` a copy of this state."""
        if self.good is None:
            p, moments = ({k: np.empty_like(v) for k, v in of.items()} for of in (self.p, self.moments))
            self.good = TrainingState(p, moments, {})
        self.good._take(self)

    def go_back(self) -> None:
        """Go back to the state `good`, except for STANDS. Raises ValueError if there is none."""
        if self.good is None:
            raise ValueError("no state to go back to")
        self._take(self.good)

    def forget_best(self) -> None:
        """Let the next epoch count as the best so far, as its loss cannot be compared with earlier ones."""
        self.best_loss, self.best_figure, self.best_epoch = None, None, 0

    def begin_another_text(self) -> None:
        """Forget what was measured on the previous text: the losses, the best one, and the position in the
        epoch. What was learned stays."""
        self.forget_best()
        self.usual_loss, self.high_losses, self.good = None, 0, None
        self.window, self.epoch_nats, self.epoch_tokens = 0, 0.0, 0
        self.state = {name: np.zeros_like(s) for name, s in self.state.items()}

    def forget_rates(self) -> None:
        """Undo the effect of rollbacks and the schedule on the learning rate, here and in `good`."""
        for state in (self, self.good):
            if state is not None:
                state.rollbacks, state.lr_factor = 0, 1.0

    def _take(self, other: Self) -> None:
        for mine, others in ((self.p, other.p), (self.moments, other.moments)):
            for name, array in mine.items():
                np.copyto(array, others[name])
        self.state = {name: s.copy() for name, s in other.state.items()}
        for name, value in vars(other).items():
            if name not in (*GROUPS, *STANDS):
                setattr(self, name, value)

    def pack(self) -> tuple[Arrays, dict[str, Any]]:
        """Return the state for storage: its arrays, and the rest as values for JSON."""
        arrays = {f"{group}.{k}": v for group in GROUPS for k, v in getattr(self, group).items()}
        rest = {k: v for k, v in vars(self).items() if k not in GROUPS and (k, v) not in ADDED.items()}
        if self.good:
            of_good, rest["good"] = self.good.pack()
            arrays |= {f"good.{k}": v for k, v in of_good.items()}
        return arrays, rest

    def unpack(self, arrays: Arrays, rest: dict[str, Any]) -> None:
        """Load what `pack` returned into this state, which must be the initial state of a run. Empties
        `arrays`.

        Raises ValueError if it belongs to another run, KeyError if something is missing.
        """
        rest = ADDED | rest
        if rest["good"] is not None:
            self.keep()
            assert self.good is not None
            of_good = [name for name in arrays if name.startswith("good.")]
            self.good.unpack({name.removeprefix("good."): arrays.pop(name) for name in of_good}, rest["good"])
        for group in GROUPS:
            for name, array in getattr(self, group).items():
                saved = arrays.pop(f"{group}.{name}")
                if (saved.shape, saved.dtype) != (array.shape, array.dtype):
                    raise ValueError(f"{group}.{name} is {saved.dtype} {saved.shape}, not {array.shape}")
                np.copyto(array, saved)
        if arrays or rest.keys() != vars(self).keys() - {*GROUPS}:
            raise ValueError(f"not the parts of a training state: {[*arrays]}, {[*rest]}")
        for name in rest.keys() - {"good"}:
            kind = float | None if name in OR_NONE else type(getattr(self, name))
            if not isinstance(rest[name], kind) or (kind is int and (rest[name] is True or rest[name] < 0)):
                raise ValueError(f"{name} is {rest[name]!r}")
            setattr(self, name, rest[name])
        if not all(isinstance(losses, list) and len(losses) == 2 for losses in self.curve):
            raise ValueError(f"the curve is {self.curve!r}")
