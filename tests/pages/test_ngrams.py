"""The n-gram model's line of a page."""

import json
import math

import pytest

from rnn_cli import LanguageModel
from rnn_cli.errors import RnnError
from rnn_cli.pages.ngrams import ngram_loss


def test_the_loss_is_that_of_rnn_score(rnn, models, write, english):
    write("learn.txt", english)
    write("valid.txt", english[::3])
    said = rnn("score", "--model", models["char"], "valid.txt", "--baseline", "learn.txt", "--json")
    loss = ngram_loss(LanguageModel.load(models["char"]), ["\n".join(english) + "\n"], english[::3])
    assert math.exp(loss) == pytest.approx(json.loads(said.out)["baseline"]["perplexity"], rel=1e-6)


def test_a_text_without_tokens_is_refused(random_model):
    with pytest.raises(RnnError, match="--valid: holds no tokens"):
        ngram_loss(random_model("tanh"), ["abc\n"], ["", " "])
