"""The loss of an n-gram model, to draw in the same chart as the network's."""

from collections.abc import Iterable

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.scores.lines import baseline, score_lines
from rnn_cli.models.scores.predictors import NgramPredictor
from rnn_cli.text.units import units


def ngram_loss(model: LanguageModel, learned: Iterable[str], valid: Iterable[str]) -> float:
    """Return the nats per token of a Kneser-Ney model (scoring/kneser_ney.py) on the lines `valid`.

    learned: the blocks of the text whose n-grams are counted. Raises RnnError where `valid` has no tokens.
    """
    tokenizer = model.lexicon.tokenizer
    ngrams, _ = baseline(model, learned, tokenizer.ngram_order)
    scored = score_lines(model, units(valid, tokenizer.unit), NgramPredictor(ngrams))
    nats = np.concatenate([np.empty(0), *(line.nats for line in scored)])
    if not len(nats):
        raise RnnError("--valid: holds no tokens")
    return float(nats.mean())
