"""Optimizers: a row of OPTIMIZERS has two rules over plain arrays, one for dense gradients and one for
gradients by columns.

A rule is the moments that it keeps for a parameter and `update(p, g, *moments, lr=…, step=…)`, which changes
some entries of the parameter and its moments in place, given their gradient, and has no other side effects.
No entry (or column) depends on another, so `apply` can give pieces of any array to any thread.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.columns import Columns, Gradients
from rnn_cli.training.parallel.trainable import Trainable

Arrays = dict[str, Array]
Moments = dict[str, Callable[[Array], Array]]  # name -> function from a parameter to the initial value
PIECE = 1 << 16  # entries updated at a time, so that they stay in the cache
PIECE_OF_THREADS = 1 << 18  # with fewer, threads would wait for each other at Python's global lock


class Rule(NamedTuple):
    """What an optimizer keeps for a parameter, and how it updates the parameter."""

    moments: Moments
    update: Callable[..., None]


class Optimizer(NamedTuple):
    """A rule for each form of gradient, with defaults."""

    arrays: Rule
    columns: Rule
    lr: float  # the default of --lr
    decoupled: bool = False  # whether weight decay is kept out of the gradient


class Step(NamedTuple):
    """What determines an update in addition to the gradient."""

    lr: float
    number: int  # from 1
    scale: float = 1.0  # multiplies the gradient
    weight_decay: float = 0.0  # of matrices only, not of biases


class Share(NamedTuple):
    """One thread's share of an array's pieces: the k-th of `of` equal ones."""

    k: int
    of: int

    @property
    def piece(self) -> int:
        """The number of entries in a piece."""
        return PIECE if self.of == 1 else PIECE_OF_THREADS


WHOLE = Share(0, 1)


def gradient_norm(gradients: Gradients) -> float:
    """Return the Euclidean norm of all gradients together."""
    entries = (g.values if isinstance(g, Columns) else g for g in gradients.values())
    return math.sqrt(sum(float(np.vdot(g.ravel("K"), g.ravel("K"))) for g in entries))


def clipping(norm: float, limit: float | None) -> float:
    """Return the factor that scales a gradient down to a norm of `limit` (Pascanu et al. 2013)."""
    return 1.0 if limit is None or norm <= limit else limit / norm


def sgd(p: Array, g: Array, lr: float, step: int) -> None:
    """Plain gradient descent: p -= lr g."""
    p -= lr * g


def momentum(p: Array, g: Array, velocity: Array, lr: float, step: int, mu: float = 0.9) -> None:
    """The heavy ball of Polyak 1964 (Sutskever et al. 2013, equations 1 and 2): v = mu v + g; p -= lr v.

    As in PyTorch, lr is outside v, so that a change of lr applies to all of v at once.
    """
    velocity *= mu
    velocity += g
    p -= lr * velocity


def nesterov(p: Array, g: Array, velocity: Array, lr: float, step: int, mu: float = 0.9) -> None:
    """Nesterov 1983 as momentum (Sutskever et al. 2013, equations 3 and 4): v = mu v + g; p -= lr (g + mu v).

    As in PyTorch, p is the point where the paper takes the gradient, mu v ahead of its parameters.
    """
    velocity *= mu
    velocity += g
    p -= lr * (g + mu * velocity)


def momentum_by_columns(p: Array, g: Array, lr: float, step: int, mu: float = 0.9) -> None:
    """p -= lr / (1 - mu) g: the learning rate that momentum amounts to, without momentum.

    A velocity would keep moving a column in the steps after it occurs (see adam_by_columns), in both forms of
    momentum by lr g (1 + mu + mu^2 + …) in total; here that is done at once.
    """
    p -= lr / (1 - mu) * g


def adagrad(p: Array, g: Array, square: Array, lr: float, step: int, epsilon: float = 1e-10) -> None:
    """Duchi et al. 2011, with diagonal matrices. An entry without a gradient stays as it is, and so does its
    square, so the rule is the same by columns."""
    square += g * g
    p -= lr * g / (np.sqrt(square) + epsilon)


def rmsprop(
    p: Array, g: Array, square: Array, lr: float, step: int, beta: float = 0.99, epsilon: float = 1e-8
) -> None:
    """Tieleman and Hinton 2012, lecture 6.5."""
    square += (1 - beta) * (g * g - square)
    p -= lr * g / (np.sqrt(square) + epsilon)


def rmsprop_by_columns(
    p: Array,
    g: Array,
    square: Array,
    seen: NDArray[np.int64],
    lr: float,
    step: int,
    beta: float = 0.99,
    epsilon: float = 1e-8,
) -> None:
    """Equivalent to rmsprop over the whole table, where a column that does not occur has gradient 0."""
    mean_square_by_columns(g, square, seen, step, beta)
    p -= lr * g / (np.sqrt(square) + epsilon)


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
    """Kingma and Ba 2015, algorithm 1, in the order given at the end of section 2: both bias corrections are
    part of the learning rate instead of being made for each entry. `step` counts from 1."""
    unbias_1, unbias_2 = 1 - beta_1**step, math.sqrt(1 - beta_2**step)
    t = g - mean
    t *= 1 - beta_1
    mean += t  # mean += (1 - beta_1) (g - mean)
    np.multiply(g, g, out=t)
    t -= square
    t *= 1 - beta_2
    square += t  # square += (1 - beta_2) (g^2 - square)
    np.sqrt(square, out=t)
    t += epsilon * unbias_2
    np.divide(mean, t, out=t)
    t *= lr * unbias_2 / unbias_1
    p -= t  # p -= lr / unbias_1 mean / (sqrt(square) / unbias_2 + epsilon)


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
    """Adam with beta_1 = 0, for columns (k, n) that each occur only in some steps.

    Adam's running mean would keep moving a column in the steps after it occurs; without it, only the square
    changes in those steps: it decays. (On the words of Journey to the West, this is no worse than Adam over
    the whole table: tests/benchmarks/README.md.)
    """
    mean_square_by_columns(g, square, seen, step, beta_2)
    p -= lr * g / (np.sqrt(square / (1 - beta_2**step)) + epsilon)


def mean_square_by_columns(g: Array, square: Array, seen: NDArray[np.int64], step: int, beta: float) -> None:
    """Update the running mean of g^2 for columns (k, n). When a column occurs, it also decays for the steps
    since it last occurred. `seen`: (k,), the step in which each column last occurred."""
    square *= (beta ** (step - seen)).astype(square.dtype)[:, None]
    square += (1 - beta) * g * g
    seen[:] = step


def one_a_column(p: Array) -> NDArray[np.int64]:
    return np.zeros(p.shape[1], np.int64)


SQUARE: Moments = {"square": np.zeros_like}
VELOCITY: Moments = {"velocity": np.zeros_like}
ADAM = Rule({"mean": np.zeros_like} | SQUARE, adam)
ADAM_BY_COLUMNS = Rule(SQUARE | {"seen": one_a_column}, adam_by_columns)

OPTIMIZERS = {
    "sgd": Optimizer(Rule({}, sgd), Rule({}, sgd), lr=1.0),
    "momentum": Optimizer(Rule(VELOCITY, momentum), Rule({}, momentum_by_columns), lr=0.1),
    "nesterov": Optimizer(Rule(VELOCITY, nesterov), Rule({}, momentum_by_columns), lr=0.1),
    "adagrad": Optimizer(Rule(SQUARE, adagrad), Rule(SQUARE, adagrad), lr=0.05),
    "rmsprop": Optimizer(
        Rule(SQUARE, rmsprop), Rule(SQUARE | {"seen": one_a_column}, rmsprop_by_columns), lr=2e-3
    ),
    "adam": Optimizer(ADAM, ADAM_BY_COLUMNS, lr=6e-3),
    "adamw": Optimizer(ADAM, ADAM_BY_COLUMNS, lr=6e-3, decoupled=True),
}


def initial_moments(optimizer: Optimizer, network: Trainable, p: Parameters) -> Arrays:
    """Return {"mean.W": …}: the initial values of the moments of each parameter."""
    return {
        f"{moment}.{name}": initial(array)
        for name, array in p.items()
        for moment, initial in rule_of(optimizer, network.is_dense(name)).moments.items()
    }


def rule_of(optimizer: Optimizer, dense: bool) -> Rule:
    """Return the rule for parameters with dense gradients, or with gradients by columns."""
    return optimizer.arrays if dense else optimizer.columns


def add(arrays: list[Array], share: Share = WHOLE) -> None:
    """Sum a share of the arrays' entries into the memory of the first array."""
    total, *others = (array.ravel("K") for array in arrays)
    for piece in _pieces(total.size, share):
        for other in others:
            total[piece] += other[piece]


def _pieces(size: int, share: Share) -> Iterator[slice]:
    """Yield a share of an array's entries, one piece at a time."""
    for first in range(share.k * share.piece, size, share.of * share.piece):
        yield slice(first, first + share.piece)


def _decay(p: Array, g: Array, weight_decay: float, lr: float, decoupled: bool) -> None:
    """Apply weight decay, in place. As a penalty of weight_decay/2 |p|^2 on the loss (Krogh and Hertz 1991),
    it is part of the gradient g and goes through the rule. Decoupled (Loshchilov and Hutter 2019), it shrinks
    p by lr·weight_decay of itself, outside the rule."""
    if weight_decay and decoupled:
        p *= 1 - lr * weight_decay
    elif weight_decay:
        g += weight_decay * p


def apply(
    optimizer: Optimizer,
    p: Parameters,
    gradients: Gradients,
    moments: Arrays,
    step: Step,
    share: Share = WHOLE,
) -> None:
    """Take an optimizer step, in place, for a share of the parameters' entries. Gradients are not changed.
    Columns that do not occur stay as they are, even with weight decay."""
    lr, number, scale, weight_decay = step
    for name, gradient in gradients.items():
        rule = rule_of(optimizer, dense=not isinstance(gradient, Columns))
        arrays = [p[name], *(moments[f"{moment}.{name}"] for moment in rule.moments)]
        decay = weight_decay if p[name].ndim > 1 else 0.0
        if isinstance(gradient, Columns):
            for some in gradient.pieces(share.piece, share.k, share.of):
                p_k, *moments_k = columns = [array.T[some.tokens] for array in arrays]
                g_k = scale * some.values
                _decay(p_k, g_k, decay, lr, optimizer.decoupled)
                rule.update(p_k, g_k, *moments_k, lr=lr, step=number)
                for array, changed in zip(arrays, columns, strict=True):
                    array.T[some.tokens] = changed
        else:
            flat = [array.ravel("K") for array in (gradient, *arrays)]
            for piece in _pieces(gradient.size, share):
                g_k, p_k, *moments_k = (array[piece] for array in flat)
                g_k = scale * g_k
                _decay(p_k, g_k, decay, lr, optimizer.decoupled)
                rule.update(p_k, g_k, *moments_k, lr=lr, step=number)
