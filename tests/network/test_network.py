"""The network against what shares no code with it: a number worked by hand, tutorial.py, and PyTorch."""

import tracemalloc
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network import inputs, tutorial
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Columns
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import NO_DROP, Drop
from rnn_cli.network.gradcheck import (
    carried_state,
    combinations,
    gradcheck,
    hard_batch,
    second_opinion,
    sequences,
)
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network, Sequences
from rnn_cli.network.outputs import OUTPUTS, softmax
from rnn_cli.network.passes import Steps

NAMES = ["U", "W", "b_a", "V", "b_y"]


def kinds(*sizes, **chosen):
    """A test of every kind of network there is, on vocabularies of these sizes."""
    networks = [network for m in sizes for network in combinations(m, 4, **chosen)]
    ids = [
        f"{one.cell}-{one.layers}-{'tied' if one.tie else one.embedding}-{one.output}-{one.m}"
        for one in networks
    ]
    return pytest.mark.parametrize("network", networks, ids=ids)


class Tokens(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    keep: np.ndarray
    weight: np.ndarray


def tokens(m, T, B, rng, dtype=np.float64):
    """Random tokens, with lines that end anywhere and holes anywhere."""
    x, y = rng.integers(m, size=(2, T, B))
    keep, weight = (rng.random((2, T, B)) > 0.25).astype(dtype)
    return Tokens(x, y, keep, weight)


def parameters(network, rng, dtype=np.float64):
    p = {name: rng.normal(0, 0.7, shape) for name, shape in network.shapes.items()}
    return network.lay_out(p, dtype)


def state_of(network, B, rng, dtype=np.float64):
    return {name: array.astype(dtype) for name, array in carried_state(network, B, rng).items()}


def run(network, p, batch, state, work=None, **masks):
    """loss_and_gradients, copied out of the workspace."""
    E, gradients, after = network.loss_and_gradients(p, batch, state, work or Workspace(np.float64), **masks)
    return E, network.dense(gradients), after


def same(gradients, others, **tolerance):
    """Gradients, or states."""
    assert gradients.keys() == others.keys()
    for name in gradients:
        np.testing.assert_allclose(gradients[name], others[name], err_msg=name, **tolerance)


def column(i, size):
    vector = np.zeros((size, 1))
    vector[i] = 1
    return vector


# The oracle of one layer of tanh or relu: tutorial.py, one sequence at a time.


def padded(m, T, B, rng):
    """As `tokens`, but only the last steps of a row have no target: tutorial.py has one at each step."""
    batch = tokens(m, T, B, rng)
    batch.weight.fill(1)
    for b in range(B):
        batch.weight[T - rng.integers(T // 2 + 1) :, b] = 0
    return batch


def by_tutorial(network, p, batch, state):
    """E, dE/dp, and the last state of each row that ends without padding."""
    E, last = 0.0, {}
    for b in range(batch.x.shape[1]):
        k = slice(b, b + 1)
        row, before = network.rows(batch, k), {name: s[k] for name, s in state.items()}
        for one in sequences(row, before):
            E_b, _, s_T = tutorial.loss_and_gradients(p, one.x, one.y, one.state["s"], network.cell)
            E += E_b
        if row.weight.all():
            last[b] = s_T
    return E, second_opinion(network, p, batch, state), last


def test_a_tiny_network_costs_what_a_hand_works_out():
    # m = 2, n = 1, relu, U = (1, 2), W = 3, b_a = -1, V = (ln 2, 0), b_y = (0, ln 2)
    # inputs 1, 0; targets 0, 1
    # s_1 = 2 - 1 = 1            V s_1 + b_y = (ln 2, ln 2)      o_1 = (1/2, 1/2)      E_1 = ln 2
    # s_2 = 1 + 3*1 - 1 = 3      V s_2 + b_y = (3 ln 2, ln 2)    o_2 = (8/10, 2/10)    E_2 = ln 5
    # E = ln 2 + ln 5 = ln 10
    # o_1 - y_1 = (-0.5, 0.5),  o_2 - y_2 = (0.8, -0.8):  db_y = (0.3, -0.3)
    # dV = (-0.5, 0.5)*1 + (0.8, -0.8)*3 = (1.9, -1.9)
    # ds_2 = 0.8 ln 2 = da_2;  ds_1 = -0.5 ln 2 + 3 da_2 = 1.9 ln 2 = da_1  (relu' = 1)
    # dU = (da_2, da_1);  dW = da_2 s_1;  db_a = da_1 + da_2
    ln2 = np.log(2)
    p = {
        "U": np.array([[1.0, 2.0]]),
        "W": np.array([[3.0]]),
        "b_a": np.array([-1.0]),
        "V": np.array([[ln2], [0.0]]),
        "b_y": np.array([0.0, ln2]),
    }
    one = np.ones((2, 1))
    batch = Tokens(np.array([[1], [0]]), np.array([[0], [1]]), one, one)
    network = Network(2, 1, "relu")
    E, gradients, after = run(network, network.lay_out(p, np.float64), batch, {"s": np.zeros((1, 1))})
    assert pytest.approx(np.log(10)) == E
    assert after["s"] == pytest.approx(3)
    by_hand = {
        "U": [[0.8 * ln2, 1.9 * ln2]],
        "W": [[0.8 * ln2]],
        "b_a": [2.7 * ln2],
        "V": [[1.9], [-1.9]],
        "b_y": [0.3, -0.3],
    }
    same(gradients, by_hand)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    cell=st.sampled_from(["tanh", "relu"]),
    m=st.integers(1, 8),
    n=st.integers(1, 5),
    T=st.integers(1, 7),
    B=st.integers(1, 4),
    one_hot_up_to=st.sampled_from([0, 100]),
    block_rows=st.integers(1, 9),
    piece=st.integers(1, 30),
    seed=st.integers(0, 10_000),
)
def test_the_network_is_the_tutorial_on_one_hot_vectors(
    cell, m, n, T, B, one_hot_up_to, block_rows, piece, seed
):
    rng = np.random.default_rng(seed)
    network = Network(m, n, cell)
    p, batch, state = parameters(network, rng), padded(m, T, B, rng), state_of(network, B, rng)
    with (
        patch.object(inputs, "ONE_HOT_UP_TO", one_hot_up_to),
        patch.multiple(softmax, BLOCK_LOGITS=1, BLOCK_ROWS=block_rows, PIECE=piece),
    ):
        E, gradients, after = run(network, p, batch, state)
        alone, after_alone = network.loss(p, batch, state, Workspace(np.float64))
    expected_E, expected, last = by_tutorial(network, p, batch, state)
    assert pytest.approx(expected_E, rel=1e-10, abs=1e-12) == E
    assert alone == E
    for b, s_T in last.items():
        np.testing.assert_allclose(after["s"][b], s_T, atol=1e-12)
    np.testing.assert_array_equal(after["s"], after_alone["s"])
    same(gradients, expected, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("cell", ["tanh", "relu"])
@pytest.mark.parametrize("m", [ONE_HOT_UP_TO, ONE_HOT_UP_TO + 1])
def test_it_is_so_on_both_sides_of_one_hot_up_to_and_in_float32(cell, m):
    rng = np.random.default_rng(5)
    network = Network(m, 6, cell)
    p, batch, state = parameters(network, rng), padded(m, 9, 8, rng), state_of(network, 8, rng)
    expected_E, expected, _ = by_tutorial(network, p, batch, state)
    E, gradients, _ = run(network, p, batch, state)
    assert pytest.approx(expected_E) == E
    same(gradients, expected, rtol=1e-8, atol=1e-11)
    p32, state32 = network.lay_out(p), {"s": state["s"].astype(np.float32)}
    batch32 = batch._replace(keep=batch.keep.astype(np.float32), weight=batch.weight.astype(np.float32))
    E, gradients, _ = run(network, p32, batch32, state32, Workspace(np.float32))
    assert pytest.approx(expected_E, rel=1e-5) == E
    same(gradients, expected, rtol=2e-3, atol=2e-4)


# The oracle of more layers than one, and of embeddings: the same, but in complex numbers. If E is f(p) for
# real p, then f(p + ih) = E + ih dE/dp plus terms of order h^2: with h of 1e-30 that is the derivative to its
# last digit.


def naive_deep(network, p, batch, state, masks):
    """E and the last states, one sequence and one token at a time."""
    g1 = {"tanh": np.tanh, "relu": lambda z: np.where(z.real > 0, z, 0)}[network.cell]
    T, B = batch.x.shape
    E, last = 0.0, {name: np.zeros((B, network.n)) for name in state}
    for b in range(B):
        s_t = {name: array[b] for name, array in state.items()}
        for t in range(T):
            x_t = column(batch.x[t, b], network.m)[:, 0]
            if network.tie:
                h = masks["x"][t, b] * (p["V"].T @ x_t)
            elif network.embedding:
                h = masks["x"][t, b] * (p["C"] @ x_t)
            for layer in ["", "2", "3"][: network.layers]:
                if layer == "" and not network.embedding:
                    a_t = p["U"] @ x_t + p["b_a"]
                else:
                    a_t = p[f"U{layer}"] @ h + p[f"b_a{layer}"]
                s_t[f"s{layer}"] = g1(a_t + p[f"W{layer}"] @ (batch.keep[t, b] * s_t[f"s{layer}"]))
                h = masks[f"s{layer}"][t, b] * s_t[f"s{layer}"]
            z_t = p["V"] @ h + p["b_y"]
            E += batch.weight[t, b] * (np.log(np.exp(z_t).sum()) - z_t[batch.y[t, b]])
        for name, array in s_t.items():
            last[name][b] = array.real
    return E, last


def slopes(E, p):
    """dE/dp of a function of p, entry by entry."""
    moved = {name: array.astype(complex) for name, array in p.items()}
    slope = {name: np.zeros(array.shape) for name, array in p.items()}
    for name, array in p.items():
        for place in np.ndindex(array.shape):
            moved[name][place] += 1e-30j
            slope[name][place] = E(moved).imag / 1e-30
            moved[name][place] = array[place]
    return slope


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    cell=st.sampled_from(["tanh", "relu"]),
    layers=st.integers(1, 3),
    embedding=st.sampled_from(["none", "narrow", "wide", "tied"]),
    rate=st.sampled_from([0.0, 0.4]),
    m=st.integers(1, 6),
    n=st.integers(1, 3),
    T=st.integers(1, 4),
    B=st.integers(1, 3),
    one_hot_up_to=st.sampled_from([0, 100]),
    seed=st.integers(0, 10_000),
)
def test_layers_and_embeddings_are_the_tutorial_token_by_token(
    cell, layers, embedding, rate, m, n, T, B, one_hot_up_to, seed
):
    rng = np.random.default_rng(seed)
    size = {"none": 0, "narrow": 1, "wide": n + 2, "tied": n}[embedding]
    network = Network(m, n, cell, layers=layers, embedding=size, tie=embedding == "tied")
    p, batch, state = parameters(network, rng), tokens(m, T, B, rng), state_of(network, B, rng)
    masks = network.draw_masks(rng, Drop(rate), T, B)
    ones = {"x": np.ones((T, B, size or n))} | {name: np.ones((T, B, n)) for name in ("s", "s2", "s3")}
    with patch.object(inputs, "ONE_HOT_UP_TO", one_hot_up_to):
        E, gradients, after = run(network, p, batch, state, masks=masks)
        alone, after_alone = network.loss(p, batch, state, Workspace(np.float64), masks)
    expected_E, last = naive_deep(network, p, batch, state, ones | masks)
    assert pytest.approx(expected_E, rel=1e-10, abs=1e-12) == E
    assert alone == E
    same(after, last, atol=1e-12)
    same(after_alone, last, atol=1e-12)
    expected = slopes(lambda p: naive_deep(network, p, batch, state, ones | masks)[0], p)
    same(gradients, expected, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("m", [9, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_tied_V_has_the_gradient_of_both_its_uses(m, layers):
    rng = np.random.default_rng(2)
    tied = Network(m, 4, "gru", layers=layers, embedding=4, tie=True)
    p, batch, state = parameters(tied, rng), tokens(m, 6, 3, rng), state_of(tied, 3, rng)
    apart = Network(m, 4, "gru", layers=layers, embedding=4)
    q = apart.lay_out(p | {"C": p["V"].T}, np.float64)
    E, gradients, after = run(tied, p, batch, state)
    E_apart, expected, after_apart = run(apart, q, batch, state)
    assert pytest.approx(E_apart) == E
    same(after, after_apart, atol=1e-14)
    of_look_up, of_output = expected.pop("C"), expected["V"].copy()
    assert np.abs(of_look_up).max() > 0.1 < np.abs(of_output).max()
    same(gradients, expected | {"V": of_look_up.T + of_output}, rtol=1e-9, atol=1e-12)


# PyTorch's gates, by the names that ours have: it has those of an lstm in another order.
GATES_OF_TORCH = {"lstm": "ifgo", "gru": "rug"}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("m", [11, ONE_HOT_UP_TO + 44])
@pytest.mark.parametrize(("layers", "embedding"), [(1, 0), (2, 3)])
def test_pytorch_finds_the_same_gradients(cell, m, layers, embedding):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    network = Network(m, 5, cell, layers=layers, embedding=embedding)
    p, batch, state = parameters(network, rng), tokens(m, 8, 3, rng), state_of(network, 3, rng)
    E, gradients, after = run(network, p, batch, state)

    t = {name: torch.tensor(np.ascontiguousarray(array), requires_grad=True) for name, array in p.items()}

    def rows(array):
        """Of each gate, in PyTorch's order."""
        ours = dict(zip(CELLS[cell].gates, array.split(network.n), strict=True))
        return torch.cat([ours[gate] for gate in GATES_OF_TORCH.get(cell, "s")])

    def recurrent(layer, x, s):
        """One step of a layer. Of PyTorch's two biases the second is 0: in a gru, r then acts on W_g s."""
        kind = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}.get(cell, torch.nn.RNNCell)
        options = {"nonlinearity": cell} if kind is torch.nn.RNNCell else {}
        module = kind(x.shape[1], network.n, dtype=torch.float64, **options)
        own = {"weight_ih": rows(t[f"U{layer}"]), "weight_hh": rows(t[f"W{layer}"])}
        own |= {"bias_ih": rows(t[f"b_a{layer}"])}
        own |= {"bias_hh": torch.zeros_like(own["bias_ih"])}
        names = [name + layer for name in CELLS[cell].state]
        before = tuple(s[name] for name in names)
        last = torch.func.functional_call(module, own, (x, before if cell == "lstm" else before[0]))
        return dict(zip(names, last if cell == "lstm" else [last], strict=True))

    x, y, keep, weight = map(torch.tensor, batch)
    s, total = {name: torch.tensor(array) for name, array in state.items()}, 0
    for step in range(len(x)):
        h = torch.nn.functional.one_hot(x[step], m).double()
        h = h @ t["C"].T if embedding else h
        for layer in ["", "2"][:layers]:
            s |= recurrent(layer, h, {name: array * keep[step, :, None] for name, array in s.items()})
            h = s[f"s{layer}"]
        E_t = torch.nn.functional.cross_entropy(h @ t["V"].T + t["b_y"], y[step], reduction="none")
        total = total + (weight[step] * E_t).sum()
    total.backward()
    assert pytest.approx(total.item()) == E
    same(after, {name: array.detach().numpy() for name, array in s.items()}, rtol=1e-7)
    same(gradients, {name: array.grad.numpy() for name, array in t.items()}, rtol=1e-9, atol=1e-12)


@kinds(6)
def test_two_windows_with_the_state_handed_over_cost_what_one_long_one_does(network):
    rng = np.random.default_rng(1)
    p, batch, state = parameters(network, rng), tokens(6, 10, 3, rng), state_of(network, 3, rng)
    work = Workspace(np.float64)
    whole, after = network.loss(p, batch, state, work)
    first, between = network.loss(p, Tokens(*(a[:4] for a in batch)), state, work)
    second, end = network.loss(p, Tokens(*(a[4:] for a in batch)), between, work)
    assert first + second == pytest.approx(whole)
    assert end.keys() == state.keys()
    same(end, after, rtol=1e-7)
    E_1, _, between_1 = run(network, p, Tokens(*(a[:4] for a in batch)), state, work)
    E_2, _, end_2 = run(network, p, Tokens(*(a[4:] for a in batch)), between_1, work)
    assert pytest.approx(whole) == E_1 + E_2
    same(end_2, after, rtol=1e-7)


@kinds(6)
def test_a_window_cut_where_a_line_ends_has_the_gradients_of_its_halves(network):
    rng = np.random.default_rng(12)
    p, batch, state = parameters(network, rng), tokens(6, 9, 3, rng), state_of(network, 3, rng)
    batch.keep[4] = 0  # or what is behind the cut would reach back over it
    E, gradients, _ = run(network, p, batch, state)
    E_1, first, between = run(network, p, Tokens(*(a[:4] for a in batch)), state)
    E_2, second, _ = run(network, p, Tokens(*(a[4:] for a in batch)), between)
    assert pytest.approx(E) == E_1 + E_2
    same({name: first[name] + second[name] for name in first}, gradients, rtol=1e-9, atol=1e-12)


@kinds(6)
def test_nats_are_what_the_loss_sums(network):
    rng = np.random.default_rng(13)
    p, batch, state = parameters(network, rng), tokens(6, 5, 3, rng), state_of(network, 3, rng)
    work = Workspace(np.float64)
    E, after = network.loss(p, batch, state, work)
    E_t, after_nats = network.nats(p, batch, state, work)
    assert E_t.shape == (5, 3)
    assert (E_t > 0).all()  # those of padding too
    assert pytest.approx((batch.weight * E_t).sum()) == E
    same(after_nats, after)


@kinds(6, ONE_HOT_UP_TO + 1)
def test_padding_changes_neither_loss_nor_gradients(network):
    rng = np.random.default_rng(2)
    p, batch, state = parameters(network, rng), tokens(network.m, 5, 3, rng), state_of(network, 3, rng)
    E, gradients, _ = run(network, p, batch, state)
    for _ in range(2):  # whatever the padding holds
        padding = tokens(network.m, 3, 3, rng)._replace(weight=np.zeros((3, 3)))
        padded = Tokens(*(np.concatenate(both) for both in zip(batch, padding, strict=True)))
        padded_E, padded_gradients, _ = run(network, p, padded, state)
        assert padded_E == pytest.approx(E)
        same(padded_gradients, gradients, atol=1e-12)


@kinds(6)
def test_a_line_start_makes_one_row_worth_two(network):
    rng = np.random.default_rng(3)
    p, one = parameters(network, rng), np.ones((7, 1))
    batch = Tokens(*rng.integers(6, size=(2, 7, 1)), one.copy(), one)
    batch.keep[0] = batch.keep[4] = 0
    state = network.zero_state(1, np.float64)
    E, gradients, _ = run(network, p, batch, state)
    parts = [run(network, p, Tokens(*(a[k] for a in batch)), state) for k in (slice(0, 4), slice(4, 7))]
    assert parts[0][0] + parts[1][0] == pytest.approx(E)
    total = {name: parts[0][1][name] + parts[1][1][name] for name in network.shapes}
    same(gradients, total, rtol=1e-9, atol=1e-12)


@kinds(9, ONE_HOT_UP_TO + 1)
def test_float32_stays_float32_and_gradients_lie_as_parameters_do(network):
    m, names = network.m, list(network.shapes)
    rng = np.random.default_rng(4)
    p = parameters(network, rng, np.float32)
    batch, state = tokens(m, 5, 3, rng, np.float32), state_of(network, 3, rng, np.float32)
    masks = network.draw_masks(rng, Drop(0.3), 5, 3)
    E, gradients, after = network.loss_and_gradients(p, batch, state, Workspace(np.float32), masks)
    assert isinstance(E, float)
    assert {array.dtype for array in after.values()} == {np.dtype(np.float32)}
    assert list(gradients) == list(p) == names
    assert [name for name in names if isinstance(gradients[name], np.ndarray) != network.is_dense(name)] == []
    gradients = network.dense(gradients)
    for name in names:
        assert p[name].shape == network.shapes[name]
        assert (gradients[name].dtype, gradients[name].strides) == (np.float32, p[name].strides), name
    logits, after = network.step(p, batch.x[0], state)
    assert {array.dtype for array in (logits, *after.values())} == {np.dtype(np.float32)}


def test_parameters_are_laid_out_U_by_columns_and_the_rest_by_rows_in_memory_of_their_own():
    network = Network(5, 4)
    p = {name: np.ones(shape) for name, shape in network.shapes.items()}
    laid = network.lay_out(p)
    assert laid["U"].flags.f_contiguous
    assert not laid["U"].flags.c_contiguous
    assert all(laid[name].flags.c_contiguous for name in ["W", "V"])
    for name, array in network.lay_out(laid).items():
        assert array.dtype == np.float32
        assert not np.shares_memory(array, laid[name])
        assert array.flags.writeable


@kinds(5, ONE_HOT_UP_TO + 1)
def test_what_the_workspace_held_before_does_not_show(network):
    m = network.m
    rng = np.random.default_rng(6)
    p, batch, state = parameters(network, rng), tokens(m, 5, 2, rng), state_of(network, 2, rng)
    fresh = run(network, p, batch, state)
    used = Workspace(np.float64)
    spoilt = {name: np.full_like(array, np.nan) for name, array in p.items()}
    with np.errstate(invalid="ignore"):
        run(network, spoilt, tokens(m, 9, 4, rng), state_of(network, 4, rng), used)
    again = run(network, p, batch, state, used)
    assert again[0] == fresh[0]
    same(again[1], fresh[1], rtol=1e-12)
    same(again[2], fresh[2], rtol=0)


@kinds(5, output="softmax")
def test_the_state_handed_on_is_no_part_of_the_workspace(network):
    rng = np.random.default_rng(8)
    work = Workspace(np.float64)
    p, state = parameters(network, rng), network.zero_state(2, np.float64)
    for hand_on in (network.loss, network.loss_and_gradients):
        after = hand_on(p, tokens(5, 3, 2, rng), state, work)[-1]
        held = {name: array.copy() for name, array in after.items()}
        hand_on(p, tokens(5, 3, 2, rng), state, work)
        same(after, held, rtol=0)
    _, after = network.step(p, np.array([1, 2]), state)
    held = {name: array.copy() for name, array in after.items()}
    network.step(p, np.array([3, 4]), after)
    same(after, held, rtol=0)


@kinds(6)
def test_steps_one_by_one_are_the_window(network):
    rng = np.random.default_rng(9)
    work = Workspace(np.float64)
    p, batch, state = parameters(network, rng), tokens(6, 7, 3, rng), state_of(network, 3, rng)
    E, after = network.loss(p, batch, state, work)
    total = 0.0
    for t in range(7):
        kept = {name: batch.keep[t][:, None] * array for name, array in state.items()}
        logits, state = network.step(p, batch.x[t], kept)
        o = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        total -= (batch.weight[t] * np.log(o[np.arange(3), batch.y[t]])).sum()
    assert total == pytest.approx(E)
    same(state, after, rtol=1e-7)


@kinds(6, ONE_HOT_UP_TO + 1)
@pytest.mark.parametrize("rate", [0, 0.3])
def test_the_arrays_passed_in_are_not_changed(network, rate):
    rng = np.random.default_rng(10)
    p, batch, state = parameters(network, rng), tokens(6, 5, 3, rng), state_of(network, 3, rng)
    masks = network.draw_masks(rng, Drop(rate), 5, 3)
    arrays = [*p.values(), *batch, *state.values(), *masks.values()]
    before = [array.copy() for array in arrays]
    run(network, p, batch, state, masks=masks)
    network.step(p, batch.x[0], state)
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_the_first_probabilities_are_the_unigram_model():
    counts = np.array([0, 70, 20, 9, 1])
    p = Network(5, 3).initialise(np.random.default_rng(0), counts)
    np.testing.assert_allclose(np.exp(p["b_y"]), (counts + 1) / 105, rtol=1e-6)


def test_the_first_loss_is_near_the_unigram_entropy():
    rng = np.random.default_rng(0)
    m, n = 200, 64
    frequencies = 1 / np.arange(1, m + 1)
    frequencies /= frequencies.sum()
    counts = np.round(1e6 * frequencies)
    entropy = -(frequencies * np.log(frequencies)).sum()
    batch = Tokens(*rng.choice(m, p=frequencies, size=(2, 40, 50)), *np.ones((2, 40, 50)))
    for cell in CELLS:
        network = Network(m, n, cell)
        p = network.lay_out(network.initialise(rng, counts), np.float64)
        state = network.zero_state(50, np.float64)
        p["V"].fill(0)
        unigram, _ = network.loss(p, batch, state, Workspace(np.float64))
        assert unigram / 2000 == pytest.approx(entropy, rel=0.05)
        first = Tokens(*(a[:1] for a in batch))
        fresh = network.lay_out(network.initialise(rng, counts), np.float64)
        at_first, _ = network.loss(fresh, first, state, Workspace(np.float64))
        only_b_y, _ = network.loss(p, first, state, Workspace(np.float64))
        assert abs(at_first - only_b_y) / 50 < 0.2 < np.log(m) - entropy


def test_initialisations_are_what_they_say():
    rng = np.random.default_rng(0)
    n = 40
    for m, spread_of_tanh in ((50, n**0.5 / 6), (256, n**0.5 / 6), (257, 0.5), (5000, 0.5)):
        tanh, relu = (Network(m, n, cell).initialise(rng, np.ones(m)) for cell in ("tanh", "relu"))
        np.testing.assert_allclose(tanh["W"] @ tanh["W"].T, np.eye(n), atol=1e-5)
        np.testing.assert_array_equal(relu["W"], np.eye(n))
        for p, spread in ((tanh, spread_of_tanh), (relu, 0.1)):
            assert p["U"].std() == pytest.approx(spread, rel=0.05)
            assert not p["b_a"].any()
            assert np.abs(p["V"]).max() == pytest.approx(np.sqrt(6 / (m + n)), rel=0.01)
            assert {array.dtype for array in p.values()} == {np.dtype(np.float32)}
            assert p["U"].flags.f_contiguous


def test_the_same_seed_initialises_the_same():
    network, counts = Network(6, 4), np.arange(6)
    p, q, r = (network.initialise(np.random.default_rng(seed), counts) for seed in (3, 3, 4))
    assert all(np.array_equal(p[name], q[name]) for name in NAMES)
    assert not np.array_equal(p["U"], r["U"])


def test_a_large_vocabulary_costs_little_more_memory_than_its_gradients():
    m, n, T, B = 200_000, 16, 24, 8
    rng = np.random.default_rng(0)
    network = Network(m, n)
    p = {name: np.zeros(shape, np.float32) for name, shape in network.shapes.items()}
    p["U"] = np.zeros((n, m), np.float32, order="F")
    batch, state = tokens(m, T, B, rng, np.float32), network.zero_state(B)
    tracemalloc.start()
    _, gradients, _ = network.loss_and_gradients(p, batch, state, Workspace(np.float32))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not network.is_dense("U")  # 13 MB that need not be there at all
    beyond = peak - sum(g.nbytes for g in gradients.values() if isinstance(g, np.ndarray))
    one_block = 64 * m * 4  # 51 MB: the fewest logits at a time; those of the whole window are 154 MB
    assert beyond < one_block + 6e6  # a second copy of a gradient would be 13 MB


@pytest.mark.parametrize("m", [9, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_right_under_dropout(cell, m):
    rng = np.random.default_rng(1)
    network = Network(m, 5, cell)
    batch, state = hard_batch(m, rng), carried_state(network, 4, rng)
    p = parameters(network, rng)  # at relu's identity W, a dropped input leaves states at the kink
    masks = network.draw_masks(rng, Drop(0.4), *batch.x.shape)
    checks = list(gradcheck(network, p, batch, state, rng, None if m == 9 else 200, masks))
    assert [check.name for check in checks if not check.ok] == []
    without = network.loss(p, batch, state, Workspace(np.float64))[0]
    assert network.loss(p, batch, state, Workspace(np.float64), masks)[0] != without


def test_dropout_is_on_what_enters_and_leaves_the_states_and_not_between_them():
    network = Network(3, 2, embedding=2)
    p = {name: np.ones(shape) for name, shape in network.shapes.items()} | {"b_a": np.zeros(2)}
    batch = tokens(3, 4, 1, np.random.default_rng(0))
    state, work = network.zero_state(1, np.float64), Workspace(np.float64)
    shut = {"x": np.zeros((4, 1, 2)), "s": np.ones((4, 1, 2))}  # nothing enters
    assert not network.loss(p, batch, state, work, shut)[1]["s"].any()
    shut = {"x": np.ones((4, 1, 2)), "s": np.zeros((4, 1, 2))}  # nothing leaves
    E, after = network.loss(p, batch, state, work, shut)
    assert pytest.approx(np.log(3) * batch.weight.sum()) == E
    np.testing.assert_array_equal(after["s"], network.loss(p, batch, state, work)[1]["s"])


@pytest.mark.parametrize("cell", CELLS)
def test_dropconnect_trains_on_what_it_leaves_of_each_W(cell):
    rng = np.random.default_rng(0)
    network = Network(9, 4, cell, layers=2)
    p, batch, state = parameters(network, rng), tokens(9, 7, 3, rng), state_of(network, 3, rng)
    masks = network.draw_masks(rng, Drop(weights=0.5), 7, 3)
    assert {name: mask.shape for name, mask in masks.items()} == {W: network.shapes[W] for W in ("W", "W2")}
    E, gradients, after = run(network, p, batch, state, masks=masks)
    left = {name: array * masks[name] if name in masks else array for name, array in p.items()}
    E_left, of_left, after_left = run(network, left, batch, state)
    assert E_left == E
    same(after, after_left, rtol=0)
    same(gradients, {name: g * masks.get(name, 1) for name, g in of_left.items()}, rtol=0)


def test_no_dropout_draws_nothing():
    assert Network(3, 2).draw_masks(None, NO_DROP, 4, 1) == {}


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (Network(9, 4), {"s": 4}),  # what is looked up is no embedding
        (Network(9, 4, "lstm", layers=2), {"s": 4, "s2": 4}),
        (Network(9, 4, "gru", layers=3, embedding=5), {"x": 5, "s": 4, "s2": 4, "s3": 4}),
        (Network(9, 4, "lstm", layers=2, embedding=4, tie=True), {"x": 4, "s": 4, "s2": 4}),
    ],
)
def test_a_mask_is_as_wide_as_what_it_multiplies(network, expected):
    masks = network.draw_masks(np.random.default_rng(0), Drop(0.5), 7, 3)
    assert {name: mask.shape for name, mask in masks.items()} == {
        name: (7, 3, width) for name, width in expected.items()
    }
    assert all(np.ptp(mask, axis=0).any() for mask in masks.values())  # another at each step


@pytest.mark.parametrize("cell", CELLS)
def test_a_mask_of_a_window_is_the_same_at_all_its_steps(cell):
    rng = np.random.default_rng(0)
    network = Network(9, 4, cell, layers=2, embedding=3)
    p, batch, state = parameters(network, rng), tokens(9, 7, 3, rng), state_of(network, 3, rng)
    masks = network.draw_masks(rng, Drop(0.5, of_window=True), 7, 3)
    assert {name: mask.shape for name, mask in masks.items()} == {
        "x": (1, 3, 3),
        "s": (1, 3, 4),
        "s2": (1, 3, 4),
    }
    assert all(np.ptp(mask, axis=1).any() for mask in masks.values())  # another for each row
    E, gradients, after = run(network, p, batch, state, masks=masks)
    spelt_out = {name: np.repeat(mask, 7, axis=0) for name, mask in masks.items()}
    E_spelt_out, expected, after_spelt_out = run(network, p, batch, state, masks=spelt_out)
    assert E_spelt_out == E
    same(after, after_spelt_out, rtol=0)
    same(gradients, expected, rtol=0)


# What lies beneath the loss: the states, and the arrays that others bring or carry.


def differences(E, array):
    """dE/d(array) by central differences."""
    slope = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        value, found = array[place], []
        for h in (1e-5, -1e-5):
            array[place] = value + h
            found.append(E())
        array[place] = value
        slope[place] = (found[0] - found[1]) / 2e-5
    return slope


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("embedding", "tie"), [(0, False), (2, False), (3, True)])
def test_derivatives_go_through_the_states_from_the_state_after_to_the_one_before(
    cell, layers, embedding, tie
):
    rng = np.random.default_rng(0)
    network = Network(5, 3, cell, layers=layers, embedding=embedding, tie=tie)
    batch, state, p = hard_batch(5, rng), carried_state(network, 4, rng), parameters(network, rng)
    assert 0 in batch.keep[0]
    assert 0 in batch.keep[1:]
    masks = network.draw_masks(rng, Drop(0.3), 6, 4)
    dh = rng.normal(size=(6, 4, 3))
    d_after = {name: rng.normal(size=s.shape) for name, s in state.items()}
    steps = Steps(batch.x, batch.keep)

    def E():
        h, after, _ = network.through(p, steps, state, Workspace(np.float64), masks)
        return (dh * h).sum() + sum((d_after[name] * after[name]).sum() for name in after)

    _, _, backward = network.through(p, steps, state, Workspace(np.float64), masks)
    gradients, d_before, _ = backward(dh.copy(), d_after)
    of_output = {"b_y"} if tie else {"V", "b_y"}
    assert set(gradients) == set(network.shapes) - of_output
    for name, array in gradients.items():
        np.testing.assert_allclose(array, differences(E, p[name]), rtol=1e-6, atol=1e-8, err_msg=name)
    assert list(d_before) == list(state)
    for name, array in d_before.items():
        np.testing.assert_allclose(array, differences(E, state[name]), rtol=1e-6, atol=1e-8, err_msg=name)
        assert not array[2].any()  # its row starts a line at once
        assert array[[0, 1, 3]].any()


def test_the_derivative_of_the_first_state_is_the_tutorials():
    rng = np.random.default_rng(1)
    network = Network(6, 4)
    p, state = parameters(network, rng), state_of(network, 1, rng)
    batch = padded(6, 5, 1, rng)._replace(keep=np.ones((5, 1)), weight=np.ones((5, 1)))
    work = Workspace(np.float64)
    h, _, backward = network.through(p, Steps(batch.x, batch.keep), state, work)
    _, dh, _ = OUTPUTS["softmax"].nats_and_gradients(p, h[:, 0], batch.y[:, 0], batch.weight[:, 0], work)
    _, d_before, _ = backward(dh[:, None])
    _, expected, _ = tutorial.loss_and_gradients(p, batch.x[:, 0], batch.y[:, 0], state["s"][0])
    np.testing.assert_allclose(d_before["s"][0], expected["s_0"], rtol=1e-10)


@kinds(5, ONE_HOT_UP_TO + 1)
def test_every_dense_gradient_is_written_where_the_workspace_says(network):
    rng = np.random.default_rng(2)
    p, batch, state = parameters(network, rng), tokens(network.m, 6, 3, rng), state_of(network, 3, rng)
    _, expected, _ = run(network, p, batch, state)
    given = network.views({name: np.full(size, np.nan) for name, size in network.sizes.items()})
    for _ in range(2):  # the second finds the first's values there
        work = Workspace(np.float64, gradients=given)
        _, gradients, _ = network.loss_and_gradients(p, batch, state, work)
        for name, array in gradients.items():
            if network.is_dense(name):
                assert np.shares_memory(array, given[name]), name
            else:
                assert isinstance(array, Columns)
                assert np.isnan(given[name]).all()
        same(network.dense(gradients), expected, rtol=0)


@kinds(5, ONE_HOT_UP_TO + 1)
def test_rooms_are_those_of_the_batch_its_state_and_columns(network):
    T, B = 6, 3
    rng = np.random.default_rng(3)
    p, state = parameters(network, rng), state_of(network, B, rng)
    x, y = rng.permutation(network.m)[: T * B].repeat(4)[: T * B].reshape(T, B), np.zeros((T, B), np.intp)
    batch = Sequences(x, y, np.ones((T, B)), np.ones((T, B)))
    arrays = {**batch._asdict(), **state}
    gradients = network.loss_and_gradients(p, batch, state, Workspace(np.float64))[1]
    columns = [gradient for gradient in gradients.values() if isinstance(gradient, Columns)]
    rooms = network.rooms(T, B)
    assert {name: ids for name, (_, ids) in rooms.items()} == {
        name: array.dtype == np.intp
        for name, array in (arrays | (columns[0].named(network.table) if columns else {})).items()
    }
    assert {name: rooms[name][0] for name in arrays} == {name: array.size for name, array in arrays.items()}
    for found in columns:
        width = found.values.shape[1]
        of_table = [rooms[f"{part} {network.table}"][0] for part in ("tokens", "values")]
        assert of_table == [T * B, T * B * width]  # if all were different
    assert network.rooms(1000, 1000).get(f"tokens {network.table}", (network.m, True)) == (network.m, True)


def test_rows_are_views_of_a_batch():
    batch = tokens(5, 4, 6, np.random.default_rng(4))
    rows = Network(5, 3).rows(batch, slice(2, 5))
    assert isinstance(rows, Sequences)
    for array, whole in zip(rows, batch, strict=True):
        np.testing.assert_array_equal(array, whole[:, 2:5])
        assert np.shares_memory(array, whole)


@kinds(7, ONE_HOT_UP_TO + 1)
def test_states_and_probabilities_of_a_sequence_are_those_of_its_loss(network):
    rng = np.random.default_rng(5)
    p, before, T = parameters(network, rng), state_of(network, 1, rng), 6
    x, y = rng.integers(network.m, size=(2, T, 1))
    ones = np.ones((T, 1))
    E, after = network.nats(p, Sequences(x, y, ones, ones), before, Workspace(np.float64))
    states = network.states(p, x[:, 0], before)
    assert list(states) == list(before)
    for name, s in states.items():
        assert s.shape == (T, network.n)
        np.testing.assert_allclose(s[-1:], after[name], rtol=1e-10)
    np.testing.assert_array_equal(network.seen(states), states[f"s{network.suffixes[-1]}"])
    log_o = network.log_o(p, states)
    np.testing.assert_allclose(np.exp(log_o).sum(axis=1), 1)
    np.testing.assert_allclose(-log_o[np.arange(T), y[:, 0]], E[:, 0], rtol=1e-10)
    zero = network.zero_state(1, np.float64)
    for name, s in network.states(p, x[:, 0], zero).items():
        np.testing.assert_array_equal(s, network.states(p, x[:, 0])[name])
    assert all(s.shape == (0, network.n) for s in network.states(p, x[:0, 0]).values())
