"""The learning rate as a function of the position: what is one needs no saving."""

import math


def warmup_cosine(progress: float, warmup: float, floor: float = 0.05) -> float:
    """A factor of the learning rate at `progress` (0 to 1) of the run: up in a line until `warmup`,
    then down in half a cosine to `floor` at the end (Loshchilov and Hutter 2017, equation 5)."""
    if warmup and progress <= warmup:
        return progress / warmup
    fallen = (progress - warmup) / (1 - warmup)
    return floor + (1 - floor) * (1 + math.cos(math.pi * fallen)) / 2
