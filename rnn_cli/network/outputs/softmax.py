"""The softmax over all tokens: o_t = softmax(V s_t + b_y), E_t = -log o_t[y_t].

The T·B rows of a window are computed in blocks. As E is where the backward pass begins (dE/dE = 1), each
block's derivatives are computed while its probabilities are in memory: with a large vocabulary, nothing of
size T·B·m is ever held.
"""

from collections.abc import Iterator

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.fast.workspace import Workspace

HAS_CUTOFFS = False
HAS_FULL_ROWS = True
BLOCK_LOGITS = 1 << 22  # the most logits in a block,
BLOCK_ROWS = 64  # unless it has only this many rows
PIECE = 1 << 16  # elements processed at a time, so that they stay in the cache


def shapes(m: int, n: int, cutoffs: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {"V": (m, n), "b_y": (m,)}


def initial_biases(counts: Array, cutoffs: tuple[int, ...]) -> Parameters:
    """Return the log frequencies of the tokens: the initial loss is that of a unigram model, which then need
    not be learned."""
    return {"b_y": np.log((counts + 1) / (counts.sum() + len(counts)))}


def cost(counts: Array, n: int, cutoffs: tuple[int, ...]) -> float:
    return len(counts) * n


def choose_cutoffs(counts: Array, n: int) -> tuple[int, ...]:
    return ()


def logits(p: Parameters, s: Array) -> Array:
    """Return V s_t + b_y."""
    V, b_y = p["V"], p["b_y"]
    return s @ V.T + b_y


def nats(p: Parameters, s: Array, y: Ids, work: Workspace) -> Array:
    V, b_y = p["V"], p["b_y"]
    E = work("E", len(s))
    for k in _blocks(len(s), len(b_y)):
        z = _product(s[k], V, work)
        for r in _pieces(z):
            E[k][r] = _softmax(z[r], b_y, y[k][r])[0]
        work.lap("softmax")
    return E


def nats_and_gradients(
    p: Parameters, s: Array, y: Ids, weight: Array, work: Workspace
) -> tuple[Array, Array, Parameters]:
    V, b_y = p["V"], p["b_y"]
    (N, n), m = s.shape, len(b_y)
    E, ds = work("E", N), work("ds", N, n)
    dV, db_y = work.gradient("V", m, n), work.gradient("b_y", m)
    db_y.fill(0)
    if N == 0:
        dV.fill(0)
    for k in _blocks(N, m):
        z = _product(s[k], V, work)
        for r in _pieces(z):
            y_r, weight_r = y[k][r], weight[k][r]
            E[k][r], exp_z, total = _softmax(z[r], b_y, y_r)
            dz = o_minus_y(exp_z, total, y_r, weight_r)  # (R, m)
            db_y += np.ones_like(weight_r) @ dz  # db_y = Σ_t dz_t; BLAS adds faster than np.sum
        dz = z
        work.lap("softmax")
        np.matmul(dz, V, out=ds[k])  # ds_t = V^T dz_t
        work.lap("output layer")
        if k.start == 0:
            np.matmul(dz.T, s[k], out=dV)  # dV = Σ_t dz_t s_t^T
        else:
            _add_product(dV, dz, s[k], work)
        work.lap("weight gradients")
    return E, ds, {"V": dV, "b_y": db_y}


def o_minus_y(exp_z: Array, total: Array, y: Ids, weight: Array) -> Array:
    """Return dE_t/dz_t = o_t - y_t, with y_t one-hot, times each row's weight, in the memory of exp_z (R, m).
    o_t is exp_z / total."""
    o = np.multiply(exp_z, (weight / total)[:, None], out=exp_z)
    o[np.arange(len(y)), y] -= weight
    return o


def _product(s: Array, V: Array, work: Workspace) -> Array:
    """Return V s_t for a block: s (R, n) -> (R, m)."""
    z = np.matmul(s, V.T, out=work("logits", len(s), len(V)))
    work.lap("output layer")
    return z


def _softmax(z: Array, b_y: Array, y: Ids) -> tuple[Array, Array, Array]:
    """Return E_t (R,), exp_z (R, m) and total (R,) for R rows; o_t is exp_z / total. z (R, m) is V s_t; its
    memory becomes exp_z."""
    np.add(z, b_y, out=z)
    np.subtract(z, z.max(axis=1, keepdims=True), out=z)  # so that no exponential overflows
    z_y = z[np.arange(len(y)), y]
    exp_z = np.exp(z, out=z)
    total = exp_z @ np.ones_like(b_y)
    return np.log(total) - z_y, exp_z, total


def _add_product(dV: Array, dz: Array, s: Array, work: Workspace) -> None:
    """Add dz^T s to dV, piece by piece, so that the product needs no second array of dV's size."""
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
    """Yield slices of z, each of as many rows as fit into the cache."""
    size = max(1, PIECE // z.shape[1])
    return (slice(first, min(first + size, len(z))) for first in range(0, len(z), size))
