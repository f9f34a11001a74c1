import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.training.schedules import SCHEDULES, learning_rate_factor

shares = st.floats(0, 1)


def factor(name, progress, warmup=0.0):
    return learning_rate_factor(SCHEDULES[name], progress, warmup)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_factor_rises_in_a_line_to_the_top(name):
    assert factor(name, 0, 0.2) == 0
    assert factor(name, 0.05, 0.2) == pytest.approx(0.25)
    assert factor(name, 0.2, 0.2) == 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_without_warm_up_it_begins_at_the_top(name):
    assert factor(name, 0) == 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_run_that_is_all_warm_up_ends_at_the_top(name):
    assert factor(name, 0.5, 1) == 0.5
    assert factor(name, 1, 1) == 1


@pytest.mark.parametrize("name", ["constant", "plateau"])
def test_constant_and_plateau_stay_at_the_top(name):
    assert [factor(name, progress, 0.2) for progress in (0.4, 0.6, 1)] == [1, 1, 1]


def test_linear_falls_in_a_line_to_the_floor():
    assert factor("linear", 0.4, 0.2) == pytest.approx(0.7625)  # a quarter of 0.95 down
    assert factor("linear", 0.6, 0.2) == pytest.approx(0.525)
    assert factor("linear", 1, 0.2) == pytest.approx(0.05)
    assert factor("linear", 0.5) == pytest.approx(0.525)


def test_cosine_falls_in_half_a_cosine_to_the_floor():
    assert factor("cosine", 0.4, 0.2) == pytest.approx(
        0.05 + 0.95 * (1 + math.sqrt(0.5)) / 2
    )  # a quarter down
    assert factor("cosine", 0.6, 0.2) == pytest.approx(0.525)  # half-way down, half-way between 1 and 0.05
    assert factor("cosine", 1, 0.2) == pytest.approx(0.05)
    assert factor("cosine", 0.5) == pytest.approx(0.525)


def test_plateau_alone_looks_at_the_loss():
    divisors = {name: schedule.when_no_better for name, schedule in SCHEDULES.items()}
    assert divisors == {"constant": 1, "linear": 1, "cosine": 1, "plateau": 4}


@pytest.mark.parametrize("name", SCHEDULES)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(shares, shares, st.floats(0, 0.9))
def test_it_never_falls_in_the_warm_up_nor_rises_after(name, one, other, warmup):
    early, late = sorted([one, other])
    first, second = factor(name, early, warmup), factor(name, late, warmup)
    assert 0 <= first <= 1
    if late <= warmup:
        assert first <= second
    if early >= warmup:
        assert 1 >= first >= second >= 0.05 - 1e-12
