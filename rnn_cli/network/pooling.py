"""Pooling: from the states of all steps, h_1 … h_L, to one vector for each row.

    last    each direction's state after the whole row: h_L, and h_1 of the second direction
    max     max_t h_t, entry by entry         dh_t = dv where h_t is the maximum; ties share it
    mean    1/L Σ_t h_t                       dh_t = 1/L dv

L is the number of a row's real steps; padding is left out. A row without real steps has the vector 0.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array
from rnn_cli.network.fast.workspace import Workspace


class Rows(NamedTuple):
    """What pooling needs to know about the rows.

    real: (T, B), 1 at a row's real steps, which come first, and 0 at padding.
    directions: the number of directions side by side in h.
    """

    real: Array
    directions: int

    @property
    def lengths(self) -> Array:
        """The number of real steps of each row, (B,)."""
        return np.count_nonzero(self.real, axis=0)


AddInto = Callable[[Array, Array], None]  # dv (B, d), dh (T, B, d): adds the derivative of h to dh
# h (T, B, d), 0 at padding -> v (B, d) and the backward pass
Pooling = Callable[[Array, Rows, Workspace], tuple[Array, AddInto]]


def last(h: Array, rows: Rows, work: Workspace) -> tuple[Array, AddInto]:
    B, d = h.shape[1:]
    n = d // rows.directions
    ends = np.maximum(rows.lengths - 1, 0)  # an empty row takes h_1, which is padding
    b = np.arange(B)
    v = work("last", B, d)
    v[:, :n] = h[ends, b, :n]
    v[:, n:] = h[0, :, n:]

    def backward(dv: Array, dh: Array) -> None:
        dh[ends, b, :n] += dv[:, :n]
        dh[0, :, n:] += dv[:, n:]

    return v, backward


def maximum(h: Array, rows: Rows, work: Workspace) -> tuple[Array, AddInto]:
    seen = work("seen by max", *h.shape)
    np.copyto(seen, h)
    seen[rows.real == 0] = -np.inf
    seen[0, rows.lengths == 0] = 0
    v = np.maximum.reduce(seen, axis=0, out=work("max", *h.shape[1:]))

    def backward(dv: Array, dh: Array) -> None:
        is_max = np.equal(seen, v, out=work("is max", *h.shape))  # much faster than argmax
        of_each = dv / np.add.reduce(is_max, axis=0)
        dh += np.multiply(is_max, of_each, out=is_max)

    return v, backward


def mean(h: Array, rows: Rows, work: Workspace) -> tuple[Array, AddInto]:
    share = np.divide(1, np.maximum(rows.lengths, 1), dtype=h.dtype)[:, None]  # 1/L
    v = np.add.reduce(h, axis=0, out=work("mean", *h.shape[1:]))
    v *= share

    def backward(dv: Array, dh: Array) -> None:
        dh += dv * share  # also at padding, where the encoder drops it

    return v, backward


def joined(*parts: Pooling) -> Pooling:
    """Return the pooling that concatenates the vectors of several poolings."""

    def pool(h: Array, rows: Rows, work: Workspace) -> tuple[Array, AddInto]:
        d = h.shape[2]
        pooled = [part(h, rows, work) for part in parts]
        v = np.concatenate([v for v, _ in pooled], axis=1)

        def backward(dv: Array, dh: Array) -> None:
            for k, (_, add_into) in enumerate(pooled):
                add_into(dv[:, k * d : (k + 1) * d], dh)

        return v, backward

    return pool


class Row(NamedTuple):
    """A row of POOLINGS."""

    pool: Pooling
    parts: int  # v has this many times the entries of h_t


POOLINGS = {
    "last": Row(last, 1),
    "max": Row(maximum, 1),
    "mean": Row(mean, 1),
    "last+max+mean": Row(joined(last, maximum, mean), 3),
}
