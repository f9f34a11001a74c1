"""A model with fewer words, for a page that would be too large."""

from dataclasses import replace

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Ids, Parameters
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.vocabulary import SPECIAL, Vocabulary


def trimmed(model: LanguageModel, words: int) -> LanguageModel:
    """Return the model with only its most frequent tokens; it does not know the others.

    The ratios between the probabilities of the remaining tokens are as before (in an output layer with
    classes or clusters, within each of these). Raises UsageError for so few words that none of these remains.
    """
    vocabulary, network = model.lexicon.vocabulary, model.network
    if words >= len(vocabulary.tokens):
        return model
    if network.cutoffs and SPECIAL + words <= network.cutoffs[0]:
        raise UsageError(f"--top-words {words}: this model needs {network.cutoffs[0] - SPECIAL + 1} or more")
    frequent = np.arange(words)
    if not network.cutoffs:  # otherwise the ids are in the order of the counts
        frequent = np.sort(np.argsort(-np.array(vocabulary.counts), kind="stable")[:words])
    ids = np.append(np.arange(SPECIAL), frequent + SPECIAL)
    cutoffs = tuple(cutoff for cutoff in network.cutoffs if cutoff < len(ids))
    small = replace(network, m=len(ids), cutoffs=cutoffs)
    kept = Vocabulary(
        tuple(vocabulary.tokens[k] for k in frequent), tuple(vocabulary.counts[k] for k in frequent)
    )
    lexicon = Lexicon(model.lexicon.tokenizer, kept, model.lexicon.spelling)
    return replace(model, lexicon=lexicon, network=small, p=small.lay_out(_parameters(model.p, small, ids)))


def _parameters(p: Parameters, small: Network, ids: Ids) -> Parameters:
    """Return the parameters with only these ids: as columns of the table, and rows of the output layer."""
    if small.cutoffs:  # the first tokens are kept: the first rows of arrays, the first columns of the table
        return {
            name: p[name][tuple(slice(length) for length in shape)] for name, shape in small.shapes.items()
        }
    kept = dict(p)
    if small.table != "V":
        kept[small.table] = p[small.table][:, ids]
    return kept | {"V": p["V"][ids], "b_y": p["b_y"][ids]}
