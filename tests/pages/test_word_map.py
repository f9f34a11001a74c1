"""The map of the tokens."""

from dataclasses import replace

import numpy as np
import pytest

from rnn_cli.pages.about import Told, about
from rnn_cli.pages.word_map import SHOWN, vectors_of, word_map
from rnn_cli.text.vocabulary import Vocabulary


@pytest.mark.parametrize(("kind", "width"), [("tanh", 16), ("gru", 16), ("lstm", 8), ("classes", 16)])
def test_every_token_has_a_vector(kind, width, random_model):
    model = random_model(kind)
    assert vectors_of(model).shape == (model.network.m, width)


def test_tokens_with_like_vectors_lie_near_each_other(random_model):
    model = random_model("gru")
    p = dict(model.p) | {"V": model.p["V"].copy()}
    p["V"][3:13] += 9
    places = np.array([place for _, *place in word_map(replace(model, p=p))])
    first, second = places[:10].mean(axis=0), places[10:].mean(axis=0)
    apart = np.abs(first - second)[0]
    assert apart > 1.5
    assert np.ptp(places[:10, 0]) < apart / 3


def test_places_lie_on_the_map_and_only_the_most_frequent_are_shown(random_model):
    model = random_model("gru", tokens=tuple(f"w{k}" for k in range(SHOWN + 50)))
    shown = word_map(model)
    assert [token for token, *_ in shown] == [f"w{k}" for k in range(SHOWN)]
    assert np.abs([place for _, *place in shown]).max() == 1


@pytest.mark.parametrize(("tokens", "places"), [(("a",), 0), (("a", "b"), 2)])
def test_two_tokens_have_a_map_and_one_has_none(tokens, places, random_model):
    assert len(word_map(random_model("tanh", tokens=tokens))) == places


def test_the_page_of_a_model_without_tokens_has_no_map(random_labels):
    model = random_labels({}, "softmax", "mean", True)
    none = model.lexicon._replace(vocabulary=Vocabulary((), ()))
    told = Told(title="a page", lines=[], log=[])
    assert "words" in about(model, told)["parts"]
    assert "words" not in about(replace(model, lexicon=none), told)["parts"]
