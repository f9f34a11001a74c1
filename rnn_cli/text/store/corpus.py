"""A text as ids, and its parts: the lines to train on and those to validate on.

The ids are the targets, one after another: the line t_1 … t_k is stored as t_1 … t_k END. The arrays may be
files mapped into memory (folder.py), so nothing here makes another array of their length.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.cutting import Cut, Ids
from rnn_cli.text.store.mapping import check_whole, release
from rnn_cli.text.store.numbering import NARROW, LineEnds, Numbering
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK, Vocabulary

Numbers = NDArray[np.int64]

DRAWN_FROM = 1 << 16  # lines in a group; held-out lines are drawn group by group
STRETCHES = 100  # into which a text of one line is divided
BLOCK = 1 << 20  # ids that are counted at once
RELEASE_EVERY = 64  # look-ups of a line in a mapped text


@dataclass(frozen=True)
class Corpus:
    """The lines of a text as ids."""

    ids: Ids  # (N,) the targets
    starts: Numbers  # (lines + 1,) where in ids each line begins, and N
    characters: NDArray[np.integer[Any]]  # (lines,) characters of each line; its end counts as one

    @property
    def lines(self) -> int:
        return len(self.characters)


class Text(NamedTuple):
    """A text in ids of its own, and the tokens that they stand for. START, END and UNK are as everywhere."""

    corpus: Corpus
    types: tuple[str, ...]  # the tokens of the ids from SPECIAL on
    counts: Numbers  # (SPECIAL + types,) how often each id occurs
    characters: int
    longest: int  # the targets of its longest line
    fingerprint: str = ""  # a hash of the arrays and types; only a stored text has one

    def table(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        """Return the id in a vocabulary for each of the text's own ids, (SPECIAL + types,)."""
        return np.array([START, END, UNK, *vocabulary.encode(self.types)], np.int32)


def in_memory(cuts: Iterable[Cut]) -> Text:
    """Return the text made of the given cuts, held in memory."""
    numbering, line_ends = Numbering(), LineEnds()
    ids: list[Ids] = [np.empty(0, NARROW)]
    starts, characters = [np.zeros(1, np.int64)], [np.empty(0, np.int64)]
    for cut in cuts:
        of_cut = numbering.ids(cut)
        ends, lengths = line_ends.add(cut, of_cut)
        ids.append(of_cut)
        starts.append(ends)
        characters.append(lengths)
    corpus = Corpus(np.concatenate(ids), np.concatenate(starts), np.concatenate(characters))
    return Text(corpus, numbering.types, numbering.counts, line_ends.characters, line_ends.longest)


@dataclass(frozen=True)
class Selection:
    """Single lines held out at random, or the remaining lines. They are drawn with the seed from DRAWN_FROM
    lines at a time, so that a long text needs no list of them."""

    lines: int  # lines of the text
    count: int  # lines held out
    seed: int
    held_out: bool  # True: the lines held out; False: the remaining lines

    def among(self, first: int, end: int) -> Numbers:
        """Return the numbers of the selected lines from line `first` to `end`, in ascending order."""
        groups = range(first // DRAWN_FROM, -(-end // DRAWN_FROM))
        numbers = np.concatenate([np.empty(0, np.int64), *map(self._in_group, groups)])
        return numbers[np.searchsorted(numbers, first) : np.searchsorted(numbers, end)]

    def _in_group(self, group: int) -> Numbers:
        first, end = group * DRAWN_FROM, min((group + 1) * DRAWN_FROM, self.lines)
        count = self.count * end // self.lines - self.count * first // self.lines
        order = np.random.default_rng((self.seed, *b"hold out", group)).permutation(end - first)
        return first + np.sort(order[:count] if self.held_out else order[count:])


@dataclass(frozen=True)
class Part:
    """Some lines of a text, in the ids of a vocabulary."""

    corpus: Corpus
    ranges: tuple[tuple[int, int], ...]  # of lines: (first, end)
    selection: Selection | None  # the lines selected within the ranges; None: all
    own_counts: Numbers  # (own ids,) how often each of the text's own ids occurs
    characters: int  # a line end counts as one
    longest: int  # no line has more targets
    table: NDArray[np.int32]  # (own ids,) the id of each in the vocabulary
    spelling_nats: float = 0.0  # the cost of spelling the unknown tokens (spelling.py)
    is_running: bool = False  # whether its lines are stretches of one long line, to be read in order

    @property
    def lines(self) -> int:
        return int(self.own_counts[END])

    @property
    def targets(self) -> int:
        return int(self.own_counts.sum())

    @property
    def tokens(self) -> int:
        """The number of targets without the ends of lines."""
        return self.targets - self.lines

    @property
    def unknown(self) -> int:
        """The number of tokens that are not in the vocabulary."""
        return int(self.own_counts[self.table == UNK].sum())

    def counts(self, m: int) -> Numbers:
        """Return how often each id of the vocabulary occurs, (m,)."""
        counts = np.zeros(m, np.int64)
        np.add.at(counts, self.table, self.own_counts)
        return counts

    def occurring(self, types: tuple[str, ...]) -> dict[str, int]:
        """Return the tokens that occur, and how often. types: those of the whole text."""
        counts = self.own_counts[SPECIAL:].tolist()
        return {token: count for token, count in zip(types, counts, strict=True) if count}

    def short_ranges(self, size: int) -> list[tuple[int, int]]:
        """Return its lines in ranges of about `size` targets, as equal as lines allow: (first, end)."""
        starts = self.corpus.starts
        check_whole(starts)
        total = int(starts[-1])
        count = max(1, round(total / size))
        bounds: list[int] = []
        for k in range(1, count):
            bounds.append(int(np.searchsorted(starts, k * total // count)))
            if k % RELEASE_EVERY == 0:
                release(starts)
        return [
            (max(first, a), min(end, b))
            for first, end in self.ranges
            for a, b in zip([0, *bounds], [*bounds, self.corpus.lines], strict=True)
            if max(first, a) < min(end, b)
        ]

    def among(self, first: int, end: int) -> Numbers:
        """Return the numbers of its lines from line `first` to `end` of one of its ranges, ascending."""
        return self.selection.among(first, end) if self.selection else np.arange(first, end)

    def read_with(self, text: Text, vocabulary: Vocabulary, spelling: Spelling) -> "Part":
        """Return the same lines in the ids of a vocabulary. text: the one that the part belongs to."""
        unknown = (
            (token, n) for token, n in self.occurring(text.types).items() if token not in vocabulary.ids
        )
        nats = sum(n * spelling.nats(token) for token, n in unknown)
        return replace(self, table=text.table(vocabulary), spelling_nats=nats)


def whole(text: Text) -> Part:
    """Return all lines of a text, in its own ids."""
    own = np.arange(len(text.counts), dtype=np.int32)
    ranges = ((0, text.corpus.lines),)
    return Part(text.corpus, ranges, None, text.counts, text.characters, text.longest, own)


def hold_out(text: Text, fraction: float, seed: int, carry_state: bool) -> tuple[Part, Part]:
    """Return the training part and the validation part: a fraction of the lines, one or more, chosen by seed.

    Independent lines are drawn one by one. If the state is carried, consecutive lines are held out. From a
    text of one line, a stretch is held out.
    """
    is_running = text.corpus.lines == 1
    if is_running:
        text = in_stretches(text)
    part = replace(whole(text), is_running=is_running)
    lines = text.corpus.lines
    count = min(max(1, round(fraction * lines)), lines - 1)
    if carry_state or is_running:
        first = int(np.random.default_rng((seed, *b"hold out")).integers(lines - count + 1))
        around = ((0, first), (first + count, lines))
        train = replace(part, ranges=tuple((a, b) for a, b in around if a < b))
        valid = replace(part, ranges=((first, first + count),))
    else:
        train = replace(part, selection=Selection(lines, count, seed, held_out=False))
        valid = replace(part, selection=Selection(lines, count, seed, held_out=True))
    counts, characters = _count(valid)
    valid = replace(valid, own_counts=counts, characters=characters)
    left = replace(train, own_counts=part.own_counts - counts, characters=part.characters - characters)
    return left, valid


def in_stretches(text: Text) -> Text:
    """Return a text of one line divided into stretches, as lines without END, so that some can be held out.
    Their numbers of characters are estimated from that of the whole text."""
    corpus = text.corpus
    places = np.linspace(0, len(corpus.ids), min(STRETCHES, len(corpus.ids)) + 1)
    bounds: Numbers = np.round(places * text.characters / len(corpus.ids)).astype(np.int64)
    characters: Numbers = bounds[1:] - bounds[:-1]
    starts = places.astype(np.int64)
    divided = Corpus(corpus.ids, starts, characters)
    return text._replace(corpus=divided, longest=int(np.diff(starts).max()))


def _count(part: Part) -> tuple[Numbers, int]:
    """Return how often each id occurs in a part, (own ids,), and the part's number of characters."""
    counts, characters = np.zeros(len(part.own_counts), np.int64), 0
    for first, end in part.short_ranges(BLOCK):
        lines = part.among(first, end)
        check_whole(part.corpus.characters)
        check_whole(part.corpus.ids)
        characters += int(part.corpus.characters[lines].sum(dtype=np.int64))
        for places in _in_blocks(*spans(part.corpus, lines)):
            counts += np.bincount(part.corpus.ids[places], minlength=len(counts))
        for array in (part.corpus.ids, part.corpus.starts, part.corpus.characters):
            release(array)
    return counts, characters


def spans(corpus: Corpus, lines: Numbers) -> tuple[Numbers, Numbers]:
    """Return where the lines begin in the ids, and how many targets they have, (lines,) each."""
    check_whole(corpus.starts)
    first = np.asarray(corpus.starts[lines])
    return first, corpus.starts[lines + 1] - first


def _in_blocks(first: Numbers, lengths: Numbers) -> Iterator[Numbers]:
    """Yield the places of the ids of some lines, BLOCK at a time."""
    begin = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    for start in range(0, total, BLOCK):
        place = np.arange(start, min(start + BLOCK, total))
        line = np.searchsorted(begin, place, side="right") - 1
        yield place + (first - begin)[line]
