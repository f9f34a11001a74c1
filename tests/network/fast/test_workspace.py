import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network.fast.workspace import Workspace


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


def test_a_room_is_the_same_workspace_under_names_of_its_own():
    work = Workspace(np.float32)
    room, other = work.room("2"), work.room("3")
    mine = room("a", 2, 3)
    assert mine.dtype == room.dtype == np.float32
    assert np.shares_memory(mine, room("a", 2, 3))
    assert np.shares_memory(mine, work.room("2")("a", 2, 3))  # another key to the same room
    assert np.shares_memory(mine, work("a2", 2, 3))
    assert not np.shares_memory(mine, work("a", 2, 3))
    assert not np.shares_memory(mine, other("a", 2, 3))
    memory = np.zeros((3, 4), np.float32)
    work.provide("dW2", memory)
    room("dW", 3, 4).fill(1)
    assert memory.sum() == 12


def test_a_room_without_a_name_is_the_workspace():
    work = Workspace(np.float64)
    assert work.room("") is work


def test_laps_in_a_room_count_in_the_workspace():
    work = Workspace(np.float32)
    work.start()
    time.sleep(0.002)
    work.room("2").lap("a")
    work.lap("b")
    assert work.seconds["a"] >= 0.002 > work.seconds["b"]  # b began where a ended
    assert work.room("3").seconds is work.seconds


def test_laps_add_up_by_phase():
    work = Workspace(np.float32)
    for phase in ("a", "b", "a"):
        work.start()
        time.sleep(0.002)
        work.lap(phase)
    assert set(work.seconds) == {"a", "b"}
    assert work.seconds["a"] > work.seconds["b"] >= 0.002
