"""Ids to batches.

A text is held as its targets, one after another: the line t_1 … t_k stands as t_1 … t_k END. The
inputs are the same ids one place later, with START where a line begins. Batches are cut from it as
windows of T steps of B rows, each row a stretch of the text that runs on from window to window.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import Token, Tokenizer
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK, Vocabulary

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Corpus:
    """The lines of a text as ids."""

    ids: Ids  # (N,) the targets
    starts: NDArray[np.int64]  # (lines + 1,) where in ids each line begins, and N
    characters: NDArray[np.int64]  # (lines,) of each line, its end counted as one
    spelling_nats: float = 0.0  # what it costs to spell the unknown tokens (spelling.py)

    @property
    def lines(self) -> int:
        return len(self.characters)

    @property
    def tokens(self) -> int:
        """Of the text itself: END is not counted."""
        return len(self.ids) - self.lines

    @property
    def unknown(self) -> int:
        return int(np.count_nonzero(self.ids == UNK))

    def take(self, lines: NDArray[np.int64]) -> "Corpus":
        """The corpus of these lines, in this order."""
        lengths = np.diff(self.starts)[lines]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        source = np.repeat(self.starts[:-1][lines] - starts[:-1], lengths) + np.arange(starts[-1])
        return Corpus(self.ids[source], starts, self.characters[lines])


def read_corpus(
    lines: Iterable[str], tokenizer: Tokenizer, keep_blank: bool
) -> tuple[Corpus, tuple[str, ...]]:
    """The text cut into tokens, once, and numbered by first occurrence: the corpus, and the tokens
    of the ids from SPECIAL on. `renumber` gives it the ids of a vocabulary.

    keep_blank: whether a line of nothing but white space is a line or is skipped.
    """
    index: defaultdict[Token | int, int] = defaultdict(None, {START: START, END: END, None: UNK})
    index.default_factory = index.__len__
    ids, starts, characters = array("i"), array("q", [0]), array("q")
    for line in lines:
        if keep_blank or not (line == "" or line.isspace()):
            ids.extend(map(index.__getitem__, tokenizer.split(line)))
            ids.append(END)
            starts.append(len(ids))
            characters.append(len(line) + 1)
    corpus = Corpus(np.array(ids, np.int32), np.array(starts, np.int64), np.array(characters, np.int64))
    return corpus, tuple(token for token in index if isinstance(token, str))


def count_tokens(corpus: Corpus, tokens: tuple[str, ...]) -> dict[str, int]:
    """How often each token of a corpus as read occurs in (a part of) it."""
    counts = np.bincount(corpus.ids, minlength=SPECIAL + len(tokens))[SPECIAL:]
    return {token: int(count) for token, count in zip(tokens, counts, strict=True) if count}


def renumber(corpus: Corpus, tokens: tuple[str, ...], vocabulary: Vocabulary, spelling: Spelling) -> Corpus:
    """A corpus as read, in the ids of a vocabulary."""
    table = np.array([START, END, UNK, *vocabulary.encode(tokens)], np.int32)
    unknown = {token: n for token, n in count_tokens(corpus, tokens).items() if token not in vocabulary.ids}
    nats = sum(n * spelling.nats(token) for token, n in unknown.items())
    return Corpus(table[corpus.ids], corpus.starts, corpus.characters, nats)


def rows_without_cuts(corpus: Corpus, batch: int) -> int:
    """Rows for a text of independent lines: so few that every line stands whole in one."""
    return max(1, min(batch, len(corpus.ids) // int(np.diff(corpus.starts).max())))


def hold_out(corpus: Corpus, fraction: float, seed: int, carry_state: bool) -> tuple[Corpus, Corpus]:
    """(train, valid): a share of the lines held out, at least one, chosen by seed.

    Independent lines are drawn singly; where the state is carried they are one stretch of the text.
    """
    rng = np.random.default_rng((seed, *b"hold out"))
    count = min(max(1, round(fraction * corpus.lines)), corpus.lines - 1)
    held = np.zeros(corpus.lines, bool)
    if carry_state:
        first = rng.integers(corpus.lines - count + 1)
        held[first : first + count] = True
    else:
        held[rng.permutation(corpus.lines)[:count]] = True
    return corpus.take(np.flatnonzero(~held)), corpus.take(np.flatnonzero(held))


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


class Window(NamedTuple):
    """T steps of B rows, time-major. Rows end at different steps: where one has, weight is 0."""

    x: NDArray[np.intp]  # (T, B) inputs
    y: NDArray[np.intp]  # (T, B) targets
    keep: NDArray[np.float32]  # (T, B) 0 where a line starts afresh and s_{t-1} is dropped, else 1
    weight: NDArray[np.float32]  # (T, B) 1 where there is a target, 0 in the padding


class Windows:
    """One pass over a corpus as a sequence of windows, each made when it is asked for.

    Row b of window w + 1 goes on where row b of window w ended. Every target stands in exactly one
    window. The rows are as even as lines allow: where lines are independent, none is cut between
    two rows, unless it is longer than a row's even share.

    order: (lines,) the order in which to take the lines; None as they stand.
    read_as: (m,) the id that each id is read as; None as itself.
    """

    def __init__(
        self,
        corpus: Corpus,
        batch: int,
        bptt: int,
        carry_state: bool,
        order: NDArray[np.int64] | None = None,
        read_as: NDArray[np.int32] | None = None,
    ):
        order = np.arange(corpus.lines) if order is None else order
        lengths = np.diff(corpus.starts)[order]
        total = len(corpus.ids)
        self.bptt, self.carry_state, self.read_as = bptt, carry_state, read_as
        self.ids = corpus.ids
        self.begin = np.cumsum(lengths) - lengths  # (lines,) where each line begins in this order
        self.shift = corpus.starts[:-1][order] - self.begin  # (lines,) from there to its place in ids
        share = max(1, -(-total // batch))
        self.cut = np.minimum(np.arange(batch + 1) * share, total)  # (B + 1,) where each row begins
        if not carry_state:
            line = self._line(self.cut[1:-1])
            whole = lengths[line] <= share
            self.cut[1:-1] = np.where(whole, self.begin[line], self.cut[1:-1])

    def __len__(self) -> int:
        return int(-(-np.diff(self.cut).max() // self.bptt))

    def __getitem__(self, index: int) -> Window:
        if not 0 <= index < len(self):
            raise IndexError(index)
        place, inside = self.places(index)
        y = self.ids[place]
        x = self.ids[place - 1]  # of the first target of all, the last one: an END, as it should be
        x = np.where(x == END, START, x)
        if self.read_as is not None:
            x, y = self.read_as[x], self.read_as[y]
        keep = np.ones_like(x) if self.carry_state else x != START
        return Window(
            x.astype(np.intp), y.astype(np.intp), keep.astype(np.float32), inside.astype(np.float32)
        )

    def places(self, index: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where in the corpus' ids the targets of a window stand, (T, B), and where there is one: padding
        repeats the first target, after START."""
        first, last = self.cut[:-1] + index * self.bptt, self.cut[1:]  # (B,)
        steps = min(self.bptt, int((last - first).max()))
        place = first + np.arange(steps)[:, None]  # (T, B)
        inside = place < last
        place = np.where(inside, place, 0)
        return place + self.shift[self._line(place)], inside

    def _line(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The line (counted in this order) that each place stands in."""
        return np.searchsorted(self.begin, place, side="right") - 1
