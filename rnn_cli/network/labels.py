"""From a vector s of a text to its label: a row of LABELS.

    softmax    one of m labels         o = softmax(V s + b_y)   E = -log o[y]
    sigmoid    each of m, yes or no    o = σ(V s + b_y)         E = -Σ_k y_k log o_k + (1 - y_k) log(1 - o_k)
    score      a number in 0 … 1       o = σ(V s + b_y)         E = (o - y)^2

The second is the tutorial's other g2. A range of scores is mapped onto 0 … 1 by whoever makes the batch. With
z = V s + b_y the derivatives are

    dz = o - y                          of the first two (of the first, y is one-hot)
    dz = 2 (o - y) o (1 - o)            of the score
    ds = V^T dz,  dV = Σ dz s^T,  db_y = Σ dz

each row's times its weight.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import sigmoid
from rnn_cli.network.outputs import softmax

LEAST = 1e-6  # a share of rows never counts as 0 or 1, as its first logit would have no end


class Labels(NamedTuple):
    """A row of LABELS.

    target: m -> how many numbers are a row's target, and whether they are ids.
    classes: m -> a number c such that a guess costs no more than ln c nats.
    initial_bias: (share (m,)) -> b_y with which the first probabilities are those shares: the share of rows
        with each label or, for a score, the mean score.
    nats: (p, s (B, n), y, work) -> E of each row, (B,).
    nats_and_gradients: (p, s, y, weight (B,), work) -> E, and the derivatives of Σ weight E: ds (B, n), and
        those of V and b_y, in `work.gradient`.
    probabilities: (p, s) -> o, (B, m).
    """

    target: Callable[[int], tuple[int, bool]]
    classes: Callable[[int], int]
    initial_bias: Callable[[Array], Array]
    nats: Callable[[Parameters, Array, Array, Workspace], Array]
    nats_and_gradients: Callable[
        [Parameters, Array, Array, Array, Workspace], tuple[Array, Array, Parameters]
    ]
    probabilities: Callable[[Parameters, Array], Array]


def probabilities_of_one(p: Parameters, s: Array) -> Array:
    """Return softmax(V s + b_y)."""
    z = softmax.logits(p, s)
    exp_z = np.exp(z - z.max(axis=1, keepdims=True))
    return exp_z / exp_z.sum(axis=1, keepdims=True)


def probabilities_of_each(p: Parameters, s: Array) -> Array:
    """Return σ(V s + b_y)."""
    z = softmax.logits(p, s)
    return sigmoid(z, out=z)


def logit(share: Array) -> Array:
    """Return z with σ(z) = share."""
    share = np.clip(share, LEAST, 1 - LEAST)
    return np.log(share) - np.log1p(-share)


def nats_of_each(p: Parameters, s: Array, y: Array, work: Workspace) -> Array:
    """Return -Σ_k y_k log o_k + (1 - y_k) log(1 - o_k) = Σ_k log(1 + exp z_k) - y_k z_k."""
    z = softmax.logits(p, s)
    return (np.logaddexp(0, z) - y * z).sum(axis=1)


def nats_and_gradients_of_each(
    p: Parameters, s: Array, y: Array, weight: Array, work: Workspace
) -> tuple[Array, Array, Parameters]:
    dz = (probabilities_of_each(p, s) - y) * weight[:, None]
    return (nats_of_each(p, s, y, work), *_below(p, s, dz, work))


def squared_error(p: Parameters, s: Array, y: Array, work: Workspace) -> Array:
    """Return (o - y)^2."""
    return (probabilities_of_each(p, s)[:, 0] - y) ** 2


def squared_error_and_gradients(
    p: Parameters, s: Array, y: Array, weight: Array, work: Workspace
) -> tuple[Array, Array, Parameters]:
    o = probabilities_of_each(p, s)
    o_y = o - y[:, None]
    dz = 2 * o_y * o * (1 - o) * weight[:, None]
    return (o_y[:, 0] ** 2, *_below(p, s, dz, work))


def _below(p: Parameters, s: Array, dz: Array, work: Workspace) -> tuple[Array, Parameters]:
    """Return ds, and the gradients of V and b_y."""
    V, b_y = p["V"], p["b_y"]
    dV = np.matmul(dz.T, s, out=work.gradient("V", *V.shape))  # dV = Σ dz s^T
    db_y = np.add.reduce(dz, axis=0, out=work.gradient("b_y", *b_y.shape))
    return np.matmul(dz, V, out=work("ds", *s.shape)), {"V": dV, "b_y": db_y}  # ds = V^T dz


LABELS = {
    "softmax": Labels(
        target=lambda m: (1, True),
        classes=lambda m: m,
        initial_bias=lambda share: np.log(np.maximum(share, LEAST)),
        nats=softmax.nats,
        nats_and_gradients=softmax.nats_and_gradients,
        probabilities=probabilities_of_one,
    ),
    "sigmoid": Labels(
        target=lambda m: (m, False),
        classes=lambda m: 2**m,
        initial_bias=logit,
        nats=nats_of_each,
        nats_and_gradients=nats_and_gradients_of_each,
        probabilities=probabilities_of_each,
    ),
    "score": Labels(
        target=lambda m: (1, False),
        classes=lambda m: 2,
        initial_bias=logit,
        nats=squared_error,
        nats_and_gradients=squared_error_and_gradients,
        probabilities=probabilities_of_each,
    ),
}
