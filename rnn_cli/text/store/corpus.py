"""A text as ids, and the parts of it to learn from and to validate on.

A text is held as its targets, one after another: the line t_1 … t_k stands as t_1 … t_k END. The arrays
may be files mapped into memory (stored.py), so nothing here makes another array of their length.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.cutting import Cut
from rnn_cli.text.store.mapping import release
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK, Vocabulary

Ids = NDArray[np.integer[Any]]
Numbers = NDArray[np.int64]

NARROW, WIDE = np.dtype("<u2"), np.dtype("<u4")  # of ids
DRAWN_FROM = 1 << 16  # lines: those held out are drawn from so many at a time
BLOCK = 1 << 20  # of ids looked at together
RELEASE_EVERY = 64  # look-ups of a line in a mapped text


@dataclass(frozen=True)
class Corpus:
    """The lines of a text as ids."""

    ids: Ids  # (N,) the targets
    starts: Numbers  # (lines + 1,) where in ids each line begins, and N
    characters: NDArray[np.integer[Any]]  # (lines,) of each line, its end counted as one

    @property
    def lines(self) -> int:
        return len(self.characters)


class Text(NamedTuple):
    """A text in ids of its own, below SPECIAL those that all share, and what they stand for."""

    corpus: Corpus
    types: tuple[str, ...]  # the tokens of the ids from SPECIAL on
    counts: Numbers  # (SPECIAL + types,) how often each id occurs
    characters: int
    longest: int  # the targets of its longest line
    fingerprint: str = ""  # a hash of all this, of a stored text

    def table(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        """What each id is in a vocabulary, (SPECIAL + types,)."""
        return np.array([START, END, UNK, *vocabulary.encode(self.types)], np.int32)


class Numbering:
    """Numbers the tokens of a text that comes in cuts, by first occurrence, and counts them."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self._counts = np.zeros(1024, np.int64)

    def ids(self, cut: Cut) -> Ids:
        """The ids of a cut in the text's numbering, (N,), of the narrowest type that holds all so far."""
        self._number_new(cut)
        table = [*range(SPECIAL), *(self.index.get(t, UNK) for t in cut.types)]  # one in no line is in none
        size = SPECIAL + len(self.index)
        if size > len(self._counts):
            self._counts = np.append(self._counts, np.zeros(size, np.int64))
        counts = cut.counts if cut.counts is not None else np.bincount(cut.ids, minlength=len(table))
        np.add.at(self._counts, table, counts)
        narrowest = NARROW if size <= np.iinfo(NARROW).max else WIDE
        numbers: Ids = np.array(table).astype(narrowest)
        return numbers.take(cut.ids.astype(np.intp), mode="clip")

    def _number_new(self, cut: Cut) -> None:
        """Number the tokens that have not come before, as they come: so that ids are a function of the text,
        and not of where its blocks end."""
        new = [id for id, token in enumerate(cut.types, SPECIAL) if token not in self.index]
        if new:
            places = np.arange(len(cut.ids))
            first = np.full(SPECIAL + len(cut.types), len(cut.ids))
            first[cut.ids[::-1]] = places[::-1]  # where an id occurs again, what is assigned last holds
            for id in sorted(new, key=first.__getitem__):
                if first[id] < len(cut.ids):
                    self.index[cut.types[id - SPECIAL]] = SPECIAL + len(self.index)

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self.index)

    @property
    def counts(self) -> Numbers:
        return self._counts[: SPECIAL + len(self.index)]


def in_memory(cuts: Iterable[Cut]) -> Text:
    """A text in memory, for one that is small."""
    numbering = Numbering()
    lines = Lines()
    ids: list[Ids] = [np.empty(0, NARROW)]
    starts, characters = [np.zeros(1, np.int64)], [np.empty(0, np.int64)]
    for cut in cuts:
        of_cut = numbering.ids(cut)
        ends, lengths = lines.ended(cut, of_cut)
        ids.append(of_cut)
        starts.append(ends)
        characters.append(lengths)
    corpus = Corpus(np.concatenate(ids), np.concatenate(starts), np.concatenate(characters))
    return Text(corpus, numbering.types, numbering.counts, lines.characters, lines.longest)


class Lines:
    """Where the lines of a text that comes in cuts end, and how long they are."""

    def __init__(self) -> None:
        self.targets = 0  # so far
        self.characters = 0  # of the lines that have ended
        self.longest = 0  # targets of a line
        self._begun = 0  # where the line that has not ended began
        self._length = 0  # characters of it so far

    def ended(self, cut: Cut, ids: Ids) -> tuple[Numbers, Numbers]:
        """Of the lines that end in a cut: where the next one begins, and their characters."""
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


@dataclass(frozen=True)
class Draw:
    """Lines held out singly, or those that are left. Which ones follows from the seed, some at a time, so
    that a long text needs no list of them."""

    lines: int  # to draw from
    count: int  # to be held out
    seed: int
    held: bool  # whether it means the lines held out

    def among(self, first: int, end: int) -> Numbers:
        """Those from line `first` to `end`, rising."""
        blocks = range(first // DRAWN_FROM, -(-end // DRAWN_FROM))
        numbers = np.concatenate([np.empty(0, np.int64), *map(self._of_block, blocks)])
        return numbers[np.searchsorted(numbers, first) : np.searchsorted(numbers, end)]

    def _of_block(self, block: int) -> Numbers:
        first, end = block * DRAWN_FROM, min((block + 1) * DRAWN_FROM, self.lines)
        count = self.count * end // self.lines - self.count * first // self.lines
        order = np.random.default_rng((self.seed, *b"hold out", block)).permutation(end - first)
        return first + np.sort(order[:count] if self.held else order[count:])


@dataclass(frozen=True)
class Part:
    """Some lines of a text, in the ids of a vocabulary."""

    corpus: Corpus
    stretches: tuple[tuple[int, int], ...]  # of lines: (first, end)
    draw: Draw | None  # which lines of those; None: all
    own_counts: Numbers  # (own ids,) how often each of the text's own ids occurs
    characters: int  # a line's end counted as one
    longest: int  # no line of it has more targets
    table: NDArray[np.int32]  # (own ids,) what each is in the vocabulary
    spelling_nats: float = 0.0  # what it costs to spell the unknown tokens (spelling.py)

    @property
    def lines(self) -> int:
        return int(self.own_counts[END])

    @property
    def targets(self) -> int:
        return int(self.own_counts.sum())

    @property
    def tokens(self) -> int:
        """Of the text itself: END is not counted."""
        return self.targets - self.lines

    @property
    def unknown(self) -> int:
        return int(self.own_counts[self.table == UNK].sum())

    def counts(self, m: int) -> Numbers:
        """How often each id of the vocabulary occurs, (m,)."""
        counts = np.zeros(m, np.int64)
        np.add.at(counts, self.table, self.own_counts)
        return counts

    def occurring(self, types: tuple[str, ...]) -> dict[str, int]:
        """How often each of the text's tokens occurs, of those that do."""
        counts = self.own_counts[SPECIAL:].tolist()
        return {token: count for token, count in zip(types, counts, strict=True) if count}

    def sections(self, size: int) -> list[tuple[int, int]]:
        """The lines in stretches of some `size` targets, as even as lines allow: (first, end)."""
        starts = self.corpus.starts
        total = int(starts[-1])
        count = max(1, round(total / size))
        cuts: list[int] = []
        for k in range(1, count):
            cuts.append(int(np.searchsorted(starts, k * total // count)))
            if k % RELEASE_EVERY == 0:
                release(starts)
        return [
            (max(first, a), min(end, b))
            for first, end in self.stretches
            for a, b in zip([0, *cuts], [*cuts, self.corpus.lines], strict=True)
            if max(first, a) < min(end, b)
        ]

    def among(self, first: int, end: int) -> Numbers:
        """The numbers of its lines from line `first` to `end` of a stretch, rising."""
        return self.draw.among(first, end) if self.draw else np.arange(first, end)

    def read_with(self, text: Text, vocabulary: Vocabulary, spelling: Spelling) -> "Part":
        """The same lines, of this text, in the ids of a vocabulary."""
        unknown = (
            (token, n) for token, n in self.occurring(text.types).items() if token not in vocabulary.ids
        )
        nats = sum(n * spelling.nats(token) for token, n in unknown)
        return replace(self, table=text.table(vocabulary), spelling_nats=nats)


def whole(text: Text) -> Part:
    """All lines of a text, in its own ids."""
    own = np.arange(len(text.counts), dtype=np.int32)
    stretches = ((0, text.corpus.lines),)
    return Part(text.corpus, stretches, None, text.counts, text.characters, text.longest, own)


def hold_out(text: Text, fraction: float, seed: int, carry_state: bool) -> tuple[Part, Part]:
    """(train, valid): a share of the lines held out, at least one, chosen by seed.

    Independent lines are drawn singly; where the state is carried they are one stretch of the text.
    """
    part = whole(text)
    lines = part.lines
    count = min(max(1, round(fraction * lines)), lines - 1)
    if carry_state:
        first = int(np.random.default_rng((seed, *b"hold out")).integers(lines - count + 1))
        around = ((0, first), (first + count, lines))
        train = replace(part, stretches=tuple((a, b) for a, b in around if a < b))
        valid = replace(part, stretches=((first, first + count),))
    else:
        train = replace(part, draw=Draw(lines, count, seed, held=False))
        valid = replace(part, draw=Draw(lines, count, seed, held=True))
    counts, characters = _count(valid)
    valid = replace(valid, own_counts=counts, characters=characters)
    left = replace(train, own_counts=part.own_counts - counts, characters=part.characters - characters)
    return left, valid


def _count(part: Part) -> tuple[Numbers, int]:
    """How often each id occurs in a part, (own ids,), and its characters."""
    counts, characters = np.zeros(len(part.own_counts), np.int64), 0
    for first, end in part.sections(BLOCK):
        lines = part.among(first, end)
        characters += int(part.corpus.characters[lines].sum(dtype=np.int64))
        for places in _in_blocks(*spans(part.corpus, lines)):
            counts += np.bincount(part.corpus.ids[places], minlength=len(counts))
        for array in (part.corpus.ids, part.corpus.starts, part.corpus.characters):
            release(array)
    return counts, characters


def spans(corpus: Corpus, lines: Numbers) -> tuple[Numbers, Numbers]:
    """Where lines begin in the ids, and how many targets they have: (lines,) each."""
    first = np.asarray(corpus.starts[lines])
    return first, corpus.starts[lines + 1] - first


def _in_blocks(first: Numbers, lengths: Numbers) -> Iterator[Numbers]:
    """The places of the ids of some lines, not many more than BLOCK at a time."""
    begin = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    for start in range(0, total, BLOCK):
        place = np.arange(start, min(start + BLOCK, total))
        line = np.searchsorted(begin, place, side="right") - 1
        yield place + (first - begin)[line]
