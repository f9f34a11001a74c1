"""Fitting a run to a time: choosing the preset and the number of epochs, and re-planning as the run goes on.

The learning rate falls until the end of the recipe's epochs, so a time budget is kept by planning their
number: at first from a short measurement, then repeatedly from the actual speed of the run. The result of
such a run therefore depends on the clock.
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
MEASURED = 0.05  # of the time, at most, for that measurement
FORWARD = 1 / 3  # cost of a validation step relative to a training step
# A preset may be chosen if its full run takes at most this many times the budget. The preset for the text's
# size beats a faster one even with a sixth of its steps (tests/benchmarks/README.md); a slower one needs
# nearly all of its own.
LONGER_BY_SIZE, LONGER = 6.0, 1.3
LEAST_EPOCHS = 0.05
UNKNOWN = 1_000_000  # epochs recorded while the time is not over: the run is saved as unfinished
AGAIN = 0.08  # of the budget: the interval between plans
FEW = 4  # steps that are needed to know the time of a step well
LEAST_SECONDS = 1e-6  # of an epoch, at least
LONG = 90.0  # seconds: the time of longer runs is announced at their start
PROBE = 0.5  # seconds of training to estimate it from
FASTEST = 2e11  # operations per second and thread: an upper bound
QUICK = 10  # times as long as at FASTEST: an upper bound on the time of a run
Candidate = tuple[float, LanguageRun, float]  # seconds of the full run, the run, seconds per epoch
RIVALS = ("tanh", "patient")  # a faster and a slower alternative to the preset for a text's size


def seconds_of(settings: Settings) -> float | None:
    """Return the time limit of a run in seconds; None if there is none."""
    return Interval.parse(settings.time).seconds if settings.time else None


def measured_rate(run: AnyRun, seconds: float, team: Team = NO_TEAM) -> float:
    """Return tokens per second, measured by training for some seconds on this machine, or with this team of
    ranks."""
    with Executor(run.network, run.first_parameters(), run.window, run.threads, team=team) as executor:
        speed = training_speed(executor, run.recipe, run.epoch_windows(0), run.rows, seconds)
    return speed.tokens / speed.seconds


def epoch_seconds(run: Run, rate: float) -> float:
    """Return the seconds per epoch, validation included, at `rate` tokens per second."""
    validated = (run.data.valid_targets or 0) / run.data.share
    return (run.data.targets + FORWARD * validated) / rate


def fitted(asked: Settings, run: LanguageRun, seconds: float) -> LanguageRun:
    """Return the run that makes the best use of some seconds. Of the presets that the settings leave open, it
    uses the one whose full recipe fits best, with as many epochs as there is time for."""
    rate = measured_rate(run, _measuring(seconds))
    flops = run.flops
    chosen, an_epoch = best([*_candidates(asked, run, rate * flops)], run.settings.preset, seconds)
    epochs = max(LEAST_EPOCHS, seconds / an_epoch)
    share = min(1.0, epochs / chosen.recipe.epochs)
    # data seen only a few times is not memorised
    less: dict[str, Any] = {
        name: round((getattr(chosen.settings, name) or 0.0) * share, 2)
        for name in ("dropout", "dropconnect")
        if getattr(asked, name) is None
    }
    return replace(chosen, settings=replace(chosen.settings, **less, epochs=UNKNOWN), planned=epochs)


def fitted_epochs(run: AnyRun, seconds: float) -> AnyRun:
    """Return a run with as many epochs as there is time for."""
    an_epoch = epoch_seconds(run, measured_rate(run, _measuring(seconds)))
    settings = replace(run.settings, epochs=UNKNOWN)
    return replace(run, settings=settings, planned=max(LEAST_EPOCHS, seconds / an_epoch))


def _measuring(seconds: float) -> float:
    """Return how long to measure speed for a run of some seconds."""
    return min(CALIBRATION, MEASURED * seconds)


def best(rows: list[Candidate], usual: str | None, seconds: float) -> tuple[LanguageRun, float]:
    """Return the run that makes the best use of some seconds, and its seconds per epoch.

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
    """Yield a candidate for each preset to consider."""
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
    """Return how many epochs a run has time for, at the speed of those done so far; None if none is done."""
    return done + max(0.0, seconds - spent) / (spent / done) if done and spent else None


def forecast(run: AnyRun, world: World, done: int) -> Notice | None:
    """Return a notice of how long a run takes from epoch `done` on, with the option that shortens it; None if
    it is over soon. If the run may be long, its speed is measured here for PROBE seconds."""
    epochs = run.recipe.epochs - done
    if QUICK * epochs * run.epoch_flops / (FASTEST * run.threads * world.size) < LONG:
        return None
    left = epochs * epoch_seconds(run, measured_rate(run, PROBE, run.team(world)))
    if left < LONG:
        return None
    short = max(1, round(left / 60 / 20))
    return Notice(
        f"this run will take about {left / 60:,.0f} minutes; --time {short}m would limit it to {short}"
    )


def late(settings: Settings, spent: float) -> Notice | None:
    """Return a warning if half of the time or more is over before the first step. spent: seconds until
    then."""
    seconds = seconds_of(settings)
    if seconds is None or spent < seconds / 2:
        return None
    what = f"--time {settings.time}: reading the text took {spent:.1f} s of it"
    return Notice(f"{what}: give more time", is_warning=True)


class Pace:
    """The time that the steps of a run take.

    steps: the number of windows timed. seconds: the time they took.
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
    """The time that a run has left, and the recipe that fits it. seconds: for the whole run."""

    def __init__(self, seconds: float, at: TrainingState, began: float):
        """began: when this session began, by the monotonic clock; training time of earlier sessions counts as
        spent."""
        self._seconds, self._began = seconds, began - at.seconds
        self._planned_at = self._seen_at = self._spent()
        self._place = at.epoch, at.window  # at the last look
        self._whole, self._late = Pace(), Pace()  # in this session; since the last plan
        self._end = 0.0  # seconds that the end of an epoch takes: validation and saving

    def _spent(self) -> float:
        return time.monotonic() - self._began

    def resumed(self, recipe: Recipe, at: TrainingState, windows: int) -> Recipe:
        """Return the recipe with the number of epochs that there is time for, given the speed of earlier
        sessions.

        windows: per epoch.
        """
        done = at.epoch + at.window / windows
        return replace(recipe, epochs=epochs_in(self._seconds, at.seconds, done) or recipe.epochs)

    def replanned(self, recipe: Recipe, at: TrainingState, windows: int) -> Recipe | None:
        """Return a recipe with the number of epochs that there is time for, if it is time to plan again; else
        None. To be called after each step and each epoch.

        windows: per epoch.
        """
        self._look(at, windows)
        if self._spent() < self._planned_at + AGAIN * self._seconds or not self._whole.steps:
            return None
        return self._with_time_left(recipe, at, windows, self._epoch_seconds(windows))

    def prolonged(self, recipe: Recipe, at: TrainingState, windows: int) -> Recipe | None:
        """Return a recipe with more epochs if its own are done and much of the time is left, since one slow
        moment can spoil a plan; else None. windows: per epoch."""
        spent, done = self._spent(), at.epoch + at.window / windows
        if spent > (1 - AGAIN) * self._seconds or not done:
            return None
        an_epoch = self._epoch_seconds(windows) if self._whole.steps else spent / done
        longer = self._with_time_left(recipe, at, windows, an_epoch)
        return longer if (longer.epochs - done) * windows >= 1 else None

    def _look(self, at: TrainingState, windows: int) -> None:
        """Assign the time since the last look to the steps done since, or to the end of an epoch."""
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
        """Return the seconds per epoch: at the recent speed or, if only a few steps were done since the last
        plan, at that of the whole session."""
        pace = self._late if self._late.steps >= min(FEW, windows) else self._whole
        return max(windows * pace.of_step + self._end, LEAST_SECONDS)

    def _with_time_left(self, recipe: Recipe, at: TrainingState, windows: int, an_epoch: float) -> Recipe:
        """Return the recipe with as many epochs of `an_epoch` seconds as there is time for, including the end
        of the last one."""
        self._planned_at, self._late = self._spent(), Pace()
        left = max(0.0, self._seconds - self._planned_at - self._end) / an_epoch
        return replace(recipe, epochs=at.epoch + at.window / windows + left)
