"""A map of the tokens: the first two principal components of their vectors."""

from typing import Any

import numpy as np

from rnn_cli.machine import blas_threads
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.tagger import Tagger
from rnn_cli.models.translator import Translator
from rnn_cli.network.arrays import Array
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.text.vocabulary import SPECIAL

Model = LanguageModel | Conditional | Classifier | Tagger | Translator

SHOWN = 300  # tokens on the map, the most frequent
FEWEST = 2  # tokens that a map needs


def word_map(model: Model) -> list[list[Any]]:
    """Return [token, x, y] of the most frequent tokens, x and y from -1 to 1; nothing for a single token."""
    if len(model.lexicon.vocabulary.tokens) < FEWEST:
        return []
    counts = np.array(model.lexicon.vocabulary.counts)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:SHOWN])
    vectors = vectors_of(model)[frequent + SPECIAL].astype(np.float64)
    vectors -= vectors.mean(axis=0)
    with blas_threads(1):  # several would wait for each other while other work uses a core
        _, _, components = np.linalg.svd(vectors, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    found = vectors @ components[:2].T
    places[:, : found.shape[1]] = found
    places /= np.maximum(np.abs(places).max(axis=0, initial=0), 1e-12)
    tokens = model.lexicon.vocabulary.tokens
    return [
        [tokens[k], *map(float, place.round(3))] for k, place in zip(frequent.tolist(), places, strict=True)
    ]


def vectors_of(model: Model) -> Array:
    """Return the vectors of the tokens, (m, d)."""
    table = table_of(model)
    return model.p[table] if table == "V" else model.p[table].T


def table_of(model: Model) -> str:
    """Return the name of the parameter that holds the vectors: the embedding, a whole V, or U."""
    match model:
        case LanguageModel():
            return _of_language(model.network)
        case Conditional():
            return _of_language(model.network.language)
    encoder = model.network.encoder
    return encoder.input.table if encoder.embedding else "U"


def _of_language(network: Network) -> str:
    if network.embedding:
        return network.input.table
    return "V" if OUTPUTS[network.output].has_full_rows else "U"
