from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network import inputs
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.inputs import ONE_HOT_UP_TO, Columns, feed, look_up


def gradient_of(backward, da, m):
    """dU as an array, whichever way it comes, and db_a."""
    dU, db_a = backward(da)
    return (dU.dense(m) if isinstance(dU, Columns) else dU), db_a


def test_what_enters_a_state_is_a_column_of_U_and_the_bias():
    U = np.asfortranarray([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    a, _ = look_up(U, np.array([0.5, -0.5]), np.array([[2, 0], [1, 1]]), Workspace(np.float64))
    assert a.tolist() == [[[3.5, 29.5], [1.5, 9.5]], [[2.5, 19.5], [2.5, 19.5]]]


@pytest.mark.parametrize("steps", [1, 4])  # more columns than steps, and fewer
def test_an_embedding_is_a_column_of_C_alone(steps):
    C = np.asfortranarray([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    h, _ = look_up(C, None, np.array([[2, 0]] * steps), Workspace(np.float64))
    assert h.tolist() == [[[3, 30], [1, 10]]] * steps


@pytest.mark.parametrize("m", [3, ONE_HOT_UP_TO + 1])
def test_the_gradient_of_a_column_sums_the_steps_that_read_it(m):
    x = np.array([[2, 0], [2, 2]])
    da = np.array([[[1.0], [10.0]], [[100.0], [1000.0]]])
    _, backward = look_up(np.zeros((1, m), order="F"), np.zeros(1), x, Workspace(np.float64))
    dU, db_a = gradient_of(backward, da, m)
    assert dU[0, :3].tolist() == [10, 0, 1101]
    assert not dU[0, 3:].any()  # the other tokens do not occur
    assert db_a.tolist() == [1111]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    m=st.integers(1, 6),
    n=st.integers(1, 4),
    T=st.integers(1, 5),
    B=st.integers(1, 3),
    one_hot_up_to=st.sampled_from([0, 100]),
    seed=st.integers(0, 1000),
)
def test_both_ways_to_the_gradient_are_sums_of_outer_products(m, n, T, B, one_hot_up_to, seed):
    rng = np.random.default_rng(seed)
    U, b_a = np.asfortranarray(rng.normal(size=(n, m))), rng.normal(size=n)
    x, da = rng.integers(m, size=(T, B)), rng.normal(size=(T, B, n))
    with patch.object(inputs, "ONE_HOT_UP_TO", one_hot_up_to):
        a, backward = look_up(U, b_a, x, Workspace(np.float64))
        dU, db_a = gradient_of(backward, da, m)
        embedded, of_embedding = look_up(U, None, x, Workspace(np.float64))
        np.testing.assert_allclose(embedded, a - b_a, atol=1e-12)
        np.testing.assert_array_equal(gradient_of(of_embedding, da, m)[0], dU)
    expected = np.zeros((n, m))
    for t in range(T):
        for b in range(B):
            one_hot = np.eye(m)[x[t, b]]
            np.testing.assert_allclose(a[t, b], U @ one_hot + b_a)
            expected += np.outer(da[t, b], one_hot)
    np.testing.assert_allclose(dU, expected, atol=1e-12)
    np.testing.assert_allclose(db_a, da.sum((0, 1)), atol=1e-12)


def test_what_a_layer_feeds_the_next_is_what_a_hand_works_out():
    # U = (1 2; 3 4; 5 6), b_a = (1, 10, 100), h = (7, 8): U h + b_a = (23 + 1, 53 + 10, 83 + 100)
    # da = (1, 0, 10): dh = U^T da = (1 + 50, 2 + 60), dU = da h^T, db_a = da
    U, b_a = np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([1.0, 10, 100])
    a, backward = feed(U, b_a, np.array([[[7.0, 8.0]]]), Workspace(np.float64))
    assert a.tolist() == [[[24, 63, 183]]]
    dh, dU, db_a = backward(np.array([[[1.0, 0.0, 10.0]]]))
    assert dh.tolist() == [[[51, 62]]]
    assert dU.tolist() == [[7, 8], [0, 0], [70, 80]]
    assert db_a.tolist() == [1, 0, 10]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    d=st.integers(1, 4),
    k=st.integers(1, 5),
    T=st.integers(1, 4),
    B=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_a_layer_feeds_the_next_at_every_step_and_row(d, k, T, B, seed):
    rng = np.random.default_rng(seed)
    U, b_a, h, da = (rng.normal(size=shape) for shape in [(k, d), k, (T, B, d), (T, B, k)])
    a, backward = feed(U, b_a, h, Workspace(np.float64))
    dh, dU, db_a = backward(da)
    assert (a.shape, dh.shape) == ((T, B, k), (T, B, d))
    expected = np.zeros((k, d))
    for t in range(T):
        for b in range(B):
            np.testing.assert_allclose(a[t, b], U @ h[t, b] + b_a)
            np.testing.assert_allclose(dh[t, b], U.T @ da[t, b], atol=1e-12)
            expected += np.outer(da[t, b], h[t, b])
    np.testing.assert_allclose(dU, expected, atol=1e-12)
    np.testing.assert_allclose(db_a, da.sum((0, 1)), atol=1e-12)


@pytest.mark.parametrize("m", [5, ONE_HOT_UP_TO, ONE_HOT_UP_TO + 1])
def test_the_gradient_lies_in_memory_as_U_does_and_is_float32(m):
    U = np.zeros((4, m), np.float32, order="F")
    a, backward = look_up(U, np.zeros(4, np.float32), np.zeros((3, 2), np.intp), Workspace(np.float32))
    dU, db_a = gradient_of(backward, np.ones((3, 2, 4), np.float32), m)
    assert {a.dtype, dU.dtype, db_a.dtype} == {np.dtype(np.float32)}
    assert dU.strides == U.strides


@pytest.mark.parametrize("m", [5, ONE_HOT_UP_TO + 1])
def test_an_earlier_window_leaves_nothing_in_the_gradient(m):
    work = Workspace(np.float64)
    U, b_a = np.zeros((2, m), order="F"), np.zeros(2)
    look_up(U, b_a, np.full((4, 3), 4), work)[1](np.ones((4, 3, 2)))
    dU, _ = gradient_of(look_up(U, b_a, np.array([[1]]), work)[1], np.ones((1, 1, 2)), m)
    assert dU[:, 1].tolist() == [1, 1]
    assert dU.sum() == 2


def test_columns_hold_the_tokens_that_occur_and_add_up():
    first = Columns(np.array([1, 4]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    second = Columns(np.array([0, 4]), np.array([[5.0, 6.0], [7.0, 8.0]]))
    both = first + second
    assert both.tokens.tolist() == [0, 1, 4]
    assert both.values.tolist() == [[5, 6], [1, 2], [10, 12]]
    np.testing.assert_array_equal(both.dense(6), first.dense(6) + second.dense(6))


@pytest.mark.parametrize("of", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 4, 100])
def test_the_shares_of_columns_are_all_of_them_once(size, of):
    columns = Columns(np.arange(0, 14, 2), np.arange(14.0).reshape(7, 2))
    pieces = [piece for share in range(of) for piece in columns.pieces(size, share, of)]
    assert sorted(token for piece in pieces for token in piece.tokens) == columns.tokens.tolist()
    for piece in pieces:
        np.testing.assert_array_equal(piece.values[:, 0], piece.tokens)
