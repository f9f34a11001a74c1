import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.training.schedules import warmup_cosine

shares = st.floats(0, 1)


def test_the_factor_rises_in_a_line_falls_in_half_a_cosine_and_ends_at_the_floor():
    assert warmup_cosine(0, 0.2) == 0
    assert warmup_cosine(0.05, 0.2) == pytest.approx(0.25)
    assert warmup_cosine(0.2, 0.2) == 1
    assert warmup_cosine(0.4, 0.2) == pytest.approx(0.05 + 0.95 * (1 + math.sqrt(0.5)) / 2)  # a quarter down
    assert warmup_cosine(0.6, 0.2) == pytest.approx(0.525)  # half-way down, half-way between 1 and 0.05
    assert warmup_cosine(1, 0.2) == pytest.approx(0.05)


def test_the_floor_may_be_another():
    assert warmup_cosine(1, 0.1, floor=0) == pytest.approx(0)
    assert warmup_cosine(1, 0.1, floor=1) == 1


def test_without_warm_up_it_begins_at_the_top():
    assert warmup_cosine(0, 0) == 1
    assert warmup_cosine(0.5, 0) == pytest.approx(0.525)


def test_a_run_that_is_all_warm_up_ends_at_the_top():
    assert warmup_cosine(0.5, 1) == 0.5
    assert warmup_cosine(1, 1) == 1


@settings(max_examples=50, deadline=None, derandomize=True)
@given(shares, shares, st.floats(0, 0.9))
def test_it_never_falls_in_the_warm_up_nor_rises_after(one, other, warmup):
    early, late = sorted([one, other])
    first, second = warmup_cosine(early, warmup), warmup_cosine(late, warmup)
    assert 0 <= first <= 1
    if late <= warmup:
        assert first <= second
    if early >= warmup:
        assert 1 >= first >= second >= 0.05 - 1e-12
