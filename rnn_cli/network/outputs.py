"""From states to probabilities: o_t = softmax(V s_t + b_y), E_t = -log o_t[y_t].

An output layer is a row of OUTPUTS. It works through the T·B rows of a window in blocks, and because
E is where the way back begins (dE/dE = 1), each block's derivatives are taken while its
probabilities are at hand: nothing of size T·B·m is ever held.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.functions import Array, Buffers

BLOCK_LOGITS = 1 << 23  # R·m at most, unless that is fewer than
BLOCK_ROWS = 64
PIECE = 1 << 18  # elements of dV added to at a time: they stay in the cache


class Gradients(NamedTuple):
    ds: Array  # (N, n)
    dV: Array  # (m, n)
    db_y: Array  # (m,)


class Output(NamedTuple):
    """Both take V (m, n), b_y (m,), s (N, n), y (N,), weight (N,) and give E, summed over rows."""

    loss: Callable[[Array, Array, Array, NDArray[np.intp], Array, Buffers], float]
    loss_and_gradients: Callable[
        [Array, Array, Array, NDArray[np.intp], Array, Buffers], tuple[float, Gradients]
    ]


def softmax_loss(
    V: Array, b_y: Array, s: Array, y: NDArray[np.intp], weight: Array, buffers: Buffers
) -> float:
    """E = Σ_t -log softmax(V s_t + b_y)[y_t]."""
    blocks = _blocks(len(s), len(b_y))
    return sum(_softmax(V, b_y, s[k], y[k], weight[k], buffers)[0] for k in blocks)


def softmax_loss_and_gradients(
    V: Array, b_y: Array, s: Array, y: NDArray[np.intp], weight: Array, buffers: Buffers
) -> tuple[float, Gradients]:
    """The same, and its derivatives: dE_t/dz_t = o_t - y_t, with y_t one-hot."""
    (N, n), m = s.shape, len(b_y)
    ds, dV, db_y = buffers("ds", N, n), buffers("dV", m, n), np.zeros_like(b_y)
    dV.fill(0)
    E = 0.0
    for k in _blocks(N, m):
        E_k, o, total = _softmax(V, b_y, s[k], y[k], weight[k], buffers)
        dz = np.multiply(o, weight[k, None] / total, out=o)  # (R, m)
        dz[np.arange(len(dz)), y[k]] -= weight[k]
        np.matmul(dz, V, out=ds[k])
        _add_product(dV, dz, s[k], buffers)
        db_y += np.add.reduce(dz, axis=0)
        E += E_k
    return E, Gradients(ds, dV, db_y)


def _softmax(
    V: Array, b_y: Array, s: Array, y: NDArray[np.intp], weight: Array, buffers: Buffers
) -> tuple[float, Array, Array]:
    """E of a block, and its probabilities as o_t = o / total. -> E, o (R, m), total (R, 1)"""
    z = np.matmul(s, V.T, out=buffers("o", len(s), len(b_y)))
    np.add(z, b_y, out=z)
    np.subtract(z, z.max(axis=1, keepdims=True), out=z)  # so that no exponential overflows
    z_y = z[np.arange(len(y)), y]
    o = np.exp(z, out=z)
    total = o.sum(axis=1, keepdims=True)
    E_t = np.log(total[:, 0]) - z_y
    return float(np.dot(weight.astype(np.float64), E_t)), o, total


def _add_product(dV: Array, dz: Array, s: Array, buffers: Buffers) -> None:
    """dV += dz^T s, by pieces of dV, so that the product needs no second array of its size."""
    m, n = dV.shape
    step = max(1, PIECE // n)
    for first in range(0, m, step):
        piece = dV[first : first + step]
        product = buffers("product", *piece.shape)
        piece += np.matmul(dz[:, first : first + step].T, s, out=product)


def _blocks(rows: int, m: int) -> Iterator[slice]:
    size = max(BLOCK_ROWS, BLOCK_LOGITS // m)
    return (slice(first, first + size) for first in range(0, rows, size))


OUTPUTS = {"softmax": Output(softmax_loss, softmax_loss_and_gradients)}
