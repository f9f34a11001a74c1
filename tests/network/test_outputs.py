import tracemalloc
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network import outputs
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.workspace import Workspace

softmax = OUTPUTS["softmax"]


def small_blocks(logits=1, rows=2, piece=3):
    return patch.multiple(outputs, BLOCK_LOGITS=logits, BLOCK_ROWS=rows, PIECE=piece)


def test_equal_logits_cost_the_logarithm_of_m_a_token():
    E = softmax.loss(
        np.zeros((8, 2)), np.zeros(8), np.ones((3, 2)), np.array([0, 5, 7]), np.ones(3), Workspace(np.float64)
    )
    assert pytest.approx(3 * np.log(8)) == E


def test_one_token_is_what_a_hand_works_out():
    # V s + b_y = (ln 2 + ln 3, ln 3, 0) = ln (6, 3, 1), so o = (0.6, 0.3, 0.1); y = 1: E = -ln 0.3
    # dz = o - y = (0.6, -0.7, 0.1);  dV = dz s with s = 2;  ds = V . dz = 0.6 ln(2)/2
    V, b_y = np.array([[np.log(2) / 2], [0], [0]]), np.log([3, 3, 1])
    E, gradients = softmax.loss_and_gradients(
        V, b_y, np.array([[2.0]]), np.array([1]), np.ones(1), Workspace(np.float64)
    )
    assert pytest.approx(-np.log(0.3)) == E
    np.testing.assert_allclose(gradients.db_y, [0.6, -0.7, 0.1])
    np.testing.assert_allclose(gradients.dV[:, 0], [1.2, -1.4, 0.2])
    np.testing.assert_allclose(gradients.ds, [[0.3 * np.log(2)]])


def test_large_logits_overflow_nothing():
    V, s = np.array([[1e4], [-1e4]], np.float32), np.array([[1.0]], np.float32)
    E, gradients = softmax.loss_and_gradients(
        V, np.zeros(2, np.float32), s, np.array([1]), np.ones(1, np.float32), Workspace(np.float32)
    )
    assert pytest.approx(2e4) == E
    assert gradients.db_y.tolist() == [1, -1]


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
        E, gradients = softmax.loss_and_gradients(V, b_y, s, y, weight, Workspace(np.float64))
        assert softmax.loss(V, b_y, s, y, weight, Workspace(np.float64)) == E
    o = np.exp(s @ V.T + b_y)
    o /= o.sum(axis=1, keepdims=True)
    dz = weight[:, None] * (o - np.eye(m)[y])
    assert pytest.approx(-(weight * np.log(o[np.arange(N), y])).sum()) == E
    np.testing.assert_allclose(gradients.ds, dz @ V, atol=1e-12)
    np.testing.assert_allclose(gradients.dV, dz.T @ s, atol=1e-12)
    np.testing.assert_allclose(gradients.db_y, dz.sum(axis=0), atol=1e-12)


def test_a_row_without_weight_costs_nothing_and_moves_nothing():
    rng = np.random.default_rng(0)
    V, b_y, s = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(2, 3))
    E, gradients = softmax.loss_and_gradients(V, b_y, s, np.array([1, 2]), np.zeros(2), Workspace(np.float64))
    assert E == 0
    assert not any(array.any() for array in gradients)


def test_float32_stays_float32():
    p = [np.ones(shape, np.float32) for shape in [(4, 3), (4,), (2, 3)]]
    _, gradients = softmax.loss_and_gradients(
        *p, np.array([1, 2]), np.ones(2, np.float32), Workspace(np.float32)
    )
    assert [array.dtype for array in gradients] == [np.float32] * 3


def test_the_logits_of_one_block_only_are_held():
    N, n, m = 640, 2, 1000
    arrays = [np.zeros(shape, np.float32) for shape in [(m, n), (m,), (N, n)]]
    y, weight = np.zeros(N, np.intp), np.ones(N, np.float32)
    with small_blocks(logits=1, rows=64, piece=1000):
        tracemalloc.start()
        softmax.loss_and_gradients(*arrays, y, weight, Workspace(np.float32))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1.25 * (64 * m * 4)  # all rows would take ten times that
