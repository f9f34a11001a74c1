import numpy as np
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.network.workspace import Workspace

SIMPLE = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}


def forward(cell, W, a, s_0, keep, work=None):
    return CELLS[cell].forward(W, a, s_0, keep, work or Workspace(np.float64))


def test_relu_over_two_steps_is_what_a_hand_works_out():
    # n = 1, W = 3, s_0 = 2, a = (1, -1):
    # s_1 = 3*2 + 1 = 7, s_2 = 3*7 - 1 = 20, both above 0, so g1' = 1.
    # E = 10 s_1 + s_2:  da_2 = 1,  da_1 = 10 + 3*1 = 13,  dW = da_1 s_0 + da_2 s_1 = 26 + 7 = 33
    a = np.array([1.0, -1.0]).reshape(2, 1, 1)
    s, backward = forward("relu", np.array([[3.0]]), a, np.array([[2.0]]), np.ones((2, 1)))
    assert s.ravel().tolist() == [7, 20]
    da, dW = backward(np.array([10.0, 1.0]).reshape(2, 1, 1))
    assert da.ravel().tolist() == [13, 1]
    assert dW.tolist() == [[33]]


def test_tanh_over_two_steps_is_what_a_hand_works_out():
    # n = 1, W = 2, s_0 = 0. tanh(ln 3) = 0.8 and tanh(ln 2) = 0.6:
    # a_1 = ln 2 gives s_1 = 0.6;  a_2 = ln 3 - 1.2 gives s_2 = tanh(a_2 + 2*0.6) = 0.8.
    # E = s_2:  da_2 = 1 - 0.64 = 0.36,  da_1 = 2*0.36*(1 - 0.36) = 0.4608,  dW = da_2 s_1 = 0.216
    a = np.array([np.log(2), np.log(3) - 1.2]).reshape(2, 1, 1)
    s, backward = forward("tanh", np.array([[2.0]]), a, np.zeros((1, 1)), np.ones((2, 1)))
    np.testing.assert_allclose(s.ravel(), [0.6, 0.8])
    da, dW = backward(np.array([0.0, 1.0]).reshape(2, 1, 1))
    np.testing.assert_allclose(da.ravel(), [0.4608, 0.36])
    np.testing.assert_allclose(dW, [[0.216]])


@pytest.mark.parametrize("cell", SIMPLE)
def test_W_multiplies_the_state_from_the_left(cell):
    W = np.array([[0.0, 0.5], [0.0, 0.0]])  # feeds s[1] into s[0], and not the other way round
    a = np.zeros((1, 1, 2))
    s, _ = forward(cell, W, a, np.array([[0.1, 0.4]]), np.ones((1, 1)))
    np.testing.assert_allclose(s[0, 0], [SIMPLE[cell](0.2), 0])


@pytest.mark.parametrize("cell", SIMPLE)
def test_where_keep_is_0_a_row_starts_afresh_and_no_gradient_goes_back(cell):
    rng = np.random.default_rng(0)
    W, a, s_0 = rng.normal(size=(3, 3)), rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 3))
    keep = np.ones((5, 2))
    keep[2, 0] = 0
    s, backward = forward(cell, W, a, s_0, keep)
    alone, _ = forward(cell, W, a[2:], np.zeros((2, 3)), np.ones((3, 2)))
    np.testing.assert_allclose(s[2:, 0], alone[:, 0])
    assert not np.allclose(s[2:, 1], alone[:, 1])
    ds = np.zeros((5, 2, 3))
    ds[2:] = 1
    da, _ = backward(ds)
    np.testing.assert_array_equal(da[:2, 0], 0)
    assert np.any(da[:2, 1] != 0)


@pytest.mark.parametrize("cell", SIMPLE)
def test_the_first_state_enters_only_where_it_is_kept(cell):
    rng = np.random.default_rng(1)
    W, a = rng.normal(size=(3, 3)), rng.normal(size=(2, 2, 3))
    keep = np.array([[0.0, 1.0], [1.0, 1.0]])
    s, _ = forward(cell, W, a, np.ones((2, 3)), keep)
    t, _ = forward(cell, W, a, np.full((2, 3), 0.5), keep)
    np.testing.assert_array_equal(s[:, 0], t[:, 0])
    assert np.any(s[:, 1] != t[:, 1])


@pytest.mark.parametrize("cell", SIMPLE)
def test_what_the_caller_passed_forward_is_not_changed(cell):
    rng = np.random.default_rng(2)
    given = [rng.normal(size=shape) for shape in [(3, 3), (4, 2, 3), (2, 3)]] + [np.ones((4, 2))]
    before = [array.copy() for array in given]
    _, backward = forward(cell, *given)
    backward(np.ones((4, 2, 3)))
    for array, old in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_the_first_W_suits_the_cell():
    rng = np.random.default_rng(0)
    W = CELLS["tanh"].initial_W(rng, 6)
    np.testing.assert_allclose(W @ W.T, np.eye(6), atol=1e-12)
    assert not np.array_equal(W, np.eye(6))
    np.testing.assert_array_equal(CELLS["relu"].initial_W(rng, 6), np.eye(6))
