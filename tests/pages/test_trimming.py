"""A model with fewer words."""

import itertools

import numpy as np
import pytest

from rnn_cli.errors import UsageError
from rnn_cli.pages.trimming import trimmed


@pytest.mark.parametrize("kind", ["tanh", "gru", "relu"])
def test_the_words_that_are_left_keep_their_shares(kind, random_model):
    model = random_model(kind)
    small = trimmed(model, 12)
    tokens = small.lexicon.vocabulary.tokens
    assert tokens == model.lexicon.vocabulary.tokens[:12]
    prompt = model.lexicon.tokenizer.join(tokens[:3])
    before, after = dict(model.next(prompt, top=99)), dict(small.next(prompt, top=99))
    assert len(after) == 14  # END and UNK too
    assert {token: p / after["<end>"] for token, p in after.items()} == pytest.approx(
        {token: before[token] / before["<end>"] for token in after}, rel=1e-4
    )


@pytest.mark.parametrize("words", [8, 14, 19])
@pytest.mark.parametrize("kind", ["lstm", "classes"])
def test_an_output_with_clusters_keeps_those_that_are_left(kind, words, random_model):
    model = random_model(kind)
    small = trimmed(model, words)
    assert small.network.cutoffs == tuple(c for c in (9, 20) if c < words + 3)
    logits, _ = small.network.step(small.p, np.array([4]), small.network.zero_state(1))
    assert np.exp(logits).sum() == pytest.approx(1, rel=1e-5)
    assert {name: array.shape for name, array in small.p.items()} == small.network.shapes
    before, _ = model.network.step(model.p, np.array([4]), model.network.zero_state(1))
    ends = [0, *small.network.cutoffs, small.network.m]
    for first, end in itertools.pairwise(ends):  # within each, the shares are as before
        expected = before[:, first:end] - before[:, first : first + 1]
        assert logits[:, first:end] - logits[:, first : first + 1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "classes"])
def test_fewer_words_than_the_head_with_its_clusters_are_refused_with_the_number_that_works(
    kind, random_model
):
    model = random_model(kind)
    with pytest.raises(UsageError, match="--top-words 6: this model needs 7 or more"):
        trimmed(model, 6)
    assert len(trimmed(model, 7).lexicon.vocabulary.tokens) == 7


def test_the_most_frequent_words_are_kept_in_whatever_order_they_stand(random_model):
    model = random_model("relu")
    counts = tuple(int(k) for k in np.random.default_rng(0).permutation(20))
    vocabulary = model.lexicon.vocabulary.__class__(model.lexicon.vocabulary.tokens, counts)
    shuffled = model.__class__(
        model.lexicon._replace(vocabulary=vocabulary), model.network, model.p, model.carry_state
    )
    small = trimmed(shuffled, 5)
    assert sorted(small.lexicon.vocabulary.counts) == [15, 16, 17, 18, 19]
    for token in small.lexicon.vocabulary.tokens:
        of = [each.p["U"][:, each.lexicon.vocabulary.ids[token]] for each in (small, shuffled)]
        assert np.array_equal(*of)


def test_a_model_that_has_no_more_words_stays_as_it_is(random_model):
    model = random_model("tanh")
    assert trimmed(model, 99) is model
