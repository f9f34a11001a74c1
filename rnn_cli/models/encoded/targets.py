"""Texts that are predicted token by token: their ids and spelling costs."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.units import PARAGRAPH, paragraph
from rnn_cli.text.vocabulary import END, UNK


class Targets(NamedTuple):
    """Texts, one after another.

    y: the ids of each, followed by END. spelling: (N,), the nats for spelling each text's unknown tokens.
    unknown: (N,), their number. characters: (N,), of each text, its end counted as one.
    """

    y: Rows
    spelling: NDArray[np.float64]
    unknown: Numbers
    characters: Numbers

    @classmethod
    def read(cls, texts: Sequence[str], lexicon: Lexicon) -> Self:
        """Return texts as a model reads them for training. If a text is one line, a line end inside it counts
        as a space."""
        tokenizer, vocabulary = lexicon.tokenizer, lexicon.vocabulary
        is_paragraph = tokenizer.unit == PARAGRAPH
        lines = [paragraph(text) if is_paragraph else text.replace("\n", " ") for text in texts]
        tokens = [*tokenizer.split_all(lines)]
        ids = [[*vocabulary.encode(row), END] for row in tokens]
        unknown = [
            [token for token, id in zip(row, of_row, strict=False) if id == UNK]
            for row, of_row in zip(tokens, ids, strict=True)
        ]
        costs: dict[Token, float] = {None: 0.0}  # a literal <unk> has no spelling
        costs |= {token: lexicon.spelling.nats(token) for row in unknown for token in row if token}
        return cls(
            Rows.of_lists(ids),
            np.array([sum((costs[token] for token in row), 0.0) for row in unknown]),
            np.array([*map(len, unknown)], np.int64),
            np.array([len(line) + 1 for line in lines], np.int64),
        )
