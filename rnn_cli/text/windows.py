"""Ids to batches: windows of T steps of B rows, each row a stretch of the text that runs on from window
to window. The inputs are the targets one place earlier, with START where a line begins.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.corpus import Ids, Numbers, Part, spans
from rnn_cli.text.store.mapping import release
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK

SECTION = 1 << 21  # targets of a text that are shuffled together: a list of their lines is never large
WINDOWS_OF_SECTION = 16  # at least
RELEASE_EVERY = 1024  # windows: megabytes of a mapped file


class Window(NamedTuple):
    """T steps of B rows, time-major. Rows end at different steps: where one has, weight is 0."""

    x: NDArray[np.intp]  # (T, B) inputs
    y: NDArray[np.intp]  # (T, B) targets
    keep: NDArray[np.float32]  # (T, B) 0 where a line starts afresh and s_{t-1} is dropped, else 1
    weight: NDArray[np.float32]  # (T, B) 1 where there is a target, 0 in the padding


class Windows(Sequence[Window]):
    """One pass over pieces of a text as a sequence of windows, each made when it is asked for.

    Row b of window w + 1 goes on where row b of window w ended. Every target stands in exactly one
    window. The rows are as even as lines allow: where lines are independent, none is cut between
    two rows, unless it is longer than a row's even share and not `uncut`.

    ids: (N,) of the text.
    pieces: where in ids each begins, and how long it is, (P,) each, in the order in which to read
        them: lines, or where the state is carried longer stretches.
    read_as: the id that each id is read as; None as itself.
    uncut: whether independent lines stand whole in a row however long they are.
    """

    def __init__(
        self,
        ids: Ids,
        pieces: tuple[Numbers, Numbers],
        batch: int,
        bptt: int,
        carry_state: bool,
        read_as: NDArray[np.int32] | None = None,
        uncut: bool = False,
    ):
        first, lengths = pieces
        total = int(lengths.sum())
        self.ids, self.bptt, self.carry_state = ids, bptt, carry_state
        self.read_as = None if read_as is None else read_as.astype(np.intp)
        self.begin = np.cumsum(lengths) - lengths  # (P,) where each piece begins in this order
        self.shift = first - self.begin  # (P,) from there to its place in ids
        share = max(1, -(-total // batch))
        self.cut = np.minimum(np.arange(batch + 1) * share, total)  # (B + 1,) where each row begins
        if not carry_state and total:
            line = self._piece(self.cut[1:-1])
            stays = (lengths[line] <= share) | uncut
            self.cut[1:-1] = np.where(stays, self.begin[line], self.cut[1:-1])

    def __len__(self) -> int:
        return int(-(-np.diff(self.cut).max() // self.bptt))

    def __getitem__(self, index: int) -> Window:  # type: ignore[override]  # of a slice nobody has asked
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index % RELEASE_EVERY == 0:
            release(self.ids)
        place, inside = self.places(index)
        y = self.ids[place].astype(np.intp)
        x = self.ids[place - 1].astype(
            np.intp
        )  # of the first target of all the last, an END, as it should be
        begins = x == END
        if self.read_as is not None:
            x, y = self.read_as[x], self.read_as[y]
        x[begins] = START
        keep = np.ones(x.shape, np.float32) if self.carry_state else (~begins).astype(np.float32)
        return Window(x, y, keep, inside.astype(np.float32))

    def places(self, index: int) -> tuple[Numbers, NDArray[np.bool_]]:
        """Where in ids the targets of a window stand, (T, B), and where there is one: padding
        repeats the first target, after START."""
        first, last = self.cut[:-1] + index * self.bptt, self.cut[1:]  # (B,)
        steps = min(self.bptt, int((last - first).max()))
        place = first + np.arange(steps)[:, None]  # (T, B)
        inside = place < last
        place = np.where(inside, place, 0)
        return place + self.shift[self._piece(place)], inside

    def _piece(self, place: Numbers) -> Numbers:
        """The piece (counted in this order) that each place stands in."""
        return np.searchsorted(self.begin, place, side="right") - 1


def windows_of(
    part: Part,
    batch: int,
    bptt: int,
    carry_state: bool,
    shuffle: tuple[int, ...] | None = None,
    hidden: NDArray[np.int32] | None = None,
) -> Sequence[Window]:
    """One pass over a part of a text.

    shuffle: where lines are independent, the key of the order in which they come; None as they stand,
        and then each whole in one row, so that what is measured does not depend on the rows.
    hidden: (m,) the id of the vocabulary that each is read as; None as itself.
    """
    read_as = part.table if hidden is None else hidden[part.table]
    if not carry_state:
        return Sections(part, batch, bptt, read_as, shuffle)
    first, end = part.corpus.starts[np.array(part.stretches).T]
    return Windows(part.corpus.ids, (first, end - first), batch, bptt, True, read_as)


class Sections(Sequence[Window]):
    """One pass over independent lines, section by section, so that a text of any length takes no more than
    one section's list of lines. Sections come in an order of their own, and lines within each."""

    def __init__(
        self, part: Part, batch: int, bptt: int, read_as: NDArray[np.int32], shuffle: tuple[int, ...] | None
    ):
        self._part, self._shape, self._read_as, self._shuffle = part, (batch, bptt), read_as, shuffle
        sections = part.sections(max(SECTION, WINDOWS_OF_SECTION * batch * bptt))
        order = range(len(sections)) if shuffle is None else _order(len(sections), shuffle).tolist()
        self._sections = [sections[k] for k in order]
        self._open: tuple[int, Windows] | None = None
        self._ends = [*accumulate(len(self._windows(k)) for k in range(len(sections)))]

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Window:  # type: ignore[override]  # as above
        if not 0 <= index < len(self):
            raise IndexError(index)
        section = bisect_right(self._ends, index)
        windows = self._windows(section)
        return windows[index - self._ends[section] + len(windows)]

    def _windows(self, section: int) -> Windows:
        """Of one section; the last one asked for is kept."""
        if self._open is None or self._open[0] != section:
            corpus = self._part.corpus
            lines = self._part.among(*self._sections[section])
            if self._shuffle is not None:
                lines = lines[_order(len(lines), (*self._shuffle, section))]
            uncut = self._shuffle is None
            windows = Windows(corpus.ids, spans(corpus, lines), *self._shape, False, self._read_as, uncut)
            self._open = section, windows
            release(corpus.starts)
        return self._open[1]


def _order(count: int, key: tuple[int, ...]) -> Numbers:
    return np.random.default_rng(key).permutation(count)


def rows_without_cuts(targets: int, longest: int, batch: int) -> int:
    """Rows for a text of independent lines: so few that every line stands whole in one."""
    return max(1, min(batch, targets // longest))


def hide_rare(counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int32]:
    """What each id is read as in one epoch, (m,): some of the tokens that occur once as UNK, a half
    of them or as many as make a hundredth of the text, where that is less (after Dyer et al. 2015,
    who replace half). So a model learns what an unknown token is like from a text that has none."""
    once = np.flatnonzero(counts == 1)
    once = once[once >= SPECIAL]
    most = min(0.5 * len(once), 0.01 * counts.sum())
    read_as = np.arange(len(counts), dtype=np.int32)
    read_as[once[rng.random(len(once)) * len(once) < most]] = UNK
    return read_as
