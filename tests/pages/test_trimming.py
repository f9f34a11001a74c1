"""A model with fewer words."""

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


@pytest.mark.parametrize("words", [8, 14, 25])
def test_an_adaptive_output_keeps_the_clusters_that_are_left(words, random_model):
    model = random_model("lstm")
    small = trimmed(model, words)
    assert small.network.cutoffs == tuple(c for c in (9, 20) if c < words + 3)
    logits, _ = small.network.step(small.p, np.array([4]), small.network.zero_state(1))
    assert np.exp(logits).sum() == pytest.approx(1, rel=1e-5)
    assert {name: array.shape for name, array in small.p.items()} == small.network.shapes


def test_fewer_words_than_the_head_of_an_adaptive_output_are_refused_with_the_number_that_works(random_model):
    model = random_model("lstm")
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
