"""The training loop. It yields what happened and never prints, saves or stops of itself: that is
ordinary code in the `for` that consumes it."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np

from rnn_cli.errors import Diverged
from rnn_cli.network.arrays import Parameters, State
from rnn_cli.network.model import Batch, Network
from rnn_cli.training.executor import Executor
from rnn_cli.training.optimizers import OPTIMIZERS, Arrays, apply, clipping, gradient_norm, initial_moments
from rnn_cli.training.ranks import Dropout
from rnn_cli.training.schedules import SCHEDULES, learning_rate_factor


class Windows(Protocol):
    """A text as windows to be read in turn; a row of one goes on where it ended in the one before."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Batch: ...


@dataclass(frozen=True)
class Recipe:
    """How to train: what, with the data and the first parameters, decides all that follows."""

    optimizer: str
    lr: float
    clip: float | None  # the largest norm of the gradient; None does not clip
    epochs: int
    warmup: float  # the share of the run in which the learning rate rises
    schedule: str = "cosine"  # how it goes on from there
    dropout: float = 0.0  # the share of what enters and leaves the states that a step leaves out
    weight_decay: float = 0.0  # of the matrices at each step
    variational: bool = False  # whether that is the same at all steps of a window
    seed: int = 0  # decides what is left out


@dataclass
class TrainingState:
    """All that the loop changes: what a run needs to go on where it was."""

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

    def pack(self) -> tuple[Arrays, dict[str, Any]]:
        """As arrays and JSON, for storage."""
        groups = {"p": self.p, "moments": self.moments, "state": self.state}
        arrays = {f"{group}.{k}": v for group, named in groups.items() for k, v in named.items()}
        rest = {k: v for k, v in vars(self).items() if k not in groups}
        return arrays, rest


@dataclass(frozen=True)
class StepDone:
    loss: float  # nats per predicted token of the window
    norm: float  # of the gradient, before clipping
    lr: float
    tokens: int  # predicted in the window


@dataclass(frozen=True)
class EpochDone:
    train_loss: float  # nats per predicted token, each window with the parameters of its moment
    valid_loss: float | None
    improved: bool  # whether this is the best epoch so far


def start(network: Network, recipe: Recipe, p: Parameters, batch: int) -> TrainingState:
    """The state of a run that begins from parameters p, with `batch` rows."""
    moments = initial_moments(OPTIMIZERS[recipe.optimizer], network, p)
    return TrainingState(p, moments, network.zero_state(batch))


def train(
    executor: Executor,
    recipe: Recipe,
    at: TrainingState,
    epoch_windows: Callable[[int], Windows],
    valid: Windows | None = None,
) -> Iterator[StepDone | EpochDone]:
    """Go on from `at` to the end of the recipe's last epoch, changing `at` in place.

    At each yield `at` is whole: a run begun from a copy of it does the same again.
    Raises Diverged before a loss or a gradient that is not finite touches the parameters.
    """
    optimizer, schedule = OPTIMIZERS[recipe.optimizer], SCHEDULES[recipe.schedule]
    while at.epoch < recipe.epochs:
        windows = epoch_windows(at.epoch)
        while at.window < len(windows):
            began = time.perf_counter()
            batch = windows[at.window]
            tokens = int(batch.weight.sum())
            progress = (at.epoch + (at.window + 1) / len(windows)) / recipe.epochs
            lr = recipe.lr * at.lr_factor * learning_rate_factor(schedule, progress, recipe.warmup)
            dropout = Dropout(recipe.dropout, (recipe.seed, *b"dropout", at.step), recipe.variational)
            E, gradients, at_end = executor.loss_and_gradients(at.p, batch, at.state, dropout)
            norm = gradient_norm(gradients) / tokens
            if not (math.isfinite(E) and math.isfinite(norm)):
                what = "gradient" if math.isfinite(E) else "loss"
                raise Diverged(f"the {what} of step {at.step + 1} (epoch {at.epoch + 1}) is not finite")
            at.step += 1
            scale = clipping(norm, recipe.clip) / tokens
            how = (lr, at.step, scale, recipe.weight_decay)
            executor.update(partial(apply, optimizer, at.p, gradients, at.moments, *how))
            at.state = at_end
            at.window += 1
            at.tokens += tokens
            at.epoch_nats += E
            at.epoch_tokens += tokens
            at.seconds += time.perf_counter() - began
            yield StepDone(E / tokens, norm, lr, tokens)
        began = time.perf_counter()
        train_loss = at.epoch_nats / at.epoch_tokens
        valid_loss = None if valid is None else evaluate(executor, at.p, valid)
        loss = train_loss if valid_loss is None else valid_loss
        if not math.isfinite(loss):
            raise Diverged(f"the validation loss after epoch {at.epoch + 1} is not finite")
        at.curve = [*at.curve, [train_loss, valid_loss]]
        at.epoch, at.window, at.epoch_nats, at.epoch_tokens = at.epoch + 1, 0, 0.0, 0
        at.state = {name: np.zeros_like(s) for name, s in at.state.items()}
        improved = at.best_loss is None or loss < at.best_loss
        if improved:
            at.best_loss, at.best_epoch = loss, at.epoch
        else:
            at.lr_factor /= schedule.when_no_better
        at.seconds += time.perf_counter() - began
        yield EpochDone(train_loss, valid_loss, improved)


def evaluate(executor: Executor, p: Parameters, windows: Windows) -> float:
    """Nats per predicted token over a text, from s_0 = 0."""
    nats, tokens = 0.0, 0.0
    state = executor.network.zero_state(windows[0].x.shape[1])
    for index in range(len(windows)):
        batch = windows[index]
        E, state = executor.loss(p, batch, state)
        nats += E
        tokens += float(batch.weight.sum())
    return nats / tokens
