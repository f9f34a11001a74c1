"""The training loop. It yields events; it never prints, saves or stops. Its consumer does all that, in the
body of a `for` loop."""

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np

from rnn_cli.errors import Diverged
from rnn_cli.network.arrays import State
from rnn_cli.network.functions import Drop
from rnn_cli.training.divergence import LONG, not_finite, watch
from rnn_cli.training.judging import BY_LOSS_OF_TRAINING, Figures, Judging
from rnn_cli.training.optimizers import OPTIMIZERS, Step, apply, clipping, gradient_norm, initial_moments
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.ranks import Dropout
from rnn_cli.training.parallel.trainable import Windows
from rnn_cli.training.parallel.world import Part
from rnn_cli.training.schedules import SCHEDULES, learning_rate_factor
from rnn_cli.training.state import TrainingState

KEEP_EVERY = 1000  # steps
HALF = 0.5  # factor of the learning rate after a rollback

Yielded = TypeVar("Yielded")
Returned = TypeVar("Returned")


@dataclass(frozen=True)
class Recipe:
    """How to train. Together with the data and the initial parameters, it determines the whole run."""

    optimizer: str
    lr: float
    clip: float | None  # the largest norm of the gradient; None: no clipping
    epochs: float  # may end with a part of one
    warmup: float  # the share of the run during which the learning rate rises
    schedule: str = "cosine"  # of the learning rate after the warm-up
    dropout: float = 0.0  # the share of the layers' inputs and outputs that a step drops
    weight_decay: float = 0.0  # of the matrices, at each step
    variational: bool = False  # whether to use one dropout mask for all steps of a window
    dropconnect: float = 0.0  # the share of the entries of W that a step drops
    seed: int = 0  # of dropout
    max_rollbacks: int = 0  # how often a diverging run may go back and halve the learning rate

    @property
    def drop(self) -> Drop:
        """The shares that a step drops."""
        return Drop(self.dropout, self.variational, self.dropconnect)


@dataclass(frozen=True)
class StepDone:
    """A training step on one window is done."""

    step: int  # its number in the run, from 1
    epoch: int  # the number of its epoch, from 1
    loss: float  # nats per predicted token of the window
    norm: float  # of the gradient, before clipping
    lr: float
    tokens: int  # predicted in the window


@dataclass(frozen=True)
class Validating:
    """A window of the validation text has been evaluated."""

    window: int  # its number, from 1
    windows: int  # in the text


@dataclass(frozen=True)
class EpochDone:
    """An epoch has ended, including its validation."""

    epoch: int  # its number, from 1
    train_loss: float  # nats per predicted token, each window with the parameters at its step
    valid_loss: float | None
    improved: bool  # whether this is the best epoch so far
    figures: Figures = field(default_factory=dict)  # other than the loss (judging.py)


@dataclass(frozen=True)
class RolledBack:
    """The run diverged and is back in its last good state."""

    step: int  # the number of steps done by that state
    reason: str
    lr: float  # the new highest learning rate


Event = StepDone | Validating | EpochDone | RolledBack


def start(executor: Executor, recipe: Recipe, batch: int) -> TrainingState:
    """Return the initial state of a run with the executor's parameters (its `p` is `executor.p`) and `batch`
    rows."""
    moments = initial_moments(OPTIMIZERS[recipe.optimizer], executor.network, executor.p)
    return TrainingState(executor.p, moments, executor.network.zero_state(batch, executor.dtype))


def train(
    executor: Executor,
    recipe: Recipe,
    at: TrainingState,
    epoch_windows: Callable[[int], Windows],
    judging: Judging = BY_LOSS_OF_TRAINING,
) -> Iterator[Event]:
    """Continue from `at` to the end of the recipe's last epoch, changing `at` in place.

    epoch_windows: returns the windows of an epoch, counted from 0. judging: decides which epoch is the best.

    At each yield, `at` is consistent: a run that starts from a copy of it repeats the rest exactly. Between
    validation windows, `at` is at the end of the epoch's steps, so a copy validates from the first window
    again.

    Raises Diverged, if no rollback is left, before a loss or gradient that is not finite changes the
    parameters, or when the loss has stayed high (divergence.py); `at` is then the last good state, if the
    recipe keeps one. Raises ValueError if `at` does not hold the executor's parameters.
    """
    if at.p is not executor.p:
        raise ValueError("the state of another executor")
    while at.epoch < recipe.epochs:
        try:
            yield from _timed(at, _go_through_epoch(executor, recipe, at, epoch_windows(at.epoch), judging))
        except Diverged as error:
            if recipe.max_rollbacks and at.good:
                at.go_back()
            if at.rollbacks >= recipe.max_rollbacks or not at.good:
                raise
            at.rollbacks += 1
            yield RolledBack(at.step, str(error), highest_rate(recipe, at))


def highest_rate(recipe: Recipe, at: TrainingState) -> float:
    """Return the learning rate at the top of the schedule: the recipe's, with the schedule's effect so far
    and halved by each rollback."""
    return recipe.lr * at.lr_factor * HALF**at.rollbacks


def _timed(
    at: TrainingState, events: Generator[Yielded, None, Returned]
) -> Generator[Yielded, None, Returned]:
    """Yield the same events; add the time that each took to `at.seconds` before yielding it."""
    while True:
        began = time.perf_counter()
        try:
            event = next(events)
        except StopIteration as end:
            return end.value
        finally:
            at.seconds += time.perf_counter() - began
        yield event


def _go_through_epoch(
    executor: Executor, recipe: Recipe, at: TrainingState, windows: Windows, judging: Judging
) -> Generator[StepDone | Validating | EpochDone, None, None]:
    """Do the rest of an epoch. Raises Diverged, leaving `at` as it was before the step that diverged."""
    schedule = SCHEDULES[recipe.schedule]
    last = min(len(windows), math.ceil((recipe.epochs - at.epoch) * len(windows)))
    while at.window < last:
        progress = min(1.0, (at.epoch + (at.window + 1) / len(windows)) / recipe.epochs)
        lr = highest_rate(recipe, at) * learning_rate_factor(schedule, progress, recipe.warmup)
        yield _step(executor, recipe, at, executor.part(windows, at.window), lr)
    train_loss = at.epoch_nats / max(at.epoch_tokens, 1)
    valid_loss = None
    if judging.windows is not None:
        judging.fit(at)
        name = f"the validation loss after epoch {at.epoch + 1}"
        valid_loss = yield from evaluate(executor, judging.windows, name)
    loss = train_loss if valid_loss is None else valid_loss
    figures = judging.figures(at)
    at.curve = [*at.curve, [train_loss, valid_loss]]
    at.epoch, at.window, at.epoch_nats, at.epoch_tokens = at.epoch + 1, 0, 0.0, 0
    at.state = {name: np.zeros_like(s) for name, s in at.state.items()}
    new = judging.verdict(loss, figures)
    improved = judging.is_better(new, at)
    if improved:
        at.best_loss, at.best_figure, at.best_epoch = new.loss, new.figure, at.epoch
    else:
        at.lr_factor /= schedule.when_no_better
    yield EpochDone(at.epoch, train_loss, valid_loss, improved, figures)


def _step(executor: Executor, recipe: Recipe, at: TrainingState, part: Part, lr: float) -> StepDone:
    """Do a training step on this rank's part of a window."""
    weight, tokens, batch = part.weight, part.targets, part.batch
    dropout = Dropout(recipe.drop, (recipe.seed, *b"dropout", at.step))
    E, gradients, after = executor.loss_and_gradients(part, at.state, dropout)
    E, norm = executor.accord.of_batch(E, gradient_norm(gradients), part.rows)
    norm /= weight
    place = f"of step {at.step + 1} (epoch {at.epoch + 1})"
    if what := not_finite(E, norm):
        raise Diverged(f"the {what} {place} is not finite", batch)
    usual, high = watch(E / weight, at.usual_loss, at.high_losses, executor.network.m)
    if high >= LONG:
        raise Diverged(f"the loss {place}, {E / weight:.3g}, has been high for {high} steps", batch)
    if recipe.max_rollbacks and not high and _is_to_be_kept(at):
        at.keep()  # its parameters have just given a good loss
    at.usual_loss, at.high_losses = usual, high
    at.step += 1
    step = Step(lr, at.step, clipping(norm, recipe.clip) / weight, recipe.weight_decay)
    executor.update(partial(apply, OPTIMIZERS[recipe.optimizer], at.p, gradients, at.moments, step))
    at.state = after
    at.window += 1
    at.tokens += tokens
    at.epoch_nats += E
    at.epoch_tokens += tokens
    return StepDone(at.step, at.epoch + 1, E / weight, norm, lr, tokens)


def _is_to_be_kept(at: TrainingState) -> bool:
    """Return whether to keep this state to go back to: an epoch's first, and one every KEEP_EVERY steps."""
    if at.good is None:
        return True
    return at.step >= at.good.step + KEEP_EVERY or (at.window == 0 and at.step > at.good.step)


def evaluate(
    executor: Executor, windows: Windows, name: str = "the loss"
) -> Generator[Validating, None, float]:
    """Evaluate a text from s_0 = 0, yielding after each window; return the loss in nats per predicted token.

    Raises Diverged, with the loss called `name`, if the loss is not finite.
    """
    nats, tokens = 0.0, 0.0
    state: State | None = None
    for index in range(len(windows)):
        part = executor.part(windows, index)
        state = executor.zero_state(part.rows) if state is None else state
        E, state = executor.evaluate(part, state)
        E, _ = executor.accord.of_batch(E, 0.0, part.rows)
        if not math.isfinite(E):
            raise Diverged(f"{name} is not finite", part.batch)
        nats += E
        tokens += part.weight
        yield Validating(index + 1, len(windows))
    return nats / tokens
