"""A run that fits a time: which preset, how many epochs, and the same again as it goes on.

The learning rate comes down to the end of the recipe's epochs, so a budget is kept by planning these: at
first from a moment of training, then again and again from how fast the run really is. So the result of such a
run depends on the clock.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rnn_cli.runs.interval import Interval
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.presets import NAMES
from rnn_cli.runs.run import AnyRun, Run
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.language_run import LanguageRun, decide
from rnn_cli.training.loop import Recipe
from rnn_cli.training.measure import training_speed
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.world import NO_TEAM, Team, World
from rnn_cli.training.state import TrainingState

CALIBRATION = 1.5  # seconds of training, at most
MEASURED = 0.05  # of the time, at most
FORWARD = 1 / 3  # of a training step's arithmetic: what a step of validation has
# How many times the budget a preset may want in full, and still be chosen. With a sixth of its steps the one
# for the text's size beats a faster one (tests/benchmarks/README.md); a slower one needs nearly all its own.
LONGER_BY_SIZE, LONGER = 6.0, 1.3
LEAST_EPOCHS = 0.05
UNKNOWN = 1_000_000  # epochs of a run whose time is not over: it is saved as one that goes on
AGAIN = 0.08  # of the budget, after which it is planned again
FEW = 4  # steps, of which the time of a step is not yet known well
LEAST_SECONDS = 1e-6  # of an epoch
LONG = 90.0  # seconds of a run, from which on its time is foretold
PROBE = 0.5  # seconds of training that foretell it
FASTEST = 2e11  # operations a second of a thread: more than any has
QUICK = 10  # times as long as at FASTEST: what no run takes
Candidate = tuple[float, LanguageRun, float]  # seconds of a full run, the run, seconds of an epoch
RIVALS = ("tanh", "patient")  # a faster and a slower one than the preset for a text's size


def seconds_of(settings: Settings) -> float | None:
    """Return the time that a run may take; None where there is no limit."""
    return Interval.parse(settings.time).seconds if settings.time else None


def measured_rate(run: AnyRun, seconds: float, team: Team = NO_TEAM) -> float:
    """Return tokens a second, from some seconds of training on this machine, or by this team of ranks."""
    with Executor(run.network, run.first_parameters(), run.window, run.threads, team=team) as executor:
        speed = training_speed(executor, run.recipe, run.epoch_windows(0), run.rows, seconds)
    return speed.tokens / speed.seconds


def epoch_seconds(run: Run, rate: float) -> float:
    """Return the seconds of an epoch, validation included, at `rate` tokens a second."""
    validated = (run.data.valid_targets or 0) / run.data.share
    return (run.data.targets + FORWARD * validated) / rate


def fitted(asked: Settings, run: LanguageRun, seconds: float) -> LanguageRun:
    """Return the run that makes the best of some seconds: with the preset, of those that the settings leave
    open, whose full recipe comes nearest, and the epochs that there is time for."""
    rate = measured_rate(run, _measuring(seconds))
    flops = run.flops
    chosen, an_epoch = best([*_candidates(asked, run, rate * flops)], run.settings.preset, seconds)
    epochs = max(LEAST_EPOCHS, seconds / an_epoch)
    share = min(1.0, epochs / chosen.recipe.epochs)
    # what is seen a few times only is not learned by heart
    less: dict[str, Any] = {
        name: round((getattr(chosen.settings, name) or 0.0) * share, 2)
        for name in ("dropout", "dropconnect")
        if getattr(asked, name) is None
    }
    return replace(chosen, settings=replace(chosen.settings, **less, epochs=UNKNOWN), planned=epochs)


def fitted_epochs(run: AnyRun, seconds: float) -> AnyRun:
    """Return a run with the epochs that there is time for."""
    an_epoch = epoch_seconds(run, measured_rate(run, _measuring(seconds)))
    settings = replace(run.settings, epochs=UNKNOWN)
    return replace(run, settings=settings, planned=max(LEAST_EPOCHS, seconds / an_epoch))


def _measuring(seconds: float) -> float:
    """Return how long to measure for a run of some seconds."""
    return min(CALIBRATION, MEASURED * seconds)


def best(rows: list[Candidate], usual: str | None, seconds: float) -> tuple[LanguageRun, float]:
    """Return the run that makes the best of some seconds, and the seconds of its epoch.

    usual: the preset for the size of the text.
    """

    def is_within(row: Candidate) -> bool:
        longer = LONGER_BY_SIZE if row[1].settings.preset == usual else LONGER
        return row[0] <= longer * seconds

    within = [*filter(is_within, rows)]
    return (max(within, key=_first) if within else min(rows, key=_first))[1:]


def _first(row: tuple[Any, ...]) -> float:
    return row[0]


def _candidates(asked: Settings, run: LanguageRun, flops_a_second: float) -> Iterator[Candidate]:
    """Yield a candidate for each preset in question."""
    rivals = () if asked.preset or asked.init or asked.given().keys() & set(NAMES) else RIVALS
    for name in (run.settings.preset, *rivals):
        rival = (
            run
            if name == run.settings.preset
            else decide(run.model, replace(asked, preset=name), run.data, None)
        )
        rate = flops_a_second / rival.flops
        an_epoch = epoch_seconds(rival, rate)
        yield rival.recipe.epochs * an_epoch, rival, an_epoch


def epochs_in(seconds: float, spent: float, done: float) -> float | None:
    """Return the epochs that a run has time for, at the rate of those done in the time spent; None where none
    is done."""
    return done + max(0.0, seconds - spent) / (spent / done) if done and spent else None


def forecast(run: AnyRun, world: World, done: int) -> Notice | None:
    """Return how long a run takes from epoch `done` on, and the option that shortens it; None for one that
    is over soon. A run that may be long is tried out on this machine for PROBE seconds."""
    epochs = run.recipe.epochs - done
    if QUICK * epochs * run.epoch_flops / (FASTEST * run.threads * world.size) < LONG:
        return None
    left = epochs * epoch_seconds(run, measured_rate(run, PROBE, run.team(world)))
    if left < LONG:
        return None
    short = max(1, round(left / 60 / 20))
    return Notice(f"it will take about {left / 60:,.0f} minutes; --time {short}m would fit it into {short}")


def late(settings: Settings, spent: float) -> Notice | None:
    """Return a warning where much of the time is over before the first step. spent: seconds until then."""
    seconds = seconds_of(settings)
    if seconds is None or spent < seconds / 2:
        return None
    what = f"--time {settings.time}: it took {spent:.1f} s of it to read the text"
    return Notice(f"{what}: give more time", is_warning=True)


class Pace:
    """How long the steps of a run take, and the end of an epoch: validation, and what is saved then.

    steps: how many windows were timed. seconds: that they took.
    """

    def __init__(self) -> None:
        self.steps, self.seconds = 0, 0.0

    def add(self, steps: int, seconds: float) -> None:
        self.steps += steps
        self.seconds += seconds

    @property
    def of_step(self) -> float:
        return self.seconds / self.steps


class Budget:
    """The time that a run has left, and the recipe that fits it. seconds: of the whole run."""

    def __init__(self, seconds: float, at: TrainingState, began: float):
        """began: this session, by the monotonic clock; what an earlier one trained is spent already."""
        self._seconds, self._began = seconds, began - at.seconds
        self._planned_at = self._seen_at = self._spent()
        self._place = at.epoch, at.window  # when it was last looked at
        self._whole, self._late = Pace(), Pace()  # of this session; since it was planned last
        self._end = 0.0  # seconds of the end of an epoch

    def _spent(self) -> float:
        return time.monotonic() - self._began

    def resumed(self, recipe: Recipe, at: TrainingState, windows: int) -> Recipe:
        """Return the recipe with the epochs that there is time for after those of earlier sessions.

        windows: of an epoch.
        """
        done = at.epoch + at.window / windows
        return replace(recipe, epochs=epochs_in(self._seconds, at.seconds, done) or recipe.epochs)

    def replanned(self, recipe: Recipe, at: TrainingState, windows: int) -> Recipe | None:
        """Return the recipe with the epochs that there is time for, now and then; else None. To be called
        after each step and each epoch.

        windows: of an epoch.
        """
        self._look(at, windows)
        if self._spent() < self._planned_at + AGAIN * self._seconds or not self._whole.steps:
            return None
        return self._with_time_left(recipe, at, windows, self._epoch_seconds(windows))

    def prolonged(self, recipe: Recipe, at: TrainingState, windows: int) -> Recipe | None:
        """Return the recipe with more epochs where its own are done and much of the time is left, as one slow
        moment can spoil a plan; else None. windows: of an epoch."""
        spent, done = self._spent(), at.epoch + at.window / windows
        if spent > (1 - AGAIN) * self._seconds or not done:
            return None
        an_epoch = self._epoch_seconds(windows) if self._whole.steps else spent / done
        longer = self._with_time_left(recipe, at, windows, an_epoch)
        return longer if (longer.epochs - done) * windows >= 1 else None

    def _look(self, at: TrainingState, windows: int) -> None:
        """Take the time since the last look: of the steps done since, or of the end of an epoch."""
        (epoch, window), place, now = self._place, (at.epoch, at.window), self._spent()
        took, steps = now - self._seen_at, (at.epoch - epoch) * windows + at.window - window
        if steps > 0:
            for pace in (self._whole, self._late):
                pace.add(steps, took)
        elif at.epoch > epoch:
            self._end = took
        if place != self._place:
            self._place, self._seen_at = place, now

    def _epoch_seconds(self, windows: int) -> float:
        """Return the seconds of an epoch: of late, or where few steps were done since, in the whole run."""
        pace = self._late if self._late.steps >= min(FEW, windows) else self._whole
        return max(windows * pace.of_step + self._end, LEAST_SECONDS)

    def _with_time_left(self, recipe: Recipe, at: TrainingState, windows: int, an_epoch: float) -> Recipe:
        """Return the recipe with the epochs of `an_epoch` seconds each that there is time for, the end of the
        last one included."""
        self._planned_at, self._late = self._spent(), Pace()
        left = max(0.0, self._seconds - self._planned_at - self._end) / an_epoch
        return replace(recipe, epochs=at.epoch + at.window / windows + left)
