"""A mixture that writes: what follows has the mixed probabilities of its parts, as scoring has them."""

from dataclasses import replace

import numpy as np
import pytest

from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.mixed import mixture
from rnn_cli.models.scores.lines import baseline, score_lines, score_text
from rnn_cli.models.scores.mixture import mixed
from rnn_cli.models.scores.predictors import NgramPredictor
from rnn_cli.network.fast.products import for_steps
from rnn_cli.text.vocabulary import END, START

WEIGHTS = np.array([0.5, 0.2, 0.3])
TEXT = ["Anna reads.", "Ben", "", "Anna and Ben read."]


@pytest.fixture(params=[False, True], ids=["lines", "carried"])
def parts(request, models):
    """Two models of one vocabulary, and n-grams."""
    one = replace(LanguageModel.load(models["char"]), carry_state=request.param)
    rng = np.random.default_rng(3)
    other = replace(
        one,
        p={name: array + rng.normal(0, 0.3, array.shape).astype(np.float32) for name, array in one.p.items()},
    )
    ngrams, _ = baseline(one, ["".join(line + "\n" for line in TEXT)], 3)
    return one, other, ngrams


def test_each_step_has_the_probabilities_that_scoring_mixes(parts):
    one, other, ngrams = parts
    writes = mixture({"one": one, "other": other}, ngrams, WEIGHTS)
    nats = [
        np.concatenate([line.nats for line in score_lines(one, TEXT, predictor)])
        for predictor in (None, NgramPredictor(ngrams))
    ]
    nats.insert(1, np.concatenate([line.nats for line in score_text(other, TEXT).lines]))
    expected = mixed(nats, WEIGHTS)
    step, zero = writes.network.stepper(writes.p, for_steps(1)), writes.network.zero_state(1)
    state, found, x = zero, [], START
    lines = [line for line in TEXT if line or one.carry_state]
    for line in lines:
        for id in [*writes.encode(line)[1:], END]:
            log_o, state = step(np.array([x]), state if x != START or one.carry_state else zero)
            found.append(-log_o[0, id])
            x = START if id == END else id
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_it_writes_what_its_only_part_with_weight_writes(parts):
    one, other, ngrams = parts
    writes = mixture({"one": one, "other": other}, ngrams, np.array([0.0, 1.0, 0.0]))
    assert writes.sample("An", num=3, seed=1, length=40) == other.sample("An", num=3, seed=1, length=40)
    assert writes.next("An")[0][0] == other.next("An")[0][0]
