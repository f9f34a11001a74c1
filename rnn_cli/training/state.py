"""All that a training run changes: to go on from, to save, to go back to."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from rnn_cli.network.arrays import Parameters, State
from rnn_cli.training.optimizers import Arrays

GROUPS = ("p", "moments", "state")
# What going back does not undo: time and what was tried are spent, and the best model is in its file.
STANDS = ("seconds", "best_loss", "best_epoch", "rollbacks", "good")
OR_NONE = ("best_loss", "usual_loss")


@dataclass
class TrainingState:
    """What a run needs to go on where it was.

    good: the last state in which all was well, to go back to (`Recipe.max_rollbacks`), as a copy that has
    none itself: as much memory again as parameters and moments take, and as much room in a file.
    """

    p: Parameters
    moments: Arrays
    state: State  # the network's, after the last window
    epoch: int = 0  # of the next window, from 0
    window: int = 0  # the next window's number in its epoch, from 0
    step: int = 0  # steps done
    tokens: int = 0  # predicted so far
    seconds: float = 0.0  # spent so far
    epoch_nats: float = 0.0  # of the windows of this epoch so far
    epoch_tokens: int = 0
    best_loss: float | None = None  # the lowest loss at an epoch's end, on validation where there is one
    best_epoch: int = 0  # and after how many epochs that was
    curve: list[list[float | None]] = field(default_factory=list)  # of each epoch: both losses
    lr_factor: float = 1.0  # what a schedule that looks at that loss has made of the learning rate
    usual_loss: float | None = None  # of a step; and for how many steps it has been high (divergence.py)
    high_losses: int = 0
    rollbacks: int = 0  # how often the run has gone back, and halved the learning rate
    good: "TrainingState | None" = None

    def keep(self) -> None:
        """Make `good` a copy of this."""
        if self.good is None:
            p, moments = ({k: np.empty_like(v) for k, v in of.items()} for of in (self.p, self.moments))
            self.good = TrainingState(p, moments, {})
        self.good._take(self)

    def go_back(self) -> None:
        """Be as `good` is, but for what STANDS. Raises ValueError where there is none."""
        if self.good is None:
            raise ValueError("no state to go back to")
        self._take(self.good)

    def _take(self, other: Self) -> None:
        for mine, others in ((self.p, other.p), (self.moments, other.moments)):
            for name, array in mine.items():
                np.copyto(array, others[name])
        self.state = {name: s.copy() for name, s in other.state.items()}
        for name, value in vars(other).items():
            if name not in (*GROUPS, *STANDS):
                setattr(self, name, value)

    def pack(self) -> tuple[Arrays, dict[str, Any]]:
        """As arrays and JSON, for storage."""
        arrays = {f"{group}.{k}": v for group in GROUPS for k, v in getattr(self, group).items()}
        rest = {k: v for k, v in vars(self).items() if k not in GROUPS}
        if self.good:
            of_good, rest["good"] = self.good.pack()
            arrays |= {f"good.{k}": v for k, v in of_good.items()}
        return arrays, rest

    def unpack(self, arrays: Arrays, rest: dict[str, Any]) -> None:
        """Take over what `pack` gave, into the memory of the arrays that are here; those are of the run's
        beginning. `arrays` is emptied on the way.

        Raises ValueError where that is not of such a run, KeyError where it is not all there.
        """
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
