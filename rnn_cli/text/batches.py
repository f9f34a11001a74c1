"""Rows of different lengths to batches of rows of about the same length.

A batch holds rows of similar length, so that little of it is padding. Its size is limited by its steps: T of
its longest row times its B rows. Each row is in exactly one batch of an epoch.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.rows import Numbers

SPAN = 50  # batches whose rows are sorted together: in the next epoch a row has different neighbours


class Batches(Sequence[Numbers]):
    """The rows of each batch of one epoch, (B,) each.

    lengths: (rows,) of each row; if a row has a source and a target, the sum or the maximum of their lengths.
    rows: the most rows in a batch.
    tokens: the most steps in a batch, T times B; a longer row is a batch by itself.
    shuffle: the key from which the order is drawn, (seed, *purpose, epoch); None: by increasing length.
    """

    def __init__(
        self,
        lengths: NDArray[np.integer[Any]],
        rows: int,
        tokens: int,
        shuffle: tuple[int, ...] | None = None,
    ):
        if rows < 1 or tokens < 1:
            raise ValueError(f"batches of {rows} rows and {tokens} tokens")
        count = len(lengths)
        order = np.arange(count)
        span = max(1, count)
        rng = None if shuffle is None else np.random.default_rng(shuffle)
        if rng is not None:
            order, span = rng.permutation(count), SPAN * rows
        group = np.arange(count) // span
        self._order = order[np.lexsort((lengths[order], group))]  # by length within a span
        self._bounds = _bounds(np.asarray(lengths)[self._order], group, rows, tokens)
        self._turn = np.arange(len(self._bounds) - 1)
        if rng is not None:
            rng.shuffle(self._turn)

    def __len__(self) -> int:
        return len(self._turn)

    def __getitem__(self, index: int) -> Numbers:  # type: ignore[override]  # slices are not supported
        if not 0 <= index < len(self):
            raise IndexError(index)
        turn = self._turn[index]
        return self._order[self._bounds[turn] : self._bounds[turn + 1]]

    def back(self) -> Numbers:
        """Return the place of each row among the rows of all batches, one batch after another, (rows,):
        results[back] are in the order of the input."""
        every = np.concatenate([np.empty(0, np.int64), *self])
        back = np.empty(len(every), np.int64)
        back[every] = np.arange(len(every))
        return back


def _bounds(lengths: Numbers, group: Numbers, rows: int, tokens: int) -> Numbers:
    """Return where each batch begins in sorted rows, and the number of rows. Lengths rise within a group."""
    return np.array([*_ends(lengths.tolist(), group.tolist(), rows, tokens)], np.int64)


def _ends(lengths: list[int], group: list[int], rows: int, tokens: int) -> Iterator[int]:
    yield 0
    begin = 0
    for place, length in enumerate(lengths):
        many = place - begin + 1
        is_full = many > rows or max(1, length) * many > tokens or group[place] != group[begin]
        if is_full and place > begin:
            yield place
            begin = place
    if lengths:
        yield len(lengths)
