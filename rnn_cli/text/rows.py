"""Rows of ids of different lengths, one after another in one array."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class Rows(NamedTuple):
    """Rows of ids: row k is ids[starts[k] : starts[k + 1]]."""

    ids: NDArray[np.integer[Any]]  # (N,)
    starts: Numbers  # (rows + 1,)

    @classmethod
    def of(cls, ids: NDArray[np.integer[Any]], lengths: NDArray[np.integer[Any]]) -> Self:
        """Return the rows in `ids` that have these lengths, (rows,)."""
        return cls(ids, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]))

    @classmethod
    def of_lists(cls, lists: Sequence[Sequence[int]]) -> Self:
        """Return a row for each list of ids."""
        lengths = np.fromiter(map(len, lists), np.int64, len(lists))
        return cls.of(np.fromiter(chain.from_iterable(lists), np.int32, int(lengths.sum())), lengths)

    @property
    def lengths(self) -> Numbers:
        """The number of ids in each row, (rows,)."""
        return np.diff(self.starts)

    def take(self, rows: NDArray[np.integer[Any]]) -> "Rows":
        """Return some rows, in the order given."""
        lengths = self.lengths[rows]
        return Rows.of(self.ids[places(self.starts[rows], lengths)], lengths)

    def padded(
        self, rows: NDArray[np.integer[Any]], fill: int = 0
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return some rows side by side, (T, B), and a mask, (T, B): 1 for an id, 0 for padding.

        T is the length of the longest row, and at least 1. Padding is filled with `fill`.
        """
        lengths = self.lengths[rows]
        steps = np.arange(max(1, int(lengths.max(initial=0))))[:, None]  # (T, 1)
        inside = steps < lengths  # (T, B)
        x = np.full(inside.shape, fill, np.intp)
        x[inside] = self.ids[(self.starts[rows] + steps)[inside]]
        return x, inside.astype(np.float32)


def places(first: NDArray[np.integer[Any]], lengths: NDArray[np.integer[Any]]) -> Numbers:
    """Return first[k], first[k] + 1, …, `lengths[k]` numbers for each k, one k after another."""
    begin = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum()), dtype=np.int64) + np.repeat(first - begin, lengths)
