"""Ids to windows of T steps of B rows. Each row continues from one window to the next. The inputs are the
targets shifted by one place, with START where a line begins.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.corpus import Numbers, Part, spans
from rnn_cli.text.store.cutting import Ids
from rnn_cli.text.store.mapping import check_whole, release
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK

SHUFFLED = 1 << 21  # targets in the lines that are shuffled together, so that the list of lines stays short
SHUFFLED_WINDOWS = 16  # the fewest windows that these lines fill
ALL = slice(None)
RELEASE_EVERY = 1024  # windows, which read megabytes of a mapped file


class Window(NamedTuple):
    """T steps of B rows, time-major. The weight is 0 after a row has ended, if others go on."""

    x: NDArray[np.intp]  # (T, B) inputs
    y: NDArray[np.intp]  # (T, B) targets
    keep: NDArray[np.float32]  # (T, B) 0 where a line begins and s_{t-1} is dropped, else 1
    weight: NDArray[np.float32]  # (T, B) 1 for a target, 0 for padding


class Windows(Sequence[Window]):
    """One pass over a text as a sequence of windows, each made on demand.

    Row b of window w + 1 continues where row b of window w ended. Every target is in exactly one window. Rows
    are as equal in length as lines allow: an independent line is divided between two rows only if it is
    longer than an equal share and `uncut` is false.

    ids: (N,) of the text.
    ranges: where in ids each range begins, and how many targets it has, (P,) each, in reading order. A range
        is a line, or consecutive lines if the state is carried.
    read_as: the id that replaces each id; None: every id stays.
    uncut: whether independent lines stay whole in a row however long they are.
    """

    def __init__(
        self,
        ids: Ids,
        ranges: tuple[Numbers, Numbers],
        batch: int,
        bptt: int,
        carry_state: bool,
        read_as: NDArray[np.int32] | None = None,
        uncut: bool = False,
    ):
        first, lengths = ranges
        total = int(lengths.sum())
        self.ids, self.bptt, self.carry_state = ids, bptt, carry_state
        self.read_as = None if read_as is None else read_as.astype(np.intp)
        self.begin = np.cumsum(lengths) - lengths  # (P,) where each range begins in reading order
        self.shift = first - self.begin  # (P,) from there to its place in ids
        even = max(1, -(-total // batch))  # targets of a row if all have the same length
        self.bounds = np.minimum(np.arange(batch + 1) * even, total)  # (B + 1,) where each row begins
        if not carry_state and total:
            line = self._range_at(self.bounds[1:-1])
            stays = (lengths[line] <= even) | uncut
            self.bounds[1:-1] = np.where(stays, self.begin[line], self.bounds[1:-1])

    def __len__(self) -> int:
        return int(-(-np.diff(self.bounds).max() // self.bptt))

    @property
    def rows(self) -> int:
        return len(self.bounds) - 1

    def targets(self, index: int) -> int:
        """Return the number of targets in a window."""
        left = self.bounds[1:] - self.bounds[:-1] - index * self.bptt
        return int(np.clip(left, 0, self.bptt).sum())

    def __getitem__(self, index: int) -> Window:  # type: ignore[override]  # slices are not supported
        return self.part(index, ALL)

    def part(self, index: int, rows: slice) -> Window:
        """Return some rows of a window; the text of no other row is read."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        check_whole(self.ids)
        if index % RELEASE_EVERY == 0:
            release(self.ids)
        place, inside = self.places(index, rows)
        y = self.ids[place].astype(np.intp)  # (T, B)
        # For the very first target, place - 1 is the last one: an END, as it should be.
        x = self.ids[place - 1].astype(np.intp)  # (T, B)
        begins = x == END
        if self.read_as is not None:
            x, y = self.read_as[x], self.read_as[y]
        x[begins] = START
        keep = np.ones(x.shape, np.float32) if self.carry_state else (~begins).astype(np.float32)
        return Window(x, y, keep, inside.astype(np.float32))

    def places(self, index: int, rows: slice = ALL) -> tuple[Numbers, NDArray[np.bool_]]:
        """Return where in ids the targets of a window's rows are, (T, B), and which of these are not padding,
        (T, B). Padding repeats the first target, after START."""
        first, last = self.bounds[:-1] + index * self.bptt, self.bounds[1:]  # (B,) of all rows
        steps = min(self.bptt, int((last - first).max()))
        first, last = first[rows], last[rows]
        place = first + np.arange(steps)[:, None]  # (T, B)
        inside = place < last
        place = np.where(inside, place, 0)
        return place + self.shift[self._range_at(place)], inside

    def _range_at(self, place: Numbers) -> Numbers:
        """Return the number of the range that holds each place, both in reading order."""
        return np.searchsorted(self.begin, place, side="right") - 1


def windows_of(
    part: Part,
    batch: int,
    bptt: int,
    carry_state: bool,
    shuffle: tuple[int, ...] | None = None,
    hidden: NDArray[np.int32] | None = None,
) -> Sequence[Window]:
    """Return one pass over a part of a text.

    shuffle: the key from which the order of independent lines is drawn; None: lines stay in order, each whole
        in one row, so that a measurement does not depend on the number of rows.
    hidden: (m,) the id that replaces each id of the vocabulary; None: every id stays.
    """
    read_as = part.table if hidden is None else hidden[part.table]
    if not (carry_state or part.is_running):
        return LineWindows(part, batch, bptt, read_as, shuffle)
    check_whole(part.corpus.starts)
    first, end = part.corpus.starts[np.array(part.ranges).T]
    return Windows(part.corpus.ids, (first, end - first), batch, bptt, True, read_as)


class LineWindows(Sequence[Window]):
    """One pass over the independent lines of a part, range by range, so that memory holds the list of lines
    of only one range, however long the text. Given a key, both the ranges and the lines in each are shuffled.
    """

    def __init__(
        self, part: Part, batch: int, bptt: int, read_as: NDArray[np.int32], shuffle: tuple[int, ...] | None
    ):
        self._part, self._shape, self._read_as, self._shuffle = part, (batch, bptt), read_as, shuffle
        ranges = part.short_ranges(max(SHUFFLED, SHUFFLED_WINDOWS * batch * bptt))
        order = range(len(ranges)) if shuffle is None else _order(len(ranges), shuffle).tolist()
        self._ranges = [ranges[k] for k in order]
        self._open: tuple[int, Windows] | None = None
        self._ends = [*accumulate(len(self._windows(k)) for k in range(len(ranges)))]

    def __len__(self) -> int:
        return self._ends[-1]

    @property
    def rows(self) -> int:
        return self._shape[0]

    def targets(self, index: int) -> int:
        """Return the number of targets in a window."""
        windows, index = self._at(index)
        return windows.targets(index)

    def __getitem__(self, index: int) -> Window:  # type: ignore[override]  # slices are not supported
        return self.part(index, ALL)

    def part(self, index: int, rows: slice) -> Window:
        """Return some rows of a window; the text of no other row is read."""
        windows, index = self._at(index)
        return windows.part(index, rows)

    def _at(self, index: int) -> tuple[Windows, int]:
        """Return the windows of the range that holds a window, and the window's number among them."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self._ends, index)
        windows = self._windows(number)
        return windows, index - self._ends[number] + len(windows)

    def _windows(self, number: int) -> Windows:
        """Return the windows of one range; the last result is kept."""
        if self._open is None or self._open[0] != number:
            corpus = self._part.corpus
            lines = self._part.among(*self._ranges[number])
            if self._shuffle is not None:
                lines = lines[_order(len(lines), (*self._shuffle, number))]
            uncut = self._shuffle is None
            windows = Windows(corpus.ids, spans(corpus, lines), *self._shape, False, self._read_as, uncut)
            self._open = number, windows
            release(corpus.starts)
        return self._open[1]


def _order(count: int, key: tuple[int, ...]) -> Numbers:
    return np.random.default_rng(key).permutation(count)


def rows_without_cuts(targets: int, longest: int, batch: int) -> int:
    """Return the number of rows, at most `batch`, with which no independent line is divided.

    targets, longest: the targets of the text, and of its longest line.
    """
    return max(1, min(batch, targets // longest))


def hide_rare(counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int32]:
    """Return the id that replaces each id in one epoch, (m,): UNK for some of the tokens that occur once.
    This teaches a model what unknown tokens are like when the text has none (after Dyer et al. 2015).

    Half of those tokens are hidden, as in the paper, but at most as many as make up a hundredth of the text.

    counts: (m,) how often each id occurs.
    """
    once = np.flatnonzero(counts == 1)
    once = once[once >= SPECIAL]
    most = min(0.5 * len(once), 0.01 * counts.sum())
    read_as = np.arange(len(counts), dtype=np.int32)
    read_as[once[rng.random(len(once)) * len(once) < most]] = UNK
    return read_as
