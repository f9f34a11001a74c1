"""Gradients of a table by columns: a look-up affects only the columns of the tokens that occur."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rnn_cli.network.arrays import Array, Ids


@dataclass(frozen=True)
class Columns:
    """A gradient of U (or of C) that is zero except in the columns of some tokens:
    dU[:, tokens] = values.T."""

    tokens: Ids  # (k,), ascending and distinct
    values: Array  # (k, n)

    def dense(self, m: int) -> Array:
        """Return the gradient as an array like U: (n, m), in memory by columns."""
        dU = np.zeros((m, self.values.shape[1]), self.values.dtype)
        dU[self.tokens] = self.values
        return dU.T

    def named(self, name: str) -> dict[str, Array]:
        """Return the two arrays under unique names, for the gradient of parameter `name`."""
        return {f"{part} {name}": array for part, array in vars(self).items()}

    @classmethod
    def of(cls, name: str, named: Mapping[str, Array]) -> "Columns":
        """Return the gradient from the arrays that `named` returned."""
        return cls(named[f"tokens {name}"], named[f"values {name}"])

    def pieces(self, size: int, share: int, of: int) -> Iterator["Columns"]:
        """Yield share number `share` of `of` equal shares, in pieces of about `size` entries."""
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
Gradients = dict[str, Gradient]


def rooms(name: str, tokens: int, n: int) -> dict[str, tuple[int, bool]]:
    """Return, for each array of `Columns.named`, the most numbers it can have and whether they are ids.

    tokens: the most tokens that can occur. n: the number of rows of the table.
    """
    return {f"tokens {name}": (tokens, True), f"values {name}": (tokens * n, False)}


def sum_by_token(tokens: Ids, rows: Array) -> Columns:
    """Return Σ_t da_t x_t^T for rows da_t (N, n) and tokens x_t (N,)."""
    order = np.argsort(tokens, kind="stable")
    ascending = tokens[order]
    first = np.flatnonzero(np.diff(ascending, prepend=-1))  # the first place of each token
    end = np.append(first[1:], len(order))
    values = rows[order[first]]
    for k in np.flatnonzero(end > first + 1):  # np.add.reduceat takes up to twelve times as long
        np.add.reduce(rows[order[first[k] : end[k]]], axis=0, out=values[k])
    return Columns(ascending[first], values)
