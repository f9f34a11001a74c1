"""Optimizers: a row of OPTIMIZERS is two functions over plain dicts of arrays.

`initial(p)` gives the moments, a dict of arrays that is saved with the training state;
`update(p, gradients, moments, lr, step)` changes parameters and moments in place. Clipping is a
function of the gradients and comes before either.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rnn_cli.network.functions import Array

Arrays = dict[str, Array]
PIECE = 1 << 16  # entries worked on at a time: what an update reads and writes stays in the cache


class Optimizer(NamedTuple):
    initial: Callable[[Arrays], Arrays]
    update: Callable[[Arrays, Arrays, Arrays, float, int], None]
    lr: float  # the default of --lr


def average_and_clip(gradients: Arrays, tokens: float, limit: float | None) -> float:
    """In place: summed gradients divided by the number of predicted tokens, and all of them scaled
    so that their norm together is at most `limit` (Pascanu et al. 2013). -> the norm before it; where
    that is not finite the gradients stay as they are."""
    square = sum(float(np.vdot(g.ravel("K"), g.ravel("K"))) for g in gradients.values())
    norm = math.sqrt(square) / tokens
    if not math.isfinite(norm):
        return norm
    scale = 1.0 if limit is None or norm <= limit else limit / norm
    for g in gradients.values():
        np.multiply(g, scale / tokens, out=g)
    return norm


def sgd_initial(p: Arrays) -> Arrays:
    return {}


def sgd_update(p: Arrays, gradients: Arrays, moments: Arrays, lr: float, step: int) -> None:
    """p -= lr g."""
    for name in p:
        for p_k, g_k in _pieces(p[name], gradients[name]):
            p_k -= lr * g_k


def adam_initial(p: Arrays) -> Arrays:
    names = [f"{moment}.{name}" for moment in ("mean", "square") for name in p]
    return {name: np.zeros_like(p[name.partition(".")[2]]) for name in names}


def adam_update(
    p: Arrays,
    gradients: Arrays,
    moments: Arrays,
    lr: float,
    step: int,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> None:
    """Kingma and Ba 2015, algorithm 1; `step` counts from 1."""
    unbias_1, unbias_2 = 1 - beta_1**step, 1 - beta_2**step
    for name in p:
        mean, square = moments[f"mean.{name}"], moments[f"square.{name}"]
        for p_k, g_k, mean_k, square_k in _pieces(p[name], gradients[name], mean, square):
            mean_k += (1 - beta_1) * (g_k - mean_k)
            square_k += (1 - beta_2) * (g_k * g_k - square_k)
            p_k -= (lr / unbias_1) * mean_k / (np.sqrt(square_k / unbias_2) + epsilon)


def _pieces(*arrays: Array) -> Iterator[list[Array]]:
    """Arrays of one shape and one memory order, as short flat views side by side."""
    flat = [array.ravel("K") for array in arrays]
    for first in range(0, flat[0].size, PIECE):
        yield [array[first : first + PIECE] for array in flat]


OPTIMIZERS = {
    "adam": Optimizer(adam_initial, adam_update, lr=4e-3),
    "sgd": Optimizer(sgd_initial, sgd_update, lr=1.0),
}
