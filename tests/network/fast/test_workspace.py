import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network.fast import workspace
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


def test_a_gradient_is_written_into_the_array_given_for_it():
    W, W2 = np.zeros((3, 4), np.float32), np.zeros((3, 4), np.float32, order="F")
    work = Workspace(np.float32, gradients={"W": W, "W2": W2})
    assert work.gradient("W", 3, 4) is W
    assert work.gradient("W2", 3, 4) is work.room("2").gradient("W", 3, 4) is W2
    assert not np.shares_memory(work("dW", 3, 4), W)  # no other name leads there


@pytest.mark.parametrize("suffix", ["", "2"])
def test_a_gradient_for_which_none_is_given_is_an_array_of_the_workspace(suffix):
    work = Workspace(np.float32, gradients={"W": np.zeros((3, 4))})
    room = work.room(suffix)
    for name in ("V", "U"):
        by_rows, by_columns = room.gradient(name, 3, 4), room.gradient(name + "f", 3, 4, order="F")
        assert by_rows.shape == by_columns.shape == (3, 4)
        assert by_rows.flags.c_contiguous
        assert by_columns.flags.f_contiguous
        assert by_rows.dtype == by_columns.dtype == np.float32
        assert np.shares_memory(by_rows, room.gradient(name, 3, 4))
        assert np.shares_memory(by_rows, work.gradient(name + suffix, 3, 4))


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
    assert np.shares_memory(room.room("3")("a", 2, 3), work("a32", 2, 3))  # a room in a room


def test_a_room_without_a_name_is_the_workspace():
    work = Workspace(np.float64)
    assert work.room("") is work


@pytest.fixture
def clock(monkeypatch):
    """A clock that shows the values of this list, one after another."""
    shown = []
    monkeypatch.setattr(workspace.time, "perf_counter", lambda: shown.pop(0))
    return shown


def test_laps_in_a_room_count_in_the_workspace(clock):
    clock += [0, 10, 12, 15, 20, 24]
    work = Workspace(np.float32)
    work.start()
    work.room("2").lap("a")
    work.lap("b")  # began where a ended
    work.room("3").start()
    work.lap("a")
    assert work.seconds == {"a": 2 + 4, "b": 3}
    assert work.room("3").seconds is work.seconds


def test_laps_add_up_by_phase(clock):
    clock += [0, 1, 3, 3, 7, 10, 20]
    work = Workspace(np.float32)
    for phase in ("a", "b", "a"):
        work.start()
        work.lap(phase)
    assert work.seconds == {"a": 2 + 10, "b": 4}
