"""What layers in two directions need: rows that are turned. The layers themselves are tested with the
networks made of them: test_network.py (one direction) and test_encoder.py (both)."""

import numpy as np

from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.turning import Turn, turned

REAL = (np.arange(4)[:, None] < [4, 0, 3]).astype(float)


def test_each_row_is_turned_within_its_own_length():
    ids = np.array([[1, 9, 5], [2, 9, 6], [3, 9, 7], [4, 9, 9]])
    found = Turn(turned(REAL))(ids, "ids", Workspace(np.float64))
    assert found.T.tolist() == [[4, 3, 2, 1], [9, 9, 9, 9], [7, 6, 5, 9]]


def test_turning_twice_is_no_turn():
    h, work, turn = np.random.default_rng(0).normal(size=(4, 3, 5)), Workspace(np.float64), Turn(turned(REAL))
    once = turn(h, "once", work)
    assert not np.array_equal(once, h)
    np.testing.assert_array_equal(turn(once, "twice", work), h)


def test_the_second_half_of_each_step_is_turned_alone():
    h, work, turn = np.random.default_rng(0).normal(size=(4, 3, 6)), Workspace(np.float64), Turn(turned(REAL))
    np.testing.assert_array_equal(turn.second_half(h, "half", work), turn(h, "whole", work)[..., 3:])
