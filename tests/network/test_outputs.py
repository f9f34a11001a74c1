import tracemalloc
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.outputs import softmax as module

softmax = OUTPUTS["softmax"]


def small_blocks(logits=1, rows=2, piece=3):
    return patch.multiple(module, BLOCK_LOGITS=logits, BLOCK_ROWS=rows, PIECE=piece)


def gradients_of(V, b_y, s, y, weight):
    """E_t, ds, dV and db_y, in a workspace of the type of V."""
    p = {"V": V, "b_y": b_y}
    E, ds, gradients = softmax.nats_and_gradients(p, s, y, weight, Workspace(V.dtype))
    assert list(gradients) == list(p)
    return E, ds, gradients["V"], gradients["b_y"]


def test_equal_logits_cost_the_logarithm_of_m_a_token():
    p = {"V": np.zeros((8, 2)), "b_y": np.zeros(8)}
    E = softmax.nats(p, np.ones((3, 2)), np.array([0, 5, 7]), Workspace(np.float64))
    assert pytest.approx([np.log(8)] * 3) == E


def test_one_token_is_what_a_hand_works_out():
    # V s + b_y = (ln 2 + ln 3, ln 3, 0) = ln (6, 3, 1), so o = (0.6, 0.3, 0.1); y = 1: E = -ln 0.3
    # dz = o - y = (0.6, -0.7, 0.1);  dV = dz s with s = 2;  ds = V . dz = 0.6 ln(2)/2
    V, b_y = np.array([[np.log(2) / 2], [0], [0]]), np.log([3, 3, 1])
    E, ds, dV, db_y = gradients_of(V, b_y, np.array([[2.0]]), np.array([1]), np.ones(1))
    assert pytest.approx([-np.log(0.3)]) == E
    np.testing.assert_allclose(db_y, [0.6, -0.7, 0.1])
    np.testing.assert_allclose(dV[:, 0], [1.2, -1.4, 0.2])
    np.testing.assert_allclose(ds, [[0.3 * np.log(2)]])
    logits = softmax.logits({"V": V, "b_y": b_y}, np.array([[2.0]]))
    np.testing.assert_allclose(logits, np.log([[6, 3, 1]]), atol=1e-15)


def test_o_minus_y_is_the_derivative_of_the_loss_by_the_logits():
    # exp z = (6, 3, 1): o = (0.6, 0.3, 0.1); with y = 1 and weight 2 twice (0.6, 0.3 - 1, 0.1)
    exp_z = np.array([[6.0, 3.0, 1.0], [1.0, 1.0, 2.0]])
    dz = module.o_minus_y(exp_z, np.array([10.0, 4.0]), np.array([1, 2]), np.array([2.0, 0.0]))
    np.testing.assert_allclose(dz, [[1.2, -1.4, 0.2], [0, 0, 0]])
    assert np.shares_memory(dz, exp_z)


def test_large_logits_overflow_nothing():
    V, s = np.array([[1e4], [-1e4]], np.float32), np.array([[1.0]], np.float32)
    E, _, _, db_y = gradients_of(V, np.zeros(2, np.float32), s, np.array([1]), np.ones(1, np.float32))
    assert pytest.approx([2e4]) == E
    assert db_y.tolist() == [1, -1]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    N=st.integers(1, 9),
    n=st.integers(1, 4),
    m=st.integers(1, 7),
    logits=st.integers(1, 30),
    rows=st.integers(1, 5),
    piece=st.integers(1, 20),
    seed=st.integers(0, 1000),
)
def test_blocks_of_any_size_give_the_textbook_loss_and_gradients(N, n, m, logits, rows, piece, seed):
    rng = np.random.default_rng(seed)
    V, b_y, s = rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=(N, n))
    y, weight = rng.integers(m, size=N), rng.integers(2, size=N).astype(float)
    with small_blocks(logits, rows, piece):
        E, ds, dV, db_y = gradients_of(V, b_y, s, y, weight)
        alone = softmax.nats({"V": V, "b_y": b_y}, s, y, Workspace(np.float64))
        np.testing.assert_array_equal(alone, E)
    o = np.exp(s @ V.T + b_y)
    o /= o.sum(axis=1, keepdims=True)
    dz = weight[:, None] * (o - np.eye(m)[y])
    np.testing.assert_allclose(E, -np.log(o[np.arange(N), y]), atol=1e-12)
    np.testing.assert_allclose(ds, dz @ V, atol=1e-12)
    np.testing.assert_allclose(dV, dz.T @ s, atol=1e-12)
    np.testing.assert_allclose(db_y, dz.sum(axis=0), atol=1e-12)
    logits_of = softmax.logits({"V": V, "b_y": b_y}, s)
    np.testing.assert_allclose(logits_of - logits_of[:, :1], np.log(o) - np.log(o[:, :1]), atol=1e-12)


def test_a_row_without_weight_costs_nothing_and_moves_nothing():
    # Every row has its E_t; it is the sum that leaves out those without weight.
    rng = np.random.default_rng(0)
    V, b_y, s = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(2, 3))
    E, *gradients = gradients_of(V, b_y, s, np.array([1, 2]), np.zeros(2))
    assert (E > 0).all()
    assert not any(array.any() for array in gradients)
    half = gradients_of(V, b_y, s, np.array([1, 2]), np.array([0.0, 1.0]))
    alone = gradients_of(V, b_y, s[1:], np.array([2]), np.ones(1))
    assert not half[1][0].any()
    for array, of_one in zip(half[2:], alone[2:], strict=True):
        np.testing.assert_allclose(array, of_one, atol=1e-15)


def test_no_rows_have_no_gradients():
    # As where an adaptive layer's cluster has no target in the batch; the workspace holds an earlier one's.
    work, p = Workspace(np.float64), {"V": np.ones((4, 3)), "b_y": np.ones(4)}
    softmax.nats_and_gradients(p, np.ones((2, 3)), np.array([1, 2]), np.ones(2), work)
    nothing = np.zeros((0, 3)), np.zeros(0, np.intp)
    E, ds, gradients = softmax.nats_and_gradients(p, *nothing, np.zeros(0), work)
    assert (E.shape, ds.shape) == ((0,), (0, 3))
    assert {name: array.shape for name, array in gradients.items()} == {"V": (4, 3), "b_y": (4,)}
    assert not any(array.any() for array in gradients.values())


def test_float32_stays_float32():
    p = [np.ones(shape, np.float32) for shape in [(4, 3), (4,), (2, 3)]]
    all_of_it = gradients_of(*p, np.array([1, 2]), np.ones(2, np.float32))
    assert [array.dtype for array in all_of_it] == [np.float32] * 4


def test_the_first_probabilities_are_the_counts():
    b_y = softmax.initial_biases(np.array([0, 70, 20, 9, 1]), ())["b_y"]
    np.testing.assert_allclose(np.exp(b_y), np.array([1, 71, 21, 10, 2]) / 105)


def test_the_logits_of_one_block_only_are_held():
    N, n, m = 640, 2, 1000
    arrays = [np.zeros(shape, np.float32) for shape in [(m, n), (m,), (N, n)]]
    y, weight = np.zeros(N, np.intp), np.ones(N, np.float32)
    with small_blocks(logits=1, rows=64, piece=1000):
        tracemalloc.start()
        gradients_of(*arrays, y, weight)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1.25 * (64 * m * 4)  # all rows would take ten times that
