"""Sentences as a tagger's network reads them: tokens as ids, and the buckets of their affixes."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.tagger import Tagged
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.rows import Numbers, Rows, places
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK

LONGEST = 400  # tokens that the network reads together; longer sentences are read in parts
PADDING = 0  # the number for no token


class Sentences(NamedTuple):
    """Sentences, one after another; each token is given by its number among the different tokens.

    types: those numbers, a row per sentence, or per part of a long one. The parts of a sentence are
    consecutive, so `types.ids` are the tokens of all sentences in order.
    x: (types,), the vocabulary's id of each different token. affixes: the buckets of each, a row per token;
    None if there are none.
    pairs: (tokens, 2), the buckets of each token of all sentences with its neighbours; None if there are
    none.
    """

    types: Rows
    x: NDArray[np.intp]
    affixes: Rows | None
    pairs: NDArray[np.int32] | None

    @classmethod
    def of_text(
        cls, text: Text, lexicon: Lexicon, affixes: Affixes | None, rows: Numbers | None = None
    ) -> Self:
        """Return the lines of a text, or some of them, as a model reads them."""
        types = types_of(text) if rows is None else types_of(text).take(rows)
        x = text.table(lexicon.vocabulary).astype(np.intp)
        return cls._of(types, x, [*[""] * SPECIAL, *text.types], affixes)

    @classmethod
    def read(cls, sentences: Sequence[Sequence[Token]], lexicon: Lexicon, affixes: Affixes | None) -> Self:
        """Return sentences as a model reads them. A token that is None is unknown, and has no spelling."""
        numbers: dict[Token, int] = {}
        flat = [numbers.setdefault(token, len(numbers) + 1) for row in sentences for token in row]
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        x = np.array([START, *lexicon.vocabulary.encode([*numbers])], np.intp)
        types = Rows.of(np.array(flat, np.int32), lengths)
        return cls._of(types, x, ["", *(token or "" for token in numbers)], affixes)

    @classmethod
    def _of(cls, types: Rows, x: NDArray[np.intp], spelled: Sequence[str], affixes: Affixes | None) -> Self:
        """spelled: each of the different tokens; "" for one without a spelling."""
        pairs = _pairs(types, spelled, affixes) if affixes and affixes.pairs else None
        buckets = affixes.rows(spelled) if affixes else None
        return cls(Rows.of(types.ids, part_lengths(types.lengths)), x, buckets, pairs)

    def batch(
        self, rows: Numbers, y: NDArray[np.integer], read_as: NDArray[np.integer] | None = None
    ) -> Tagged:
        """Return a batch of some rows. y: the tag of each token of all sentences. read_as: (m,), the id that
        each id is read as; None: itself."""
        types, real = self.types.padded(rows, PADDING)
        x = self.x[types]
        tags, _ = Rows(y, self.types.starts).padded(rows)
        of_steps = self._of_steps(rows, types, real)
        if read_as is not None:
            x = read_as[x].astype(np.intp)
        return Tagged(x, real, tags, real, of_steps.ids.astype(np.intp), of_steps.starts)

    def _of_steps(self, rows: Numbers, types: NDArray[np.intp], real: NDArray[np.float32]) -> Rows:
        """Return the buckets of each step of each row, row by row; empty if there are none."""
        if self.affixes is None:
            return Rows(np.empty(0, np.int32), np.zeros(1, np.int64))
        of_tokens = self.affixes.take(types.T.ravel())
        if self.pairs is None:
            return of_tokens
        inside = real.T.ravel() > 0
        both = Rows.of(np.empty(0, np.int32), of_tokens.lengths + 2 * inside)
        ids = np.empty(both.starts[-1], np.int32)
        ids[places(both.starts[:-1], of_tokens.lengths)] = of_tokens.ids
        at = places(self.types.starts[rows], self.types.lengths[rows])
        ids[both.starts[1:][inside][:, None] + [-2, -1]] = self.pairs[at]
        return Rows(ids, both.starts)

    def known(self) -> NDArray[np.bool_]:
        """Return which tokens of all sentences are in the vocabulary."""
        known: NDArray[np.bool_] = (self.x != UNK)[self.types.ids]
        return known


def types_of(text: Text) -> Rows:
    """Return the lines of a text in its own ids, without END."""
    ids, starts = np.asarray(text.corpus.ids), np.asarray(text.corpus.starts, np.int64)
    return Rows(ids[ids != END], starts - np.arange(len(starts)))


def part_lengths(lengths: Numbers) -> Numbers:
    """Return the lengths of the parts of sentences. A sentence of up to LONGEST tokens is one part; a longer
    one has as few parts as possible, of about equal length."""
    if lengths.max(initial=0) <= LONGEST:
        return lengths
    parts = np.maximum(1, -(-lengths // LONGEST))  # of each sentence
    place = np.arange(parts.sum()) - np.repeat(
        np.cumsum(parts) - parts, parts
    )  # of each part in its sentence
    whole, count = np.repeat(lengths, parts), np.repeat(parts, parts)
    return whole * (place + 1) // count - whole * place // count


def owners(lengths: Numbers) -> Numbers:
    """Return the sentence that each part belongs to. lengths: of the sentences."""
    return np.repeat(np.arange(len(lengths)), np.maximum(1, -(-lengths // LONGEST)))


def _pairs(types: Rows, spelled: Sequence[str], affixes: Affixes) -> NDArray[np.int32]:
    """Return the buckets of each token with its neighbours, (tokens, 2); sentences have padding on both
    sides."""
    first, end = types.starts[:-1], types.starts[1:]
    apart = np.insert(types.ids, first, PADDING)  # one padding before each sentence
    where = np.arange(len(types.ids)) + np.repeat(np.arange(1, len(first) + 1), end - first)
    return affixes.beside(spelled, np.concatenate([apart, [PADDING]]))[where - 1]
