"""Mixtures: their probabilities, and the weights that make a text likeliest."""

import numpy as np
import pytest

from rnn_cli.errors import UsageError
from rnn_cli.models.scores.mixture import best_weights, equal, mixed, parse_weights


def test_a_mixture_has_the_mean_probability_of_its_parts_by_their_weights():
    p = np.array([[0.5, 0.1, 1e-300], [0.25, 0.3, 0.2]])
    of_mixture = mixed([*-np.log(p)], np.array([0.8, 0.2]))
    np.testing.assert_allclose(np.exp(-of_mixture), 0.8 * p[0] + 0.2 * p[1])


def test_a_part_of_weight_0_has_no_part_in_it():
    nats = [np.array([1.0, 2.0]), np.array([3.0, 0.5])]
    np.testing.assert_array_equal(mixed(nats, np.array([0.0, 1.0])), nats[1])


def test_the_weights_found_are_likelier_than_those_beside_them():
    rng = np.random.default_rng(0)
    nats = [*-np.log(rng.uniform(0.01, 1, (3, 500)))]
    nats[2] += 0.3
    best = best_weights(nats)
    assert best.sum() == pytest.approx(1)
    assert best.argmin() == 2
    for step in 0.02 * (np.eye(3) - 1 / 3):
        for other in (best + step, best - step):
            if (other >= 0).all():
                assert mixed(nats, other).sum() > mixed(nats, best).sum()


def test_a_part_that_is_always_better_has_all_the_weight():
    nats = [np.full(50, 2.0), np.full(50, 1.0)]
    np.testing.assert_allclose(best_weights(nats), [0, 1], atol=1e-3)


def test_weights_that_are_given_are_made_to_add_up_to_1():
    np.testing.assert_allclose(parse_weights("3,1", 2), [0.75, 0.25])
    np.testing.assert_allclose(equal(4), [0.25] * 4)


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "1,-1", "0,0", "nan,1", "inf,1"])
def test_other_weights_are_refused(text):
    with pytest.raises(UsageError, match="--weights"):
        parse_weights(text, 2)
