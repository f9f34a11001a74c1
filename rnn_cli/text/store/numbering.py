"""Cuts to one numbering of the whole text: ids by first occurrence, and the ends of lines."""

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.cutting import Cut, Ids
from rnn_cli.text.vocabulary import END, SPECIAL, UNK

Numbers = NDArray[np.int64]

NARROW, WIDE = np.dtype("<u2"), np.dtype("<u4")  # the types of ids on disk
NUMBERS = np.dtype("<i8")  # the type of the other numbers


class Numbering:
    """Numbers the tokens of a text that comes in cuts, by first occurrence, and counts them."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self._counts = np.zeros(1024, np.int64)

    def ids(self, cut: Cut) -> Ids:
        """Return the next cut's ids in the text's numbering, (N,), in the narrowest type for all so far."""
        self._number_new(cut)
        # A type that occurs only in skipped lines is not in the ids; it becomes UNK.
        table = [*range(SPECIAL), *(self.index.get(token, UNK) for token in cut.types)]
        size = SPECIAL + len(self.index)
        if size > len(self._counts):
            self._counts = np.append(self._counts, np.zeros(size, np.int64))
        counts = cut.counts if cut.counts is not None else np.bincount(cut.ids, minlength=len(table))
        np.add.at(self._counts, table, counts)
        narrowest = NARROW if size <= np.iinfo(NARROW).max else WIDE
        numbers: Ids = np.array(table).astype(narrowest)
        return numbers.take(cut.ids.astype(np.intp), mode="clip")

    def _number_new(self, cut: Cut) -> None:
        """Number the new tokens in order of occurrence, so that ids depend on the text and not on where its
        blocks end."""
        new = [id for id, token in enumerate(cut.types, SPECIAL) if token not in self.index]
        if new:
            places = np.arange(len(cut.ids))
            first = np.full(SPECIAL + len(cut.types), len(cut.ids))
            first[cut.ids[::-1]] = places[::-1]  # of several places of an id, the last assigned stays
            for id in sorted(new, key=first.__getitem__):
                if first[id] < len(cut.ids):
                    self.index[cut.types[id - SPECIAL]] = SPECIAL + len(self.index)

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self.index)

    @property
    def counts(self) -> Numbers:
        """How often each id occurs, (SPECIAL + types,)."""
        return self._counts[: SPECIAL + len(self.index)]


class LineEnds:
    """The ends and lengths of the lines of a text that comes in cuts."""

    def __init__(self) -> None:
        self.targets = 0  # so far
        self.characters = 0  # of all finished lines
        self.longest = 0  # targets of the longest finished line
        self._begun = 0  # where the unfinished line began
        self._length = 0  # characters of the unfinished line so far

    def add(self, cut: Cut, ids: Ids) -> tuple[Numbers, Numbers]:
        """Return, for each line that ends in the next cut, where the line after it begins, and how many
        characters it has."""
        ends = np.flatnonzero(ids == END) + (self.targets + 1)
        lengths = cut.lengths.copy()
        lengths[0] += self._length
        self._length = int(lengths[-1])
        self.targets += len(ids)
        if len(ends):
            self.longest = max(self.longest, int(np.diff(ends, prepend=self._begun).max()))
            self._begun = int(ends[-1])
        self.characters += int(lengths[:-1].sum())
        return ends, lengths[:-1]
