"""Optimizers: a row of OPTIMIZERS is two rules over plain arrays, one for gradients that are arrays and
one for those that come by columns.

A rule is the moments that it keeps for a parameter and `update(p, g, *moments, lr=…, step=…)`, which
changes some entries of a parameter and of their moments in place, given their gradient. An entry (or a
column) never depends on another, so that `apply` can give pieces of any array to any thread.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.functions import Array
from rnn_cli.network.inputs import Columns
from rnn_cli.network.model import Gradients, Network, Parameters

Arrays = dict[str, Array]
PIECE = 1 << 18  # entries worked on at a time; with fewer, threads would wait for Python's lock


class Rule(NamedTuple):
    moments: dict[str, Callable[[Array], Array]]  # name -> what it begins as, for a parameter
    update: Callable[..., None]


class Optimizer(NamedTuple):
    arrays: Rule
    columns: Rule
    lr: float  # the default of --lr


def gradient_norm(gradients: Gradients) -> float:
    """The Euclidean norm of all gradients together."""
    entries = (g.values if isinstance(g, Columns) else g for g in gradients.values())
    return math.sqrt(sum(float(np.vdot(g.ravel("K"), g.ravel("K"))) for g in entries))


def clipping(norm: float, limit: float | None) -> float:
    """The factor that scales a gradient down to a norm of `limit` (Pascanu et al. 2013)."""
    return 1.0 if limit is None or norm <= limit else limit / norm


def sgd(p: Array, g: Array, lr: float, step: int) -> None:
    """p -= lr g."""
    p -= lr * g


def adam(
    p: Array,
    g: Array,
    mean: Array,
    square: Array,
    lr: float,
    step: int,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> None:
    """Kingma and Ba 2015, algorithm 1; `step` counts from 1."""
    unbias_1, unbias_2 = 1 - beta_1**step, 1 - beta_2**step
    mean += (1 - beta_1) * (g - mean)
    square += (1 - beta_2) * (g * g - square)
    p -= (lr / unbias_1) * mean / (np.sqrt(square / unbias_2) + epsilon)


def adam_by_columns(
    p: Array,
    g: Array,
    square: Array,
    seen: NDArray[np.int64],
    lr: float,
    step: int,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> None:
    """Adam with beta_1 = 0, for columns (k, n) of which each occurs in some steps only.

    Adam's running mean would go on moving a column in the steps after it occurs; without one there is
    nothing to do in those but to let the square fade, and that is made good when the column occurs
    again. `seen` (k,): the step in which it last did. (On words of Journey to the West this loses
    nothing against Adam over the whole table: tests/benchmarks/README.md.)
    """
    square *= (beta_2 ** (step - seen)).astype(square.dtype)[:, None]
    square += (1 - beta_2) * g * g
    seen[:] = step
    p -= lr * g / (np.sqrt(square / (1 - beta_2**step)) + epsilon)


def one_a_column(p: Array) -> NDArray[np.int64]:
    return np.zeros(p.shape[1], np.int64)


OPTIMIZERS = {
    "adam": Optimizer(
        Rule({"mean": np.zeros_like, "square": np.zeros_like}, adam),
        Rule({"square": np.zeros_like, "seen": one_a_column}, adam_by_columns),
        lr=6e-3,
    ),
    "sgd": Optimizer(Rule({}, sgd), Rule({}, sgd), lr=1.0),
}


def initial_moments(optimizer: Optimizer, network: Network, p: Parameters) -> Arrays:
    """{"mean.W": …}: what the optimizer keeps for each parameter."""
    return {
        f"{moment}.{name}": initial(array)
        for name, array in p.items()
        for moment, initial in _rule(optimizer, network.is_dense(name)).moments.items()
    }


def _rule(optimizer: Optimizer, dense: bool) -> Rule:
    return optimizer.arrays if dense else optimizer.columns


def add(arrays: list[Array], share: int = 0, of: int = 1) -> None:
    """The sum of the arrays, in the memory of the first: the pieces of this share, one of `of`."""
    total, *others = (array.ravel("K") for array in arrays)
    for first in range(share * PIECE, total.size, of * PIECE):
        for other in others:
            total[first : first + PIECE] += other[first : first + PIECE]


def apply(
    optimizer: Optimizer,
    p: Parameters,
    gradients: Gradients,
    moments: Arrays,
    lr: float,
    step: int,
    scale: float = 1.0,
    weight_decay: float = 0.0,
    share: int = 0,
    of: int = 1,
) -> None:
    """One step of the optimizer along `scale` times the gradients, in place: the pieces of this
    share, one of `of`.

    weight_decay: matrices shrink by lr·weight_decay of themselves first (Loshchilov and Hutter 2019:
    with adam this is AdamW); biases do not. Columns that do not occur stay as they are.
    """
    for name, gradient in gradients.items():
        rule = _rule(optimizer, dense=not isinstance(gradient, Columns))
        arrays = [p[name], *(moments[f"{moment}.{name}"] for moment in rule.moments)]
        shrink = 1 - lr * weight_decay if p[name].ndim > 1 else 1
        if isinstance(gradient, Columns):
            for some in gradient.pieces(PIECE, share, of):
                p_k, *moments_k = columns = [array.T[some.tokens] for array in arrays]
                p_k *= shrink
                rule.update(p_k, scale * some.values, *moments_k, lr=lr, step=step)
                for array, changed in zip(arrays, columns, strict=True):
                    array.T[some.tokens] = changed
        else:
            flat = [array.ravel("K") for array in (gradient, *arrays)]
            for first in range(share * PIECE, gradient.size, of * PIECE):
                g_k, p_k, *moments_k = (array[first : first + PIECE] for array in flat)
                p_k *= shrink
                rule.update(p_k, scale * g_k, *moments_k, lr=lr, step=step)
