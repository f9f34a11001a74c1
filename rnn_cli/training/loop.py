"""The training loop. It yields what happened and never prints, saves or stops of itself: that is
ordinary code in the `for` that consumes it."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from rnn_cli.errors import Diverged
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.network import Batch, Network
from rnn_cli.training.divergence import LONG, not_finite, watch
from rnn_cli.training.optimizers import OPTIMIZERS, apply, clipping, gradient_norm, initial_moments
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.ranks import Dropout
from rnn_cli.training.schedules import SCHEDULES, learning_rate_factor
from rnn_cli.training.state import TrainingState

KEEP_EVERY = 1000  # steps
HALF = 0.5  # of the learning rate, after a rollback


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
    max_rollbacks: int = 0  # how often a run that has diverged goes back and halves the learning rate


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


@dataclass(frozen=True)
class RolledBack:
    why: str  # the run had diverged
    lr: float  # the highest learning rate from here on


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
) -> Iterator[StepDone | EpochDone | RolledBack]:
    """Go on from `at` to the end of the recipe's last epoch, changing `at` in place.

    At each yield `at` is whole: a run begun from a copy of it does the same again.
    Raises Diverged before a loss or a gradient that is not finite touches the parameters, or when the loss
    has been high for long (divergence.py), and there is no going back any more; `at` is the last good state
    then, if the recipe had one kept.
    """
    while at.epoch < recipe.epochs:
        try:
            yield from _go_through_epoch(executor, recipe, at, epoch_windows(at.epoch), valid)
        except Diverged as error:
            if recipe.max_rollbacks and at.good:
                at.go_back()
            if at.rollbacks >= recipe.max_rollbacks or not at.good:
                raise
            at.rollbacks += 1
            yield RolledBack(str(error), highest_rate(recipe, at))


def highest_rate(recipe: Recipe, at: TrainingState) -> float:
    """The learning rate at the top of the schedule: the recipe's, halved by each rollback."""
    return recipe.lr * at.lr_factor * HALF**at.rollbacks


def _go_through_epoch(
    executor: Executor, recipe: Recipe, at: TrainingState, windows: Windows, valid: Windows | None
) -> Iterator[StepDone | EpochDone]:
    """The rest of an epoch. Raises Diverged, with `at` as it was before the step that met it."""
    schedule = SCHEDULES[recipe.schedule]
    while at.window < len(windows):
        began = time.perf_counter()
        progress = (at.epoch + (at.window + 1) / len(windows)) / recipe.epochs
        lr = highest_rate(recipe, at) * learning_rate_factor(schedule, progress, recipe.warmup)
        done = _step(executor, recipe, at, windows[at.window], lr)
        at.seconds += time.perf_counter() - began
        yield done
    began = time.perf_counter()
    train_loss = at.epoch_nats / at.epoch_tokens
    name = f"the validation loss after epoch {at.epoch + 1}"
    valid_loss = None if valid is None else evaluate(executor, at.p, valid, name)
    loss = train_loss if valid_loss is None else valid_loss
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


def _step(executor: Executor, recipe: Recipe, at: TrainingState, batch: Batch, lr: float) -> StepDone:
    """The next step, on its window."""
    tokens = int(batch.weight.sum())
    dropout = Dropout(recipe.dropout, (recipe.seed, *b"dropout", at.step), recipe.variational)
    E, gradients, at_end = executor.loss_and_gradients(at.p, batch, at.state, dropout)
    norm = gradient_norm(gradients) / tokens
    place = f"of step {at.step + 1} (epoch {at.epoch + 1})"
    if what := not_finite(E, norm):
        raise Diverged(f"the {what} {place} is not finite", batch)
    usual, high = watch(E / tokens, at.usual_loss, at.high_losses, executor.network.m)
    if high >= LONG:
        raise Diverged(f"the loss {place}, {E / tokens:.3g}, has been high for {high} steps", batch)
    if recipe.max_rollbacks and not high and _is_to_be_kept(at):
        at.keep()  # now that its parameters have shown a good loss
    at.usual_loss, at.high_losses = usual, high
    at.step += 1
    how = (lr, at.step, clipping(norm, recipe.clip) / tokens, recipe.weight_decay)
    executor.update(partial(apply, OPTIMIZERS[recipe.optimizer], at.p, gradients, at.moments, *how))
    at.state = at_end
    at.window += 1
    at.tokens += tokens
    at.epoch_nats += E
    at.epoch_tokens += tokens
    return StepDone(E / tokens, norm, lr, tokens)


def _is_to_be_kept(at: TrainingState) -> bool:
    """Whether a state is one to go back to: the first of an epoch, or of many steps."""
    if at.good is None:
        return True
    return at.step >= at.good.step + KEEP_EVERY or (at.window == 0 and at.step > at.good.step)


def evaluate(executor: Executor, p: Parameters, windows: Windows, name: str = "the loss") -> float:
    """Nats per predicted token over a text, from s_0 = 0. Raises Diverged where a loss is not finite."""
    nats, tokens = 0.0, 0.0
    state = executor.network.zero_state(windows[0].x.shape[1])
    for index in range(len(windows)):
        batch = windows[index]
        E, state = executor.loss(p, batch, state)
        if not math.isfinite(E):
            raise Diverged(f"{name} is not finite", batch)
        nats += E
        tokens += float(batch.weight.sum())
    return nats / tokens
