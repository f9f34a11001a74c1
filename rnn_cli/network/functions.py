"""Element-wise functions and their derivatives, dropout masks, and distributions of initial values."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.machine import blas_threads
from rnn_cli.network.arrays import Array


class Activation(NamedTuple):
    """A function g1 and its derivative; both write to `out` and return it.

    function: (z, out) -> s = g1(z).
    derivative: (s, out) -> g1'(z), computed from s = g1(z).
    """

    function: Callable[[Array, Array], Array]
    derivative: Callable[[Array, Array], Array]


def tanh(z: Array, out: Array) -> Array:
    return np.tanh(z, out=out)


def tanh_derivative(s: Array, out: Array) -> Array:
    np.multiply(s, s, out=out)
    return np.subtract(1, out, out=out)  # 1 - s^2


def relu(z: Array, out: Array) -> Array:
    return np.maximum(z, 0, out=out)


def relu_derivative(s: Array, out: Array) -> Array:
    return np.sign(s, out=out)  # 1 where s > 0; s is never below 0


def sigmoid(z: Array, out: Array) -> Array:
    """σ(z) = 1 / (1 + exp(-z)), computed as (1 + tanh(z / 2)) / 2, which cannot overflow."""
    np.tanh(np.multiply(z, 0.5, out=out), out=out)
    return np.add(np.multiply(out, 0.5, out=out), 0.5, out=out)


def sigmoid_derivative(s: Array, out: Array) -> Array:
    np.subtract(1, s, out=out)
    return np.multiply(out, s, out=out)  # s (1 - s)


TANH = Activation(tanh, tanh_derivative)
RELU = Activation(relu, relu_derivative)


def weighted_sum(E: Array, weight: Array) -> float:
    """Return Σ weight E, in float64."""
    return float(np.dot(weight.astype(np.float64), E))


class Drop(NamedTuple):
    """The shares, each below 1, that training drops from a window."""

    rate: float = 0.0  # of the outputs of each layer
    of_window: bool = False  # use one mask for all steps of the window (Gal and Ghahramani 2016)
    weights: float = 0.0  # of the entries of each W: DropConnect (Wan et al. 2013; Merity et al. 2018)


NO_DROP = Drop()


def dropout_mask(rng: np.random.Generator, rate: float, *shape: int) -> Array:
    """Return the mask that multiplies a layer in training: 0 for a share `rate` of the entries and
    1 / (1 - rate) for the others (Srivastava et al. 2014, but scaled in training, not afterwards). The
    rate, below 1, is rounded to a multiple of 1/256, because one random byte per entry is cheapest."""
    dropped = round(256 * rate)
    places = np.frombuffer(rng.bytes(math.prod(shape)), np.uint8).reshape(shape)
    return np.multiply(places >= dropped, np.float32(256 / (256 - dropped)))


def glorot_uniform(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Return values uniform in ±sqrt(6 / (rows + columns)) (Glorot and Bengio 2010, equation 16)."""
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rng: np.random.Generator, n: int) -> Array:
    """Return a random rotation: its powers neither grow nor shrink a state (Saxe et al. 2014, section 3).

    It is computed by one thread. With several, the last bits would depend on the machine's cores, and on a
    busy machine the threads would wait for each other: at n = 256, it took five times as long.
    """
    with blas_threads(1):
        q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)))


def identity(rng: np.random.Generator, n: int) -> Array:
    """Return the IRNN's initial W, with which a relu network starts by remembering everything (Le, Jaitly and
    Hinton 2015)."""
    return np.eye(n)
