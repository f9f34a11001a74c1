import math

import pytest

from rnn_cli.training.divergence import LONG, not_finite, watch


def watched(losses, m=100):
    usual, high = None, 0
    for loss in losses:
        usual, high = watch(loss, usual, high, m)
    return usual, high


@pytest.mark.parametrize(
    ("loss", "norm", "what"),
    [(1.0, 2.0, None), (math.nan, 1.0, "loss"), (math.inf, math.nan, "loss"), (1.0, math.inf, "gradient")],
)
def test_what_is_not_finite_is_named(loss, norm, what):
    assert not_finite(loss, norm) == what


def test_what_is_usual_follows_the_losses_slowly():
    assert watched([4.0]) == (4.0, 0)
    usual, high = watched([4.0, *[2.0] * 500])
    assert high == 0
    assert 2.0 < usual < 2.1


def test_high_losses_are_counted_and_not_followed():
    usual, _ = watched([2.0] * 50)
    assert watched([2.0] * 50 + [9.0] * LONG) == (usual, LONG)


def test_one_loss_that_is_not_high_ends_the_count():
    assert watched([2.0] * 5 + [9.0] * 50 + [2.0])[1] == 0


@pytest.mark.parametrize(
    ("usual", "loss", "is_high"),
    [
        (1.0, 2.5, False),  # more than twice what is usual, but no worse than to know nothing of 100 tokens
        (4.0, 7.9, False),  # worse than that, but not twice what is usual
        (4.0, 8.1, True),
        (1.0, 4.7, True),
    ],
)
def test_a_loss_is_high_that_is_twice_the_usual_and_worse_than_knowing_nothing(usual, loss, is_high):
    assert math.log(100) == pytest.approx(4.605, abs=1e-3)
    assert watch(loss, usual, 0, 100)[1] == is_high
