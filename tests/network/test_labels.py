"""The outputs for labels, by hand and against a loop over rows."""

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.labels import LABELS


def targets(output, m, rng):
    return {
        "softmax": rng.integers(m, size=4),
        "sigmoid": rng.integers(2, size=(4, m)).astype(float),
        "score": rng.uniform(size=4),
    }[output]


def one(output, z, y):
    return plain.cost(output, plain.softmax(z) if output == "softmax" else plain.sigma(z), y)


@pytest.mark.parametrize("output", LABELS)
def test_loss_and_derivatives_are_those_of_each_row(output):
    rng = np.random.default_rng(0)
    m, row = 1 if output == "score" else 3, LABELS[output]
    z, y = rng.normal(size=(4, m)), targets(output, m, rng)
    np.testing.assert_allclose(row.nats(z, y), [one(output, *of) for of in zip(z, y, strict=True)])
    places = plain.places({"z": z}, rng, 20)
    np.testing.assert_allclose(
        [row.slopes(z, y)[place] for _, place in places],
        plain.derivatives(
            lambda p: sum(one(output, *of) for of in zip(p["z"], y, strict=True)), {"z": z}, places
        ),
        rtol=1e-9,
        atol=1e-14,
    )
    numbers, are_ids = row.target(m)
    assert (numbers, are_ids) == (y.size // 4, y.dtype == np.intp)


def test_probabilities_by_hand():
    z = np.log([[3.0, 1.0]])
    np.testing.assert_allclose(LABELS["softmax"].probabilities(z), [[3 / 4, 1 / 4]])
    np.testing.assert_allclose(LABELS["sigmoid"].probabilities(z), [[3 / 4, 1 / 2]])
    assert LABELS["score"].nats(z[:, :1], np.array([0.25])).tolist() == pytest.approx([0.25])


@pytest.mark.parametrize("output", LABELS)
def test_the_first_probabilities_are_the_shares(output):
    share = np.array([0.25, 0.75])
    z = LABELS[output].initial_bias(share)[None]
    np.testing.assert_allclose(LABELS[output].probabilities(z), [share])
    assert np.isfinite(LABELS[output].initial_bias(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_loss_is_finite_where_a_probability_is_0(output):
    y = np.array([1]) if output == "softmax" else np.array([[0.0, 1.0]])
    assert LABELS[output].nats(np.array([[1e4, -1e4]]), y).tolist() == [2e4]


@pytest.mark.parametrize("output", LABELS)
def test_a_guess_costs_about_what_the_classes_say(output):
    m = 1 if output == "score" else 4
    y = {"softmax": np.array([3]), "sigmoid": np.ones((1, 4)), "score": np.ones(1)}[output]
    guess = LABELS[output].nats(np.zeros((1, m)), y)[0]
    assert guess <= np.log(LABELS[output].classes(m)) * (1 + 1e-12)
