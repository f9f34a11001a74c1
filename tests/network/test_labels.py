"""The outputs for labels, by hand and against a loop over rows."""

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.labels import LABELS


def targets(output, m, rng):
    return {
        "softmax": rng.integers(m, size=4),
        "sigmoid": rng.integers(2, size=(4, m)).astype(float),
        "score": rng.uniform(size=4),
    }[output]


def one(output, p, s, y):
    z = p["V"] @ s + p["b_y"]
    return plain.cost(output, plain.softmax(z) if output == "softmax" else plain.sigma(z), y)


@pytest.mark.parametrize("output", LABELS)
def test_loss_probabilities_and_derivatives_are_those_of_each_row(output):
    rng = np.random.default_rng(0)
    m, row = 1 if output == "score" else 3, LABELS[output]
    p = {"V": rng.normal(size=(m, 5)), "b_y": rng.normal(size=m)}
    s, y, weight = rng.normal(size=(4, 5)), targets(output, m, rng), rng.uniform(0, 2, 4)

    def E(p):
        return sum(w * one(output, p, p["s"][b], y[b]) for b, w in enumerate(weight))

    work = Workspace(np.float64)
    costs = [one(output, p, s[b], y[b]) for b in range(4)]
    np.testing.assert_allclose(row.nats(p, s, y, work), costs)
    found, ds, gradients = row.nats_and_gradients(p, s, y, weight, work)
    np.testing.assert_allclose(found, costs)
    ours, everything = {**gradients, "s": ds}, p | {"s": s}
    places = plain.places(everything, rng, 20)
    assert ours.keys() == everything.keys()
    np.testing.assert_allclose(
        [ours[name][place] for name, place in places],
        plain.derivatives(E, everything, places),
        rtol=1e-9,
        atol=1e-14,
    )
    numbers, are_ids = row.target(m)
    assert (numbers, are_ids) == (y.size // 4, y.dtype == np.intp)


def test_probabilities_by_hand():
    p, s = {"V": np.zeros((2, 1)), "b_y": np.log([3.0, 1.0])}, np.zeros((1, 1))
    np.testing.assert_allclose(LABELS["softmax"].probabilities(p, s), [[3 / 4, 1 / 4]])
    np.testing.assert_allclose(LABELS["sigmoid"].probabilities(p, s), [[3 / 4, 1 / 2]])
    assert LABELS["score"].nats(p, s, np.array([0.25]), Workspace(float)).tolist() == pytest.approx([0.25])


@pytest.mark.parametrize("output", LABELS)
def test_the_first_probabilities_are_the_shares(output):
    share = np.array([0.25, 0.75])
    p = {"V": np.zeros((2, 1)), "b_y": LABELS[output].initial_bias(share)}
    np.testing.assert_allclose(LABELS[output].probabilities(p, np.zeros((1, 1))), [share])
    assert np.isfinite(LABELS[output].initial_bias(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_loss_is_finite_where_a_probability_is_0(output):
    p, y = {"V": np.array([[1e4], [-1e4]]), "b_y": np.zeros(2)}, np.array([1])
    y = y if output == "softmax" else np.array([[0.0, 1.0]])
    assert LABELS[output].nats(p, np.ones((1, 1)), y, Workspace(np.float64)).tolist() == [2e4]


@pytest.mark.parametrize("output", LABELS)
def test_a_guess_costs_about_what_the_classes_say(output):
    m = 1 if output == "score" else 4
    p = {"V": np.zeros((m, 1)), "b_y": np.zeros(m)}
    y = {"softmax": np.array([3]), "sigmoid": np.ones((1, 4)), "score": np.ones(1)}[output]
    guess = LABELS[output].nats(p, np.ones((1, 1)), y, Workspace(np.float64))[0]
    assert guess <= np.log(LABELS[output].classes(m)) * (1 + 1e-12)
