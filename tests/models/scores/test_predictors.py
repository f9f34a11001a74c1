"""On how many threads a network is computed while it scores."""

import numpy as np
import pytest

from rnn_cli import LanguageModel, machine
from rnn_cli.models.scores import predictors
from rnn_cli.models.scores.predictors import NetworkPredictor
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary


def model(n, carry_state=False):
    network = Network(5, n, cell="gru")
    p = network.initialise(np.random.default_rng(0), np.ones(5))
    lexicon = Lexicon(TOKENIZERS["char"], Vocabulary((*"ab",), (1, 1)), Spelling({}))
    return LanguageModel(lexicon, network, p, carry_state)


@pytest.mark.parametrize(
    ("n", "carry_state", "given", "threads"),
    [
        (256, False, None, 1),
        (256, False, 2, 2),
        (256, False, 1, 1),
        (64, False, 2, 1),
        (512, True, 2, 1),
    ],
)
def test_products_have_threads_by_their_size_and_those_that_were_given(
    n, carry_state, given, threads, monkeypatch
):
    seen = []
    monkeypatch.setattr(machine, "available_threads", lambda: 8)
    limit = predictors.blas_threads
    monkeypatch.setattr(predictors, "blas_threads", lambda count: seen.append(count) or limit(count))
    model(n, carry_state).score(["ab"])
    assert seen == [1]
    NetworkPredictor(model(n, carry_state), threads=given)
    assert NetworkPredictor(model(n, carry_state), threads=given)._threads == threads
