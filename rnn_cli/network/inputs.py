"""What enters the states: U x_t + b_a, for every step of a window at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.functions import Array
from rnn_cli.network.workspace import Workspace

# Up to this many tokens the gradient of U is fastest as a product with the one-hot matrix; beyond,
# as sums over the rows of each token that occurs.
ONE_HOT_UP_TO = 256


@dataclass(frozen=True)
class Columns:
    """A gradient of U that is zero but for the columns of some tokens: dU[:, tokens] = values.T."""

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
        tokens = np.concatenate([self.tokens, other.tokens])
        return sum_by_token(tokens, np.concatenate([self.values, other.values]))


Backward = Callable[[Array], tuple[Array | Columns, Array]]  # da (T, B, n) -> dU (n, m), db_a (n,)


def look_up(U: Array, b_a: Array, x: NDArray[np.intp], work: Workspace) -> tuple[Array, Backward]:
    """a_t = U x_t + b_a. With x_t one-hot, U x_t is column x_t of U.

    U (n, m), in memory by columns; x (T, B) ids -> a (T, B, n).
    """
    (T, B), (n, m) = x.shape, U.shape
    few = m < T * B  # columns than steps: the bias is added to those
    a = work("a", T, B, n)
    columns = np.add(U.T, b_a, out=work("U + b_a", m, n)) if few else U.T
    np.take(columns, x, axis=0, out=a, mode="clip")  # "clip", as "raise" would copy through a buffer
    if not few:
        np.add(a, b_a, out=a)
    work.lap("look-up")

    def backward(da: Array) -> tuple[Array | Columns, Array]:
        da = da.reshape(T * B, n)
        db_a = np.add.reduce(da, axis=0)
        if m <= ONE_HOT_UP_TO:
            one_hot = work("one_hot", T * B, m)  # dU = Σ_t da_t x_t^T
            one_hot.fill(0)
            one_hot[np.arange(T * B), x.ravel()] = 1
            dU: Array | Columns = np.matmul(one_hot.T, da, out=work("dU", m, n)).T
        else:
            dU = sum_by_token(x.ravel(), da)
        work.lap("weight gradients")
        return dU, db_a

    return a, backward


def sum_by_token(tokens: NDArray[np.intp], rows: Array) -> Columns:
    """Σ_t da_t x_t^T of rows da_t (N, n), for the tokens (N,) that occur."""
    order = np.argsort(tokens, kind="stable")
    ascending = tokens[order]
    first = np.flatnonzero(np.diff(ascending, prepend=-1))  # of each token
    return Columns(ascending[first], np.add.reduceat(rows[order], first, axis=0))
