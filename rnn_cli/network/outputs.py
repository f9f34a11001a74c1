"""From states to probabilities: o_t = softmax(V s_t + b_y), E_t = -log o_t[y_t].

An output layer is a row of OUTPUTS. It works through the T·B rows of a window in blocks, and because
E is where the way back begins (dE/dE = 1), each block's derivatives are taken while its
probabilities are at hand: of a large vocabulary nothing of size T·B·m is ever held.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.functions import Array
from rnn_cli.network.workspace import Workspace

BLOCK_LOGITS = 1 << 22  # of a block at most,
BLOCK_ROWS = 64  # unless it has no more rows than these
PIECE = 1 << 16  # elements worked on at a time: they stay in the cache


class Gradients(NamedTuple):
    ds: Array  # (N, n)
    dV: Array  # (m, n)
    db_y: Array  # (m,)


class Output(NamedTuple):
    """Both take V (m, n), b_y (m,), s (N, n), y (N,), weight (N,) and give E, summed over rows."""

    loss: Callable[[Array, Array, Array, NDArray[np.intp], Array, Workspace], float]
    loss_and_gradients: Callable[
        [Array, Array, Array, NDArray[np.intp], Array, Workspace], tuple[float, Gradients]
    ]


def softmax_loss(
    V: Array, b_y: Array, s: Array, y: NDArray[np.intp], weight: Array, work: Workspace
) -> float:
    """E = Σ_t -log softmax(V s_t + b_y)[y_t]."""
    E = 0.0
    for k in _blocks(len(s), len(b_y)):
        z = _product(s[k], V, work)
        for r in _pieces(z):
            E += _softmax(z[r], b_y, y[k][r], weight[k][r])[0]
        work.lap("softmax")
    return E


def softmax_loss_and_gradients(
    V: Array, b_y: Array, s: Array, y: NDArray[np.intp], weight: Array, work: Workspace
) -> tuple[float, Gradients]:
    """The same, and its derivatives: dE_t/dz_t = o_t - y_t, with y_t one-hot."""
    (N, n), m = s.shape, len(b_y)
    ds, dV, db_y = work("ds", N, n), work("dV", m, n), np.zeros_like(b_y)
    E = 0.0
    for k in _blocks(N, m):
        z = _product(s[k], V, work)
        for r in _pieces(z):
            y_r, weight_r = y[k][r], weight[k][r]
            E_r, exp_z, total = _softmax(z[r], b_y, y_r, weight_r)
            dz = np.multiply(exp_z, weight_r[:, None] / total, out=exp_z)  # (R, m)
            dz[np.arange(len(dz)), y_r] -= weight_r
            db_y += np.add.reduce(dz, axis=0)
            E += E_r
        dz = z
        work.lap("softmax")
        np.matmul(dz, V, out=ds[k])  # ds_t = V^T dz_t
        work.lap("output layer")
        if k.start == 0:
            np.matmul(dz.T, s[k], out=dV)  # dV = Σ_t dz_t s_t^T
        else:
            _add_product(dV, dz, s[k], work)
        work.lap("weight gradients")
    return E, Gradients(ds, dV, db_y)


def _product(s: Array, V: Array, work: Workspace) -> Array:
    """V s_t of a block: s (R, n) -> (R, m)."""
    z = np.matmul(s, V.T, out=work("z", len(s), len(V)))
    work.lap("output layer")
    return z


def _softmax(z: Array, b_y: Array, y: NDArray[np.intp], weight: Array) -> tuple[float, Array, Array]:
    """E of some rows, and their probabilities as o_t = exp_z / total. z (R, m), V s_t, becomes exp_z.
    -> E, exp_z (R, m), total (R, 1)"""
    np.add(z, b_y, out=z)
    np.subtract(z, z.max(axis=1, keepdims=True), out=z)  # so that no exponential overflows
    z_y = z[np.arange(len(y)), y]
    exp_z = np.exp(z, out=z)
    total = exp_z.sum(axis=1, keepdims=True)
    E_t = np.log(total[:, 0]) - z_y
    return float(np.dot(weight.astype(np.float64), E_t)), exp_z, total


def _add_product(dV: Array, dz: Array, s: Array, work: Workspace) -> None:
    """dV += dz^T s, by pieces of dV, so that the product needs no second array of its size."""
    m, n = dV.shape
    step = max(1, PIECE // n)
    for first in range(0, m, step):
        piece = dV[first : first + step]
        product = work("product", *piece.shape)
        piece += np.matmul(dz[:, first : first + step].T, s, out=product)


def _blocks(rows: int, m: int) -> Iterator[slice]:
    size = max(BLOCK_ROWS, BLOCK_LOGITS // m)
    return (slice(first, min(first + size, rows)) for first in range(0, rows, size))


def _pieces(z: Array) -> Iterator[slice]:
    """Rows of z that fit into the cache together."""
    size = max(1, PIECE // z.shape[1])
    return (slice(first, min(first + size, len(z))) for first in range(0, len(z), size))


OUTPUTS = {"softmax": Output(softmax_loss, softmax_loss_and_gradients)}
