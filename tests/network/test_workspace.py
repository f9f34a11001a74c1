import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network.workspace import Workspace


def test_an_array_is_the_same_memory_for_the_same_name():
    work = Workspace(np.float32)
    first = work("a", 2, 3)
    first.fill(7)
    again = work("a", 2, 3)
    assert np.shares_memory(first, again)
    np.testing.assert_array_equal(again, 7)
    assert not np.shares_memory(first, work("b", 2, 3))


def test_a_smaller_array_is_a_view_of_the_larger_and_does_not_shrink_it():
    work = Workspace(np.float32)
    large = work("a", 10, 10)
    assert np.shares_memory(large, work("a", 3, 5))
    assert np.shares_memory(large, work("a", 10, 10))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.integers(0, 5), max_size=3).map(tuple), min_size=1, max_size=6),
    st.sampled_from([np.float32, np.float64]),
)
def test_an_array_has_the_shape_and_type_asked_for_and_rows_in_order(shapes, dtype):
    work = Workspace(dtype)
    for shape in shapes:
        array = work("a", *shape)
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable


def test_memory_from_outside_is_used_under_its_name():
    work, memory = Workspace(np.float32), np.zeros((3, 4), np.float32)
    work.provide("dW", memory)
    work("dW", 3, 4).fill(1)
    assert memory.sum() == 12


def test_laps_add_up_by_phase():
    work = Workspace(np.float32)
    for phase in ("a", "b", "a"):
        work.start()
        time.sleep(0.002)
        work.lap(phase)
    assert set(work.seconds) == {"a", "b"}
    assert work.seconds["a"] > work.seconds["b"] >= 0.002
