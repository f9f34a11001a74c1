"""The linear rival of a classifier."""

import random

import numpy as np
import pytest

from rnn_cli.scoring import linear
from rnn_cli.scoring.linear import GRAMS, train_linear
from rnn_cli.text.features import Grams
from rnn_cli.text.rows import Rows

GOOD, BAD = ["good", "fine", "lovely", "nice"], ["bad", "poor", "awful", "dull"]
REST = ["the", "film", "food", "was", "and", "very"]


def reviews(count, seed):
    rng = random.Random(seed)
    labels = [rng.randrange(2) for _ in range(count)]
    texts = [" ".join([*rng.sample(REST, 3), rng.choice((BAD, GOOD)[label])]) for label in labels]
    return texts, np.array(labels)


def test_what_words_tell_is_learned():
    texts, labels = reviews(200, 1)
    model = train_linear(GRAMS.rows(texts), np.eye(2, dtype=np.float32)[labels], False, 1)
    texts, labels = reviews(100, 2)
    p = model.probabilities(GRAMS.rows(texts))
    assert (p.argmax(1) == labels).mean() > 0.97
    assert p.sum(1) == pytest.approx(1)
    assert model.logits(GRAMS.rows([""]))[0] == pytest.approx(model.b)


def test_several_labels_are_learned_one_beside_the_other():
    texts, labels = reviews(300, 1)
    y = np.stack([labels, np.array(["film" in text for text in texts])], axis=1).astype(np.float32)
    model = train_linear(GRAMS.rows(texts), y, True, 1)
    assert ((model.probabilities(GRAMS.rows(texts)) > 0.5) == (y > 0)).mean() > 0.97


def test_the_seed_decides_and_the_size_of_blocks_does_not(monkeypatch):
    texts, labels = reviews(100, 1)
    rows, y = GRAMS.rows(texts), np.eye(2, dtype=np.float32)[labels]
    first, again, other = (train_linear(rows, y, False, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.W, again.W)
    assert not np.array_equal(first.W, other.W)
    expected = first.logits(rows)
    monkeypatch.setattr(linear, "PREDICTED", 100)
    assert first.logits(rows) == pytest.approx(expected, abs=1e-5)


def test_a_step_goes_down_the_gradient_of_the_loss(monkeypatch):
    """One step on one batch, against differences of the loss written out with all features."""
    monkeypatch.setattr(linear, "EPOCHS", 1)
    monkeypatch.setattr(linear, "FEWEST", 1)
    monkeypatch.setattr(linear, "AVERAGED", 1)
    monkeypatch.setattr(linear, "PENALTY", 0.0)
    rows = Rows.of(np.array([3, 3, 5, 5, 9]), np.array([3, 0, 2]))
    y = np.eye(3, dtype=np.float32)[[0, 1, 2]]
    model = train_linear(rows, y, False, 1)
    rarity = np.log1p(3 / np.array([1, 2, 1]))
    f = np.array([[1 + np.log(2), 1, 0], [0, 0, 0], [0, 1, 1]]) * rarity
    f /= np.maximum(np.linalg.norm(f, axis=1, keepdims=True), 1e-12)

    def loss(W, b):
        z = f @ W + b
        return -(z[range(3), range(3)] - np.log(np.exp(z).sum(1))).mean()

    columns, values = linear._features(rows, model.buckets, model.rarity)
    assert values == pytest.approx(f[[0, 0, 2, 2], columns.ids])
    W, b = np.zeros((3, 3)), np.log(y.mean(0))
    for place in np.ndindex(3, 3):
        up, down = W.copy(), W.copy()
        up[place] += 1e-5
        down[place] -= 1e-5
        slope = (loss(up, b) - loss(down, b)) / 2e-5
        if abs(slope) > 1e-3:  # the first step of AdaGrad is the rate itself, against the slope
            assert model.W[place] == pytest.approx(-linear.RATE * np.sign(slope), rel=1e-2)
        else:
            assert abs(model.W[place]) < 1e-3


def test_texts_without_a_feature_have_the_shares_of_the_labels():
    y = np.eye(2, dtype=np.float32)[[0, 0, 0, 1]]
    model = train_linear(Grams().rows(["", "", "", ""]), y, False, 1)
    p = model.probabilities(Grams().rows(["a b", ""]))
    assert p == pytest.approx(np.array([[0.75, 0.25]] * 2), abs=0.05)


def test_the_mean_of_the_last_weights_is_kept(monkeypatch):
    texts, labels = reviews(50, 1)
    rows, y = GRAMS.rows(texts), np.eye(2, dtype=np.float32)[labels]

    def weights(epochs, averaged):
        monkeypatch.setattr(linear, "EPOCHS", epochs)
        monkeypatch.setattr(linear, "FEWEST", epochs)
        monkeypatch.setattr(linear, "AVERAGED", averaged)
        return train_linear(rows, y, False, 1).W

    assert weights(2, 2) == pytest.approx((weights(1, 1) + weights(2, 1)) / 2, abs=1e-6)
