"""The figures of predicted tags: their accuracy, and the F1 of the spans that they mark.

Spans are defined as in conlleval (Tjong Kim Sang and Buchholz 2000; its version of 2004 with E and S): a tag
is a letter and the type of its span, `B-LOC`, or only the letter if words are marked.

    B begins a span, I or M continues it, E ends it, S is a whole span, O is outside

An I, M or E without a span of its type to continue begins one. So BMES, IOB, IOB2 and BIOES are read alike.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.rows import Numbers, Rows

LETTERS = "OBIMES"
OUTSIDE, BEGINS, SINGLE = LETTERS.index("O"), LETTERS.index("B"), LETTERS.index("S")
ENDED = [LETTERS.index(letter) for letter in "OES"]  # after these, no span continues


class SpanFigures(NamedTuple):
    """The numbers of true spans, predicted spans, and predicted spans with both ends and the type right."""

    true: int
    predicted: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.predicted)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.true)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.true + self.predicted)


class Scheme(NamedTuple):
    """The letter and the type of each of m tags."""

    letter: Numbers  # (m,) a place in LETTERS
    type: Numbers  # (m,)


def scheme(names: Sequence[str]) -> Scheme | None:
    """Return how tags mark spans, or None if they do not (for example, parts of speech)."""
    parts = [name.partition("-") for name in names]
    if not all(len(letter) == 1 and letter in LETTERS for letter, _, _ in parts):
        return None
    if not any(letter == "B" for letter, _, _ in parts):
        return None
    types = {type: number for number, type in enumerate(dict.fromkeys(type for _, _, type in parts))}
    letters = [LETTERS.index(letter) for letter, _, _ in parts]
    return Scheme(np.array(letters), np.array([types[type] for _, _, type in parts]))


def tag_accuracy(true: Rows, predicted: Rows) -> float:
    """Return the share of tokens that were given their tag."""
    return float((true.ids == predicted.ids).mean())


def exact_rows(true: Rows, predicted: Rows) -> float:
    """Return the share of sentences in which every tag is right."""
    wrong = np.append(0, np.cumsum(true.ids != predicted.ids))
    return float((wrong[true.starts[1:]] == wrong[true.starts[:-1]]).mean())


def span_figures(true: Rows, predicted: Rows, scheme: Scheme) -> SpanFigures:
    """Return the figures of spans. true, predicted: rows of tags, of the same lengths."""
    of_true, of_predicted = spans(true, scheme), spans(predicted, scheme)
    both = np.concatenate([of_true, of_predicted])
    right = len(both) - len(np.unique(both, axis=0))
    return SpanFigures(len(of_true), len(of_predicted), right)


def spans(tags: Rows, scheme: Scheme) -> Numbers:
    """Return the spans in rows of tags: first place, place after the last, and type, (spans, 3)."""
    letter, type = scheme.letter[tags.ids], scheme.type[tags.ids]
    is_first = np.zeros(len(letter) + 1, bool)
    is_first[tags.starts] = True  # the first tag of a sentence, or the end of all
    before = np.append(OUTSIDE, letter[:-1])
    changed = np.append(True, type[1:] != type[:-1])[: len(letter)]
    goes_on = ~(is_first[:-1] | changed | np.isin(before[: len(letter)], ENDED))
    inside = letter != OUTSIDE
    begins = inside & (np.isin(letter, [BEGINS, SINGLE]) | ~goes_on)
    first = np.flatnonzero(begins)
    stops = np.append(np.flatnonzero(begins | ~inside), len(letter))
    end = stops[np.searchsorted(stops, first, side="right")] if len(first) else first
    return np.stack([first, end, type[first]], axis=1)


def most_frequent(tokens: NDArray[np.int64], tags: NDArray[np.int64], m: int, tag_count: int) -> Numbers:
    """Return the most frequent tag of each token in training, (m,): the simplest baseline for a tagger.

    tokens, tags: (N,) of the training text. A token that did not occur gets the most frequent tag among the
    tokens that occur once, as unknown tokens resemble them; of equally frequent tags, that with the lowest id
    wins.
    """
    counts = np.zeros((m, tag_count), np.int64)
    np.add.at(counts, (tokens, tags), 1)
    rare = counts[counts.sum(1) == 1].sum(0)
    fallback = int((rare if rare.any() else counts.sum(0)).argmax())
    return np.where(counts.any(1), counts.argmax(1), fallback)
