"""Each cell against numbers worked by hand, and against its equations for one row and one step at a time."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network import tutorial, tutorial_gated
from rnn_cli.network.cells import CELLS, recurrence
from rnn_cli.network.fast.products import plain
from rnn_cli.network.fast.workspace import Workspace

SIMPLE = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}


def forward(cell, W, a, before, keep, work=None):
    """Of a copy of a, which a cell may overwrite; backward gives dW itself. One array for the state before is
    "s" and all others."""
    if not isinstance(before, dict):
        before = dict.fromkeys(CELLS[cell].state, before)
    s, after, backward = CELLS[cell].forward({"W": W}, a.copy(), before, keep, work or Workspace(np.float64))

    def alone(ds, d_after=None):
        da, gradients, d_before = backward(ds, d_after)
        assert gradients.keys() == {"W"}
        return da, gradients["W"], d_before

    return s, after, alone


def problem(cell, seed, n=3, T=5, B=2):
    """W, a and the state before, all at random."""
    rng, (k, _) = np.random.default_rng(seed), CELLS[cell].shapes(n, n)["W"]
    W, a = rng.normal(size=(k, n)), rng.normal(size=(T, B, k))
    return W, a, {name: rng.uniform(-1, 1, (B, n)) for name in CELLS[cell].state}


@pytest.mark.parametrize("cell", CELLS)
def test_states_are_the_same_where_nothing_is_kept_for_a_backward_pass(cell):
    W, a, before = problem(cell, 3)
    kept = forward(cell, W, a, before, np.ones(a.shape[:2]))
    s, after, backward = forward(
        cell, W, a, before, np.ones(a.shape[:2]), Workspace(np.float64, keeps=False).room("_2")
    )
    assert np.array_equal(s, kept[0])
    assert all(np.array_equal(after[name], kept[1][name]) for name in after)
    with pytest.raises(AssertionError):
        backward(np.ones_like(s))


# Worked by hand.


def test_relu_over_two_steps_is_what_a_hand_works_out():
    # n = 1, W = 3, s_0 = 2, a = (1, -1):
    # s_1 = 3*2 + 1 = 7, s_2 = 3*7 - 1 = 20, both above 0, so g1' = 1.
    # E = 10 s_1 + s_2:  da_2 = 1,  da_1 = 10 + 3*1 = 13,  dW = da_1 s_0 + da_2 s_1 = 26 + 7 = 33
    a = np.array([1.0, -1.0]).reshape(2, 1, 1)
    s, after, backward = forward("relu", np.array([[3.0]]), a, np.array([[2.0]]), np.ones((2, 1)))
    assert s.ravel().tolist() == [7, 20]
    assert after["s"].tolist() == [[20]]
    da, dW, _ = backward(np.array([10.0, 1.0]).reshape(2, 1, 1))
    assert da.ravel().tolist() == [13, 1]
    assert dW.tolist() == [[33]]


def test_tanh_over_two_steps_is_what_a_hand_works_out():
    # n = 1, W = 2, s_0 = 0. tanh(ln 3) = 0.8 and tanh(ln 2) = 0.6:
    # a_1 = ln 2 gives s_1 = 0.6;  a_2 = ln 3 - 1.2 gives s_2 = tanh(a_2 + 2*0.6) = 0.8.
    # E = s_2:  da_2 = 1 - 0.64 = 0.36,  da_1 = 2*0.36*(1 - 0.36) = 0.4608,  dW = da_2 s_1 = 0.216
    a = np.array([np.log(2), np.log(3) - 1.2]).reshape(2, 1, 1)
    s, _, backward = forward("tanh", np.array([[2.0]]), a, np.zeros((1, 1)), np.ones((2, 1)))
    np.testing.assert_allclose(s.ravel(), [0.6, 0.8])
    da, dW, _ = backward(np.array([0.0, 1.0]).reshape(2, 1, 1))
    np.testing.assert_allclose(da.ravel(), [0.4608, 0.36])
    np.testing.assert_allclose(dW, [[0.216]])


def test_gru_over_two_steps_is_what_a_hand_works_out():
    # n = 1, s_0 = 0.6, W = (0, 0, 2) for r, u, g.
    # σ(0) = 1/2, σ(ln 3) = 3/4, σ(-ln 3) = 1/4, tanh(ln 2) = 0.6, tanh(ln 3) = 0.8.
    # Step 1, a = (0, ln 3, ln 2 - 0.6): r = 1/2, u = 3/4, h = 2*0.6 = 1.2, g = tanh(ln 2 - 0.6 + 1.2/2) = 0.6
    #   s_1 = 3/4*0.6 + 1/4*0.6 = 0.6
    # Step 2, a = (-ln 3, 0, ln 3 - 0.3): r = 1/4, u = 1/2, h = 1.2, g = tanh(ln 3 - 0.3 + 1.2/4) = 0.8
    #   s_2 = 1/2*0.6 + 1/2*0.8 = 0.7
    # E = s_2, ds_2 = 1:
    #   da_g = 1/2*(1 - 0.64) = 0.18       dh = 0.18/4 = 0.045
    #   da_r = 0.18*1.2*1/4*3/4 = 0.0405   da_u = (0.6 - 0.8)*1/4 = -0.05
    #   ds_1 = 1/2 + 2*0.045 = 0.59
    #   da_g = 0.59*1/4*(1 - 0.36) = 0.0944     dh = 0.0944/2 = 0.0472
    #   da_r = 0.0944*1.2*1/4 = 0.02832         da_u = 0, as s_0 = g
    # dW = Σ (da_r, da_u, dh) s_{t-1}, both states being 0.6
    ln2, ln3 = np.log(2), np.log(3)
    a = np.array([[0, ln3, ln2 - 0.6], [-ln3, 0, ln3 - 0.3]]).reshape(2, 1, 3)
    W = np.array([[0.0], [0.0], [2.0]])
    s, after, backward = forward("gru", W, a, np.array([[0.6]]), np.ones((2, 1)))
    np.testing.assert_allclose(s.ravel(), [0.6, 0.7])
    assert after["s"] == pytest.approx(0.7)
    da, dW, _ = backward(np.array([0.0, 1.0]).reshape(2, 1, 1))
    np.testing.assert_allclose(da[:, 0], [[0.02832, 0, 0.0944], [0.0405, -0.05, 0.18]], atol=1e-15)
    np.testing.assert_allclose(dW[:, 0], [0.6 * 0.06882, 0.6 * -0.05, 0.6 * 0.0922])


def test_lstm_over_two_steps_is_what_a_hand_works_out():
    # n = 1, s_0 = 0, c_0 = 2 ln 2, W = (0, 0, 0, 5) for o, i, f, g.
    # σ(0) = 1/2, σ(ln 3) = 3/4, tanh(ln 2) = 0.6.
    # Step 1, a = (0, 0, 0, 0): o = i = f = 1/2, g = 0;  c_1 = ln 2,  s_1 = 0.6/2 = 0.3
    # Step 2, a = (0, ln 3, ln 3, ln 2 - 1.5): o = 1/2, i = f = 3/4, g = tanh(ln 2 - 1.5 + 5*0.3) = 0.6
    #   c_2 = 3/4 ln 2 + 3/4*0.6,  s_2 = tanh(c_2)/2
    # E = 8 s_2 + s_1; with h = tanh(c_2) and q = 8*1/2*(1 - h^2) = 4 (1 - h^2), which is dc_2:
    #   da_o = 8 h/4 = 2h           da_i = q*0.6*3/16 = 0.1125 q
    #   da_f = q ln 2*3/16          da_g = q*3/4*(1 - 0.36) = 0.48 q
    #   ds_1 = 1 + 5*0.48 q = 1 + 2.4 q
    #   dc_1 = 3/4 q + ds_1*1/2*(1 - 0.36) = 3/4 q + 0.32 + 0.768 q = 0.32 + 1.518 q
    #   da_o = ds_1*0.6/4 = 0.15 + 0.36 q     da_i = dc_1*0 = 0
    #   da_f = dc_1*2 ln 2/4                  da_g = dc_1/2
    # dW = Σ da_t s_{t-1}: 0.3 of those of the second step, as s_0 = 0
    ln2, ln3 = np.log(2), np.log(3)
    a = np.array([[0, 0, 0, 0], [0, ln3, ln3, ln2 - 1.5]]).reshape(2, 1, 4)
    W = np.array([[0.0], [0.0], [0.0], [5.0]])
    before = {"s": np.zeros((1, 1)), "c": np.array([[2 * ln2]])}
    s, after, backward = forward("lstm", W, a, before, np.ones((2, 1)))
    c_2 = 0.75 * ln2 + 0.45
    h, q = np.tanh(c_2), 4 * (1 - np.tanh(c_2) ** 2)
    np.testing.assert_allclose(s.ravel(), [0.3, h / 2])
    assert {name: array.item() for name, array in after.items()} == pytest.approx({"s": h / 2, "c": c_2})
    da, dW, _ = backward(np.array([1.0, 8.0]).reshape(2, 1, 1))
    dc_1 = 0.32 + 1.518 * q
    first = [0.15 + 0.36 * q, 0, dc_1 * ln2 / 2, dc_1 / 2]
    second = np.array([2 * h, 0.1125 * q, q * ln2 * 3 / 16, 0.48 * q])
    np.testing.assert_allclose(da[:, 0], [first, second], atol=1e-15)
    np.testing.assert_allclose(dW[:, 0], 0.3 * second)


# The oracle: the equations of tutorial.py and tutorial_gated.py, one row and one step, in complex numbers.
# If E is f(p) for real p, then f(p + ih) = E + ih dE/dp plus terms of order h^2: with h of 1e-30 that is the
# derivative to its last digit, and nothing was derived by hand.


def naive_simple(g1):
    return lambda p, a, before: {"s": g1(a + p["W"] @ before["s"])}


NAIVE = {
    "tanh": naive_simple(tutorial.G1["tanh"][0]),
    "relu": naive_simple(lambda z: np.where(z.real > 0, z, 0)),
    "gru": lambda p, a, before: {"s": tutorial_gated.gru(p, a, before["s"])},
    "lstm": lambda p, a, before: dict(
        zip("sc", tutorial_gated.lstm(p, a, before["s"], before["c"]), strict=True)
    ),
}


def naive(cell, W, a, before, keep):
    """States (T, B, n) and the state after, one row and one step at a time. U is 1 and b_a 0: a enters."""
    T, B, n = *a.shape[:2], W.shape[1]
    s, after = np.zeros((T, B, n), complex), {name: np.zeros((B, n), complex) for name in before}
    p = {"U": np.eye(len(W)), "W": W, "b_a": np.zeros(len(W))}
    for b in range(B):
        state = {name: array[b] for name, array in before.items()}
        for t in range(T):
            kept = {name: keep[t, b] * array for name, array in state.items()}
            state = NAIVE[cell](p, a[t, b], kept)
            s[t, b] = state["s"]
        for name, array in state.items():
            after[name][b] = array
    return s, after


def slopes(E, array):
    """dE/d(array) of a function of it, entry by entry."""
    slope, moved = np.zeros(array.shape), array.astype(complex)
    for place in np.ndindex(array.shape):
        moved[place] += 1e-30j
        slope[place] = E(moved).imag / 1e-30
        moved[place] = array[place]
    return slope


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 5),
    T=st.integers(1, 5),
    B=st.integers(1, 3),
    kept=st.sampled_from([1.0, 0.7]),
    block=st.sampled_from([1, 13, 1 << 15]),
    seed=st.integers(0, 10_000),
)
def test_a_window_is_the_equations_row_by_row_and_so_is_the_backward_pass(cell, n, T, B, kept, block, seed):
    rng = np.random.default_rng(seed)
    W, a, before = problem(cell, seed, n, T, B)
    keep, ds = (rng.random((T, B)) < kept).astype(float), rng.normal(size=(T, B, n))
    d_after = {name: rng.normal(size=(B, n)) for name in before}
    with patch.object(recurrence, "SLOPES", block):  # a window is then one block of slopes, or several
        s, after, backward = forward(cell, W, a, before, keep)
        expected, expected_after = naive(cell, W, a, before, keep)
        np.testing.assert_allclose(s, expected.real, atol=1e-14)
        assert after.keys() == before.keys()
        for name, array in after.items():
            np.testing.assert_allclose(array, expected_after[name].real, atol=1e-14)
        da, dW, d_before = backward(ds.copy(), d_after)

    def E(W, a, before):
        """What has these derivatives by its states, and by those after."""
        s, after = naive(cell, W, a, before, keep)
        return (ds * s).sum() + sum((d_after[name] * after[name]).sum() for name in after)

    close = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(da.reshape(a.shape), slopes(lambda a: E(W, a, before), a), **close)
    np.testing.assert_allclose(dW, slopes(lambda W: E(W, a, before), W), **close)
    assert d_before.keys() == before.keys()
    for name, array in d_before.items():
        by_name = slopes(lambda moved, name=name: E(W, a, before | {name: moved}), before[name])
        np.testing.assert_allclose(array, by_name, err_msg=name, **close)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("keep", [np.ones((5, 2)), np.eye(5, 2)])
def test_no_derivative_of_the_state_after_is_one_of_zeros(cell, keep):
    W, a, before = problem(cell, 3)
    ds, zeros = np.ones((5, 2, 3)), {name: np.zeros((2, 3)) for name in before}
    none, some = (forward(cell, W, a, before, keep)[2](ds.copy(), d_after) for d_after in (None, zeros))
    for one, other in zip(none[:2], some[:2], strict=True):
        np.testing.assert_array_equal(one, other)
    for name in before:
        np.testing.assert_array_equal(none[2][name], some[2][name])


@pytest.mark.parametrize("cell", CELLS)
def test_the_derivative_of_the_state_before_is_no_memory_that_is_used_again(cell):
    W, a, before = problem(cell, 4)
    work, keep = Workspace(np.float64), np.ones((5, 2))
    d_after = {name: np.ones((2, 3)) for name in before}
    d_before = forward(cell, W, a, before, keep, work)[2](np.ones((5, 2, 3)), d_after)[2]
    held = {name: array.copy() for name, array in d_before.items()}
    forward(cell, W, a, before, keep, work)[2](np.full((5, 2, 3), 2.0), held)
    for name, array in held.items():
        np.testing.assert_array_equal(d_before[name], array)
        np.testing.assert_array_equal(d_after[name], np.ones((2, 3)))


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_of_W_is_written_where_the_workspace_says(cell):
    W, a, before = problem(cell, 5)
    given = {"W": np.zeros(W.shape), "W2": np.zeros(W.shape)}
    work = Workspace(np.float64, gradients=given)
    for name, room in (("W", work), ("W2", work.room("2"))):
        dW = forward(cell, W, a, before, np.ones((5, 2)), room)[2](np.ones((5, 2, 3)))[1]
        assert dW is given[name]
        assert dW.any()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("keep", [np.ones((7, 5)), np.arange(35).reshape(7, 5) % 3 != 0])
def test_a_window_of_several_blocks_of_slopes_is_a_window_of_one(cell, keep):
    # In float32, as training has it, and with a last block that is shorter than the others.
    W, a, before = problem(cell, 0, n=6, T=7, B=5)
    W, a, keep = W.astype(np.float32), a.astype(np.float32), keep.astype(np.float32)
    ds = np.random.default_rng(0).normal(size=(7, 5, 6)).astype(np.float32)
    ways = []
    for block in (1 << 15, 3 * 5 * 6):
        with patch.object(recurrence, "SLOPES", block):
            s, _, backward = forward(cell, W, a, before, keep, Workspace(np.float32))
            s = s.copy()
            ways.append((s, *(array.copy() for array in backward(ds.copy())[:2])))
    for one, several in zip(*ways, strict=True):
        assert one.dtype == several.dtype == np.float32
        np.testing.assert_array_equal(one, several)


@pytest.mark.parametrize("cell", CELLS)
def test_steps_one_by_one_are_the_window(cell):
    W, a, state = problem(cell, 1)
    s, after, _ = forward(cell, W, a, state, np.ones((5, 2)))
    step = CELLS[cell].stepper({"W": plain(W)})
    for a_t, s_t in zip(a, s, strict=True):
        state = step(a_t.copy(), state)
        np.testing.assert_allclose(state["s"], s_t, atol=1e-15)
    assert list(state) == list(after) == list(CELLS[cell].state)
    for name, array in state.items():
        np.testing.assert_allclose(array, after[name], atol=1e-15)


@pytest.mark.parametrize("cell", CELLS)
def test_the_states_handed_on_are_no_memory_that_is_used_again(cell):
    W, a, before = problem(cell, 2)
    work = Workspace(np.float64)
    _, after, backward = forward(cell, W, a, before, np.ones((5, 2)), work)
    held = {name: array.copy() for name, array in after.items()}
    backward(np.ones((5, 2, 3)))
    forward(cell, W, 2 * a, after, np.ones((5, 2)), work)
    stepped = CELLS[cell].stepper({"W": plain(W)})(a[0].copy(), after)
    for name, array in held.items():
        np.testing.assert_array_equal(after[name], array)
        assert not np.shares_memory(stepped[name], after[name])


# What it is to keep a state, or not to.


@pytest.mark.parametrize("cell", SIMPLE)
def test_W_multiplies_the_state_from_the_left(cell):
    W = np.array([[0.0, 0.5], [0.0, 0.0]])  # feeds s[1] into s[0], and not the other way round
    a = np.zeros((1, 1, 2))
    s, _, _ = forward(cell, W, a, np.array([[0.1, 0.4]]), np.ones((1, 1)))
    np.testing.assert_allclose(s[0, 0], [SIMPLE[cell](0.2), 0])


@pytest.mark.parametrize("cell", CELLS)
def test_where_keep_is_0_a_row_starts_afresh_and_no_gradient_goes_back(cell):
    W, a, s_0 = problem(cell, 0)
    keep = np.ones((5, 2))
    keep[2, 0] = 0
    s, _, backward = forward(cell, W, a, s_0, keep)
    alone, _, _ = forward(cell, W, a[2:], np.zeros((2, 3)), np.ones((3, 2)))
    np.testing.assert_allclose(s[2:, 0], alone[:, 0])
    assert not np.allclose(s[2:, 1], alone[:, 1])
    ds = np.zeros((5, 2, 3))
    ds[2:] = 1
    da, _, _ = backward(ds)
    da = da.reshape(5, 2, -1)
    np.testing.assert_array_equal(da[:2, 0], 0)
    assert np.any(da[:2, 1] != 0)


@pytest.mark.parametrize("cell", CELLS)
def test_the_first_state_enters_only_where_it_is_kept(cell):
    W, a, _ = problem(cell, 1, T=2)
    keep = np.array([[0.0, 1.0], [1.0, 1.0]])
    s, _, _ = forward(cell, W, a, np.ones((2, 3)), keep)
    t, _, _ = forward(cell, W, a, np.full((2, 3), 0.5), keep)
    np.testing.assert_array_equal(s[:, 0], t[:, 0])
    assert np.any(s[:, 1] != t[:, 1])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("keep", [np.ones((5, 2)), np.eye(5, 2)])
def test_what_the_caller_passed_is_not_changed_but_for_what_enters(cell, keep):
    W, a, before = problem(cell, 2)
    given = [W, keep, *before.values()]
    old = [array.copy() for array in given]
    _, _, backward = CELLS[cell].forward({"W": W}, a, before, keep, Workspace(np.float64))
    backward(np.ones((5, 2, 3)))
    CELLS[cell].stepper({"W": plain(W)})(np.ones((2, len(W))), before)
    for array, was in zip(given, old, strict=True):
        np.testing.assert_array_equal(array, was)


# What a cell owns.


@pytest.mark.parametrize(("cell", "k"), [("tanh", 1), ("relu", 1), ("gru", 3), ("lstm", 4)])
def test_a_cell_has_as_many_blocks_of_rows_as_gates(cell, k):
    assert CELLS[cell].shapes(7, 5) == {"U": (5 * k, 7), "W": (5 * k, 5), "b_a": (5 * k,)}
    assert CELLS[cell].cost(7, 5) == 5 * k * 7 + 5 * k * 5
    assert CELLS[cell].cost(0, 5) == 5 * k * 5  # what enters is looked up


def test_the_first_W_suits_the_cell():
    rng = np.random.default_rng(0)
    for cell in ("tanh", "gru", "lstm"):
        for W in np.split(
            CELLS[cell].initial("W", rng, CELLS[cell].shapes(6, 6)["W"]), len(CELLS[cell].gates)
        ):
            np.testing.assert_allclose(W @ W.T, np.eye(6), atol=1e-12)
            assert not np.array_equal(W, np.eye(6))
    np.testing.assert_array_equal(CELLS["relu"].initial("W", rng, (6, 6)), np.eye(6))


def test_the_first_bias_holds_the_forget_gate_open_and_no_other():
    biases = {name: cell.initial("b_a", None, cell.shapes(2, 2)["b_a"]) for name, cell in CELLS.items()}
    assert biases.pop("lstm").tolist() == [0, 0, 0, 0, 1, 1, 0, 0]
    assert not any(bias.any() for bias in biases.values())
