from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network import inputs
from rnn_cli.network.columns import Columns
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.inputs import INPUTS, ONE_HOT_UP_TO, feed, look_up


def enter(kind, p, x, mask, work):
    """a, and the whole backward pass of an input: da and the gradients so far -> those with the input's."""
    h, into_table = INPUTS[kind].embed(p, x, mask, work)
    a, into_layer = INPUTS[kind].enter(p["U"], p["b_a"], h, work)

    def backward(da, so_far):
        dh, dU, db_a = into_layer(da)
        return into_table(dh, so_far | {"U": dU, "b_a": db_a})

    return a, backward


def one_hot(U, b_a, x, work=None):
    """a, and its backward pass da -> dU, db_a, with dU as an array, whichever way it comes."""
    a, backward = enter("one_hot", {"U": U, "b_a": b_a}, x, None, work or Workspace(U.dtype))

    def dense(da):
        gradients = backward(da, {"V": "as it was"})
        assert gradients.pop("V") == "as it was"
        dU, db_a = gradients.values()
        return (dU.dense(U.shape[1]) if isinstance(dU, Columns) else dU), db_a

    return a, dense


def test_what_enters_a_state_is_a_column_of_U_and_the_bias():
    U = np.asfortranarray([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    a, _ = one_hot(U, np.array([0.5, -0.5]), np.array([[2, 0], [1, 1]]))
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
    _, backward = one_hot(np.zeros((1, m), order="F"), np.zeros(1), x)
    dU, db_a = backward(da)
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
        a, backward = one_hot(U, b_a, x)
        dU, db_a = backward(da)
        embedded, of_embedding = look_up(U, None, x, Workspace(np.float64))
        np.testing.assert_allclose(embedded, a - b_a, atol=1e-12)
        dC = of_embedding(da, "C")
        np.testing.assert_array_equal(dC.dense(m) if isinstance(dC, Columns) else dC, dU)
    expected = np.zeros((n, m))
    for t in range(T):
        for b in range(B):
            x_t = np.eye(m)[x[t, b]]
            np.testing.assert_allclose(a[t, b], U @ x_t + b_a)
            expected += np.outer(da[t, b], x_t)
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
    a, backward = one_hot(U, np.zeros(4, np.float32), np.zeros((3, 2), np.intp))
    dU, db_a = backward(np.ones((3, 2, 4), np.float32))
    assert {a.dtype, dU.dtype, db_a.dtype} == {np.dtype(np.float32)}
    assert dU.strides == U.strides


@pytest.mark.parametrize("m", [5, ONE_HOT_UP_TO + 1])
def test_an_earlier_window_leaves_nothing_in_the_gradient(m):
    work = Workspace(np.float64)
    U, b_a = np.zeros((2, m), order="F"), np.zeros(2)
    one_hot(U, b_a, np.full((4, 3), 4), work)[1](np.ones((4, 3, 2)))
    dU, _ = one_hot(U, b_a, np.array([[1]]), work)[1](np.ones((1, 1, 2)))
    assert dU[:, 1].tolist() == [1, 1]
    assert dU.sum() == 2


# The rows of INPUTS: one row and one step at a time, with one-hot vectors.

KINDS = [("one_hot", 0), ("embedding", 3), ("tied", 4)]


def problem(kind, size, m, rng, k=5):
    """Parameters of an input to k entries of a_t: p, and what x_t is multiplied by before U, if anything."""
    p = {"U": rng.normal(size=(k, size or m)), "b_a": rng.normal(size=k)}
    if kind == "one_hot":
        return p | {"U": np.asfortranarray(p["U"])}, np.eye(m)
    table = np.asfortranarray(rng.normal(size=(size, m)))
    return (p | {"C": table} if kind == "embedding" else p | {"V": table.T}), table


@pytest.mark.parametrize(("kind", "size"), KINDS)
@pytest.mark.parametrize("m", [6, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize("dropout", [False, True])
def test_a_row_is_its_equation_step_by_step_and_so_is_the_backward_pass(kind, size, m, dropout):
    rng = np.random.default_rng(0)
    p, table = problem(kind, size, m, rng)
    x, da = rng.integers(6, size=(4, 3)), rng.normal(size=(4, 3, 5))
    mask = rng.integers(2, size=(4, 3, size)) * 2.0 if dropout and size else None
    work = Workspace(np.float64)
    a, backward = enter(kind, p, x, mask, work)
    gradients = backward(da.copy(), {})
    expected = {name: np.zeros(array.shape) for name, array in p.items()}
    for t, b in np.ndindex(x.shape):
        x_t = np.eye(m)[x[t, b]]
        scale = np.ones(size or m) if mask is None else mask[t, b]
        h_t = scale * (table @ x_t)
        np.testing.assert_allclose(a[t, b], p["U"] @ h_t + p["b_a"], atol=1e-12)
        dh_t = scale * (p["U"].T @ da[t, b])
        expected["U"] += np.outer(da[t, b], h_t)
        expected["b_a"] += da[t, b]
        if kind == "embedding":
            expected["C"] += np.outer(dh_t, x_t)
        if kind == "tied":
            expected["V"] += np.outer(x_t, dh_t)
    assert gradients.keys() == expected.keys()
    for name, array in gradients.items():
        assert isinstance(array, Columns) == (name == INPUTS[kind].table and INPUTS[kind].by_columns(m))
        array = array.dense(m) if isinstance(array, Columns) else array
        np.testing.assert_allclose(array, expected[name], atol=1e-12, err_msg=name)
    np.testing.assert_allclose(INPUTS[kind].step(p, x[0]), (table.T @ p["U"].T)[x[0]] + p["b_a"], atol=1e-12)


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_a_row_has_the_shapes_widths_and_masks_of_its_parameters(kind, size):
    one, m = INPUTS[kind], 9
    p, _ = problem(kind, size, m, np.random.default_rng(0))
    assert one.shapes(m, size) == ({"C": (3, 9)} if kind == "embedding" else {})
    assert p["U"].shape == (5, one.width(m, size))
    assert one.masks(size) == ({"x": size} if size else {})
    assert p[one.table].flags.f_contiguous == (one.order == "F")


def test_the_gradient_of_a_tied_table_is_added_to_the_output_layers():
    rng = np.random.default_rng(1)
    for m in (6, ONE_HOT_UP_TO + 1):
        p, _ = problem("tied", 4, m, rng)
        x, da, dV = rng.integers(6, size=(4, 3)), rng.normal(size=(4, 3, 5)), rng.normal(size=(m, 4))
        alone = enter("tied", p, x, None, Workspace(float))[1](da, {})["V"]
        before = dV.copy()
        total = enter("tied", p, x, None, Workspace(float))[1](da, {"V": dV})["V"]
        assert total is dV
        np.testing.assert_allclose(total, before + alone)
