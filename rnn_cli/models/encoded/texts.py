"""Texts as the networks for labels read them: ids, and the buckets of their n-grams."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.classifier import Texts
from rnn_cli.text.features import Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.rows import Rows, places
from rnn_cli.text.tokenizers import Tokenizer

LONGEST = 400  # tokens of a text that the encoder reads, from its start
MOST_GRAMS = 4000  # n-grams read of a text, from its start


class Encoded(NamedTuple):
    """Texts, in order. x: ids, at most LONGEST per text. grams: buckets, at most MOST_GRAMS; none if n-grams
    are not used."""

    x: Rows
    grams: Rows

    @classmethod
    def of(cls, x: Rows, texts: Sequence[str], grams: Grams | None) -> Self:
        """Return texts whose ids are known."""
        if grams is None:
            buckets = Rows.of(np.empty(0, np.int32), np.zeros(len(x.lengths), np.int64))
        else:
            buckets = grams.rows(texts)
        return cls(first(x, LONGEST), first(buckets, MOST_GRAMS))

    @classmethod
    def read(cls, texts: Sequence[str], lexicon: Lexicon, grams: Grams | None) -> Self:
        """Return texts as a model reads them. A line end counts as a space."""
        tokenizer = lexicon.tokenizer
        lines = [tokenizer.normalize(text.replace("\n", " ")) for text in texts]
        ids = [*map(lexicon.vocabulary.encode, tokenizer.split_all(lines))]
        return cls.of(Rows.of_lists(ids), lines, grams)

    def batch(
        self, rows: NDArray[np.integer[Any]], y: NDArray[Any], weight: NDArray[np.float32] | None = None
    ) -> Texts:
        """Return a batch of some texts. y: their labels, as the network's output expects them. weight: (B,),
        how much each counts; None: 1."""
        x, real = self.x.padded(rows)
        weights = np.zeros(x.shape, np.float32)
        weights[0] = 1 if weight is None else weight
        grams = self.grams.take(rows)
        return Texts(x, real, y, weights, grams.ids.astype(np.intp), grams.starts)


def is_longer(text: str, tokenizer: Tokenizer, most: int) -> bool:
    """Return whether a text, as a model reads it, has more than `most` tokens."""
    line = tokenizer.normalize(text.replace("\n", " "))
    return len(line) > most and len(tokenizer.split(line)) > most  # each token has a character


def first(rows: Rows, most: int) -> Rows:
    """Return rows cut to their first `most` ids."""
    lengths = np.minimum(rows.lengths, most)
    return Rows.of(rows.ids[places(rows.starts[:-1], lengths)], lengths)
