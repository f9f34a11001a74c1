"""How the learning rate changes in a run: a row of SCHEDULES is a factor of it as a function of the
position, which needs no saving, and what an epoch that got no better does to it, which does."""

import math
from collections.abc import Callable
from typing import NamedTuple

FLOOR = 0.05  # of the learning rate, where a schedule that falls ends
PLATEAU_DIVISOR = 4.0


class Schedule(NamedTuple):
    factor: Callable[[float], float]  # at a share (0 to 1) of what follows the warm-up
    when_no_better: float = 1.0  # divides the learning rate after an epoch that did not improve the loss


def constant(done: float) -> float:
    return 1.0


def linear(done: float) -> float:
    """Down in a line."""
    return 1 - (1 - FLOOR) * done


def cosine(done: float) -> float:
    """Down in half a cosine (Loshchilov and Hutter 2017, equation 5)."""
    return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2


SCHEDULES = {
    "constant": Schedule(constant),
    "linear": Schedule(linear),
    "cosine": Schedule(cosine),
    # Mikolov et al. 2010 halve the rate then; PyTorch's example word_language_model takes a quarter.
    "plateau": Schedule(constant, when_no_better=PLATEAU_DIVISOR),
}


def learning_rate_factor(schedule: Schedule, progress: float, warmup: float) -> float:
    """A factor of the learning rate at `progress` (0 to 1) of the run: up in a line until `warmup`,
    then as the schedule has it."""
    if warmup and progress <= warmup:
        return progress / warmup
    return schedule.factor((progress - warmup) / (1 - warmup))
