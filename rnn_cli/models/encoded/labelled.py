"""Texts with labels as the network for text from a label reads them: ids, and spelling costs."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.conditional import Labelled
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.numbered import Pairs, in_vocabulary
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.vocabulary import START, UNK


class LabelledTexts(NamedTuple):
    """Texts, one after another, and the label of each.

    y: the targets of each text: its ids and END. label: (N,). nats: (N,), the cost of spelling each text's
    unknown tokens. characters: (N,), of each text, its end counted as one.
    """

    y: Rows
    label: Numbers
    nats: NDArray[np.float64]
    characters: Numbers

    @classmethod
    def of(cls, pairs: Pairs, lexicon: Lexicon) -> Self:
        """Return the texts of pairs as a model reads them."""
        text, ids = pairs.texts, lexicon.vocabulary.ids
        y = in_vocabulary(text, lexicon.vocabulary, ends=True)
        of_types = np.zeros(len(text.counts))
        of_unknown = [lexicon.spelling.nats(token) for token in text.types if token not in ids]
        of_types[text.table(lexicon.vocabulary) == UNK] = [0.0, *of_unknown]  # <unk> has no spelling
        nats = np.add.reduceat(of_types[np.asarray(text.corpus.ids)], y.starts[:-1])
        characters = np.asarray(text.corpus.characters, np.int64)
        return cls(y, pairs.beside.ids.astype(np.int64), nats, characters)

    def batch(self, rows: Numbers) -> Labelled:
        """Return a batch of some texts."""
        y, weight = self.y.padded(rows)
        x = np.concatenate([np.full((1, len(rows)), START, np.intp), y[:-1]])
        return Labelled(x, y, weight, self.label[rows].astype(np.intp))
