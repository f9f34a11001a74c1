"""What enters a layer's states: U h_t + b_a, for every step of a window at once, where h_t is the one-hot
x_t, its embedding C x_t, or the state of the layer below."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array
from rnn_cli.network.fast.workspace import Workspace

# Up to this many tokens the gradient of a table is fastest as a product with the one-hot matrix; beyond,
# as sums over the rows of each token that occurs.
ONE_HOT_UP_TO = 256


@dataclass(frozen=True)
class Columns:
    """A gradient of U (or of C) that is zero but for the columns of some tokens: dU[:, tokens] = values.T."""

    tokens: NDArray[np.intp]  # (k,) ascending, each once
    values: Array  # (k, n)

    def dense(self, m: int) -> Array:
        """As U is: (n, m), in memory by columns."""
        dU = np.zeros((m, self.values.shape[1]), self.values.dtype)
        dU[self.tokens] = self.values
        return dU.T

    def pieces(self, size: int, share: int, of: int) -> Iterator["Columns"]:
        """About `size` entries at a time: this share of them, one of `of`."""
        step = max(1, size // self.values.shape[1])
        for first in range(share * step, len(self.tokens), of * step):
            yield Columns(self.tokens[first : first + step], self.values[first : first + step])

    def __add__(self, other: "Columns") -> "Columns":
        tokens = np.union1d(self.tokens, other.tokens)
        values = np.zeros((len(tokens), self.values.shape[1]), self.values.dtype)
        for part in (self, other):
            values[np.searchsorted(tokens, part.tokens)] += part.values
        return Columns(tokens, values)


Gradient = Array | Columns


def look_up(
    table: Array, b: Array | None, x: NDArray[np.intp], work: Workspace
) -> tuple[Array, Callable[[Array], tuple[Gradient, Array]]]:
    """U x_t + b_a or, without a bias, C x_t. With x_t one-hot, U x_t is column x_t of U.

    table (n, m), in memory by columns; x (T, B) ids -> (T, B, n), and the way back: its derivative
    (T, B, n) -> those of the table and of the bias.
    """
    (T, B), (n, m) = x.shape, table.shape
    few = m < T * B  # columns than steps: the bias is added to those
    a = work("looked up", T, B, n)
    columns = np.add(table.T, b, out=work("table + bias", m, n)) if few and b is not None else table.T
    np.take(columns, x, axis=0, out=a, mode="clip")  # "clip", as "raise" would copy through a buffer
    if not few and b is not None:
        np.add(a, b, out=a)
    work.lap("look-up")

    def backward(da: Array) -> tuple[Gradient, Array]:
        da = da.reshape(T * B, n)
        if m <= ONE_HOT_UP_TO:
            one_hot = work("one_hot", T * B, m)  # dU = Σ_t da_t x_t^T
            one_hot.fill(0)
            one_hot[np.arange(T * B), x.ravel()] = 1
            by_token = np.matmul(one_hot.T, da, out=work("d table", m, n))
            dU: Gradient = by_token.T
        else:
            dU = sum_by_token(x.ravel(), da)
            by_token = dU.values
        db = np.add.reduce(by_token, axis=0)  # Σ_t da_t: each da_t is in one column of dU
        work.lap("weight gradients")
        return dU, db

    return a, backward


def feed(
    U: Array, b_a: Array, h: Array, work: Workspace
) -> tuple[Array, Callable[[Array], tuple[Array, Array, Array]]]:
    """a_t = U h_t + b_a. U (k, d), h (T, B, d) -> a (T, B, k), and the way back: da -> dh, dU, db_a."""
    (T, B, d), k = h.shape, len(U)
    a = np.matmul(h.reshape(T * B, d), U.T, out=work("a", T * B, k))
    np.add(a, b_a, out=a)
    work.lap("layer inputs")

    def backward(da: Array) -> tuple[Array, Array, Array]:
        da = da.reshape(T * B, k)
        dU = np.matmul(da.T, h.reshape(T * B, d), out=work("dU", k, d))  # dU = Σ_t da_t h_t^T
        work.lap("weight gradients")
        dh = np.matmul(da, U, out=work("dh", T * B, d))  # dh_t = U^T da_t
        work.lap("layer inputs")
        return dh.reshape(T, B, d), dU, np.add.reduce(da, axis=0)

    return a.reshape(T, B, k), backward


def sum_by_token(tokens: NDArray[np.intp], rows: Array) -> Columns:
    """Σ_t da_t x_t^T of rows da_t (N, n), for the tokens (N,) that occur."""
    order = np.argsort(tokens, kind="stable")
    ascending = tokens[order]
    first = np.flatnonzero(np.diff(ascending, prepend=-1))  # of each token
    end = np.append(first[1:], len(order))
    values = rows[order[first]]
    for k in np.flatnonzero(end > first + 1):  # np.add.reduceat takes up to twelve times as long
        np.add.reduce(rows[order[first[k] : end[k]]], axis=0, out=values[k])
    return Columns(ascending[first], values)
