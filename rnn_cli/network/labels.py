"""From the logits z of a text to its label: the rows of LABELS.

    softmax    one of m labels         o = softmax(z)   E = -log o[y]
    sigmoid    m labels, yes or no     o = σ(z)         E = -Σ_k y_k log o_k + (1 - y_k) log(1 - o_k)
    score      a number in 0 … 1       o = σ(z)         E = (o - y)^2

The second is the tutorial's other g2. Whoever makes the batch maps scores onto 0 … 1. The derivatives are

    dz = o - y                          for the first two (y is one-hot for the first)
    dz = 2 (o - y) o (1 - o)            for the score
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Ids
from rnn_cli.network.functions import sigmoid

LEAST = 1e-6  # shares of rows are kept this far from 0 and 1, where the initial logit would be infinite


class Labels(NamedTuple):
    """A row of LABELS.

    target: m -> how many numbers a row's target has, and whether they are ids.
    classes: m -> a number c such that a guess costs at most ln c nats.
    initial_bias: share (m,) -> the b_y that makes the initial probabilities equal to the shares: the share of
        rows with each label or, for a score, the mean score.
    probabilities: z (B, m) -> o (B, m), a new array.
    nats: (z (B, m), y) -> E of each row, (B,).
    slopes: (z (B, m), y) -> dE/dz of each row, (B, m), a new array.
    """

    target: Callable[[int], tuple[int, bool]]
    classes: Callable[[int], int]
    initial_bias: Callable[[Array], Array]
    probabilities: Callable[[Array], Array]
    nats: Callable[[Array, Array], Array]
    slopes: Callable[[Array, Array], Array]


def softmax(z: Array) -> Array:
    exp_z = np.exp(z - z.max(axis=1, keepdims=True))  # so that exp cannot overflow
    return exp_z / exp_z.sum(axis=1, keepdims=True)


def sigma(z: Array) -> Array:
    return sigmoid(z, out=np.empty_like(z))


def nats_of_one(z: Array, y: Ids) -> Array:
    """Return -log o[y] = log Σ_k exp z_k - z[y]."""
    largest = z.max(axis=1)
    return np.log(np.exp(z - largest[:, None]).sum(axis=1)) + largest - z[np.arange(len(y)), y]


def o_minus_one_hot(z: Array, y: Ids) -> Array:
    """Return o - y, with y one-hot."""
    o = softmax(z)
    o[np.arange(len(y)), y] -= 1
    return o


def logit(share: Array) -> Array:
    """Return the z for which σ(z) = share."""
    share = np.clip(share, LEAST, 1 - LEAST)
    return np.log(share) - np.log1p(-share)


def nats_of_each(z: Array, y: Array) -> Array:
    """Return -Σ_k y_k log o_k + (1 - y_k) log(1 - o_k) = Σ_k log(1 + exp z_k) - y_k z_k."""
    return (np.logaddexp(0, z) - y * z).sum(axis=1)


def o_minus_y(z: Array, y: Array) -> Array:
    """Return o - y."""
    return sigma(z) - y


def squared_error(z: Array, y: Array) -> Array:
    """Return (o - y)^2."""
    return (sigma(z)[:, 0] - y) ** 2


def slope_of_squared_error(z: Array, y: Array) -> Array:
    """Return 2 (o - y) o (1 - o)."""
    o = sigma(z)
    return 2 * (o - y[:, None]) * o * (1 - o)


LABELS = {
    "softmax": Labels(
        target=lambda m: (1, True),
        classes=lambda m: m,
        initial_bias=lambda share: np.log(np.maximum(share, LEAST)),
        probabilities=softmax,
        nats=nats_of_one,
        slopes=o_minus_one_hot,
    ),
    "sigmoid": Labels(
        target=lambda m: (m, False),
        classes=lambda m: 2**m,
        initial_bias=logit,
        probabilities=sigma,
        nats=nats_of_each,
        slopes=o_minus_y,
    ),
    "score": Labels(
        target=lambda m: (1, False),
        classes=lambda m: 2,
        initial_bias=logit,
        probabilities=sigma,
        nats=squared_error,
        slopes=slope_of_squared_error,
    ),
}
