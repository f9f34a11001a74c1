"""Schedules of the learning rate. A row of SCHEDULES has a factor, which is a function of the run's progress
and so needs no saving, and a divisor for epochs that do not improve the loss, whose effect is saved
(`lr_factor`)."""

import math
from collections.abc import Callable
from typing import NamedTuple

FLOOR = 0.05  # the factor with which a falling schedule ends
PLATEAU_DIVISOR = 4.0


class Schedule(NamedTuple):
    """How the learning rate changes after the warm-up."""

    factor: Callable[[float], float]  # of the share (0 to 1) done of the run after the warm-up
    when_no_better: float = 1.0  # divides the learning rate after an epoch that did not improve the loss


def constant(done: float) -> float:
    """Stay at the top."""
    return 1.0


def linear(done: float) -> float:
    """Fall linearly."""
    return 1 - (1 - FLOOR) * done


def cosine(done: float) -> float:
    """Fall along half a cosine (Loshchilov and Hutter 2017, equation 5)."""
    return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2


SCHEDULES = {
    "constant": Schedule(constant),
    "linear": Schedule(linear),
    "cosine": Schedule(cosine),
    # Mikolov et al. 2010 divide by 2; PyTorch's example word_language_model divides by 4.
    "plateau": Schedule(constant, when_no_better=PLATEAU_DIVISOR),
}


def learning_rate_factor(schedule: Schedule, progress: float, warmup: float) -> float:
    """Return the factor of the learning rate at `progress` (0 to 1) of the run: it rises linearly until
    `warmup`, then follows the schedule."""
    if warmup and progress <= warmup:
        return progress / warmup
    return schedule.factor((progress - warmup) / (1 - warmup))
