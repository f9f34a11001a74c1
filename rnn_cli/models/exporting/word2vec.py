"""Word vectors in word2vec's text format: a line with their number and size, then a line per token."""

import re
from typing import Any

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Array
from rnn_cli.text.vocabulary import SPECIAL

WHITE = re.compile(r"\s")
SPACE = "▁"  # replaces white space in a token, since spaces separate the fields


def vectors(model: Any) -> Array:
    """Return a vector for each token of the vocabulary, (m - 3, d): from the embedding or, if there is none,
    the token's column of U. For a translation model they are the source's.

    Raises UsageError for a model without vectors.
    """
    network = model.network
    if isinstance(model, LanguageModel):
        table: Array = model.p["V"] if network.tie else model.p[network.input.table].T
    elif "C" in model.p or "U" in model.p:
        table = model.p["C" if "C" in model.p else "U"].T
    else:
        raise UsageError("the model has no vectors of tokens")
    return table[SPECIAL : model.lexicon.vocabulary.size]


def word2vec_file(model: Any) -> bytes:
    """Return the file's bytes. START, END and UNK are left out."""
    found = vectors(model)
    lines = [f"{len(found)} {found.shape[1]}"]
    for token, vector in zip(model.lexicon.vocabulary.tokens, found, strict=True):
        numbers = " ".join(np.format_float_positional(each, unique=True, trim="0") for each in vector)
        lines.append(f"{WHITE.sub(SPACE, token)} {numbers}")
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def code(file: str) -> str:
    """Return lines of Python that load a file."""
    return f"""from gensim.models import KeyedVectors

vectors = KeyedVectors.load_word2vec_format({file!r})
print(vectors.most_similar(vectors.index_to_key[0]))
"""
