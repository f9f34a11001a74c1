from dataclasses import replace

import numpy as np
import pytest

from rnn_cli.network import cells, outputs
from rnn_cli.network.cells import CELLS
from rnn_cli.network.fast.products import for_steps
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import RELU, TANH, Activation, Drop
from rnn_cli.network.gradcheck import (
    Check,
    _entries,
    carried_state,
    combinations,
    gradcheck,
    hard_batch,
    noisy_parameters,
    second_opinion,
    sequences,
)
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network, Sequences
from rnn_cli.network.outputs import OUTPUTS


def check(cell="tanh", m=7, n=5, entries=None, seed=0):
    """The names of the parameters whose gradient fails."""
    rng = np.random.default_rng(seed)
    network = Network(m, n, cell)
    p = network.initialise(rng, np.ones(m))
    batch = hard_batch(m, rng)
    rows = list(gradcheck(network, p, batch, carried_state(network, 4, rng), rng, entries))
    assert [row.name for row in rows] == list(network.shapes)
    assert [row.shape for row in rows] == list(network.shapes.values())
    return {row.name for row in rows if not row.ok}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("m", [1, 7, ONE_HOT_UP_TO + 1])
def test_every_cell_passes(cell, m):
    entries = 60 if m > 7 else None
    assert check(cell, m, entries=entries) == set()


def wrong(network, seed=0, entries=3, rate=0.3, of_window=False):
    """The names of the parameters whose gradient fails, at noisy parameters, under dropout and
    DropConnect."""
    rng = np.random.default_rng(seed)
    batch = hard_batch(network.m, rng)
    masks = network.draw_masks(rng, Drop(rate, of_window, weights=rate), *batch.x.shape)
    p, state = noisy_parameters(network, rng), carried_state(network, batch.x.shape[1], rng)
    rows = gradcheck(network, p, batch, state, rng, entries, masks)
    return {row.name for row in rows if not row.ok}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("m", "chosen"), [(7, {"embedding": 3}), (ONE_HOT_UP_TO + 1, {})])
def test_every_combination_passes_under_dropout(cell, m, chosen):
    networks = [*combinations(m, 4, cell=cell, **chosen)]
    failed = {network: wrong(network, seed, of_window=seed % 2 == 1) for seed, network in enumerate(networks)}
    assert {network: names for network, names in failed.items() if names} == {}


def test_the_combinations_are_all_that_go_together():
    embeddings = {(0, False), (5, False), (5, True)}
    kinds = [(one.cell, one.layers, (one.embedding, one.tie), one.output) for one in combinations(7, 5)]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == {
        (cell, layers, embedding, output)
        for cell in CELLS
        for layers in (1, 2)
        for embedding in embeddings
        for output in OUTPUTS
        if (embedding, output) != ((5, True), "adaptive")  # a rare word's row of V is narrower
    }
    assert {(one.m, one.n) for one in combinations(257, 4)} == {(257, 4)}


def test_what_is_chosen_stays_so():
    for name, value in [
        ("cell", "gru"),
        ("layers", 3),
        ("embedding", 8),
        ("tie", True),
        ("output", "adaptive"),
    ]:
        assert {getattr(one, name) for one in combinations(7, 5, **{name: value})} == {value}
    few = [*combinations(7, 5, cell="lstm", layers=1, embedding=5, tie=True)]
    assert few == [
        Network(7, 5, "lstm", embedding=5, tie=True),
        Network(7, 5, "lstm", "classes", embedding=5, tie=True, cutoffs=(2, 4)),
    ]
    assert [*combinations(7, 5, tie=True, output="adaptive")] == []


def test_noise_is_in_every_parameter():
    network = Network(7, 5, "relu", layers=2)
    p = noisy_parameters(network, np.random.default_rng(0))
    assert {name: array.shape for name, array in p.items()} == network.shapes
    assert all(array.all() for array in p.values())
    assert not np.isin(p["W"], [0, 1]).any()


def test_a_small_entry_is_not_lost_in_the_rounding_of_a_large_loss():
    # The loss is of 22 tokens of 257, about 122 nats: its rounding over 2h is what is wrong with a
    # difference, and with h of 1e-4 was 1.2e-5 of an entry here.
    rng = np.random.default_rng(2)
    network = Network(257, 5, "lstm", layers=2, embedding=5, tie=True)
    p = network.initialise(rng, np.ones(257))
    rows = gradcheck(network, p, hard_batch(257, rng), carried_state(network, 4, rng), rng, 40)
    assert {row.name: row.error for row in rows if row.error > 5e-6} == {}


def test_a_gradient_that_is_next_to_nothing_is_not_lost_in_it_either():
    # The states are 1e-9, and so are the gradients of V and W; E is 22 ln 7, and rounded to about 1e-14.
    network, rng = Network(7, 3), np.random.default_rng(0)
    p = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    p |= {"b_a": np.full(3, 1e-9), "V": rng.normal(size=(7, 3))}
    rows = [*gradcheck(network, p, hard_batch(7, rng), network.zero_state(4, np.float64), rng)]
    assert [row.name for row in rows if not row.ok] == []


def test_a_kink_of_relu_next_to_a_parameter_is_not_crossed():
    # With token 0 what enters is 4e-6: the first three h are too long.
    network, rng = Network(5, 1, "relu"), np.random.default_rng(0)
    p = {"U": np.array([[4e-6, 1, 2, 3, 4]]), "W": np.zeros((1, 1)), "b_a": np.zeros(1)}
    p |= {"V": rng.normal(size=(5, 1)), "b_y": np.zeros(5)}
    batch = hard_batch(5, rng)
    assert 0 in batch.x
    rows = [*gradcheck(network, p, batch, network.zero_state(4, np.float64), rng)]
    assert [row.name for row in rows if not row.ok] == []


def test_dropout_forgotten_in_one_of_the_two_ways_fails():
    rng = np.random.default_rng(0)
    network, work = Network(7, 4, layers=2), Workspace(np.float64)
    batch, state, p = hard_batch(7, rng), carried_state(network, 4, rng), noisy_parameters(network, rng)
    masks = network.draw_masks(rng, Drop(0.5), *batch.x.shape)

    def without(*arguments):
        return network.loss_and_gradients(*arguments, work)[1]

    def with_masks(*arguments):
        return network.loss_and_gradients(*arguments, work, masks)[1]

    for by_hand, ok in [(without, False), (with_masks, True)]:
        rows = gradcheck(network, p, batch, state, rng, 8, masks, by_hand)
        assert {row.ok for row in rows} == {ok}


def replace_output(monkeypatch, name, spoil):
    """The output layer with a gradient that went through `spoil`."""
    right = OUTPUTS["softmax"]

    def nats_and_gradients(p, s, y, weight, work):
        E, ds, gradients = right.nats_and_gradients(p, s, y, weight, work)
        return E, ds, gradients | {name: spoil(gradients[name])}

    monkeypatch.setitem(outputs.OUTPUTS, "softmax", right._replace(nats_and_gradients=nats_and_gradients))


def replace_tanh(monkeypatch, derivative):
    """The cell with another derivative of tanh."""
    cell = replace(CELLS["tanh"], g1=Activation(TANH.function, derivative))
    monkeypatch.setitem(cells.CELLS, "tanh", cell)


@pytest.mark.parametrize(
    "derivative",
    [
        lambda s, out: np.subtract(1, s, out=out),  # the square forgotten
        lambda s, out: np.multiply(TANH.derivative(s, out), 1.001, out=out),  # off by a thousandth
        RELU.derivative,
    ],
)
def test_a_wrong_derivative_of_tanh_fails_all_that_lies_behind_it(monkeypatch, derivative):
    replace_tanh(monkeypatch, derivative)
    assert check() == {"U", "W", "b_a"}


class Changed:
    """A cell with another `forward`."""

    def __init__(self, cell, forward):
        self._cell, self.forward = cell, forward

    def __getattr__(self, name):
        return getattr(self._cell, name)


@pytest.mark.parametrize("cell", CELLS)
def test_a_keep_forgotten_in_the_backward_pass_fails(monkeypatch, cell):
    right = CELLS[cell].forward

    def forward(p, a, before, keep, work):
        keep = keep.copy()
        s, after, backward = right(p, a, before, keep, work)

        def forgetful(ds, d_after=None):
            keep.fill(1)
            return backward(ds, d_after)

        return s, after, forgetful

    monkeypatch.setitem(cells.CELLS, cell, Changed(CELLS[cell], forward))
    assert "W" in check(cell)


def test_a_weight_forgotten_in_the_gradient_fails(monkeypatch):
    right = OUTPUTS["softmax"]

    def nats_and_gradients(p, s, y, weight, work):
        return right.nats_and_gradients(p, s, y, np.ones_like(weight), work)

    monkeypatch.setitem(outputs.OUTPUTS, "softmax", right._replace(nats_and_gradients=nats_and_gradients))
    assert check() == {"U", "W", "b_a", "V", "b_y"}


def test_a_gradient_of_nothing_fails(monkeypatch):
    replace_output(monkeypatch, "V", np.zeros_like)
    assert check() == {"V"}


def test_a_nan_fails(monkeypatch):
    replace_output(monkeypatch, "V", lambda dV: np.full_like(dV, np.nan))
    assert check() == {"V"}


def test_a_single_nan_fails(monkeypatch):
    def spoil(dV):
        dV[2, 3] = np.nan
        return dV

    replace_output(monkeypatch, "V", spoil)
    assert check() == {"V"}


def test_an_infinite_gradient_fails(monkeypatch):
    replace_output(monkeypatch, "b_y", lambda db_y: np.full_like(db_y, np.inf))
    with np.errstate(invalid="ignore"):
        assert check() == {"b_y"}


def test_a_nan_is_not_ok():
    assert Check("W", (1,), 1, 0.0).ok
    assert not Check("W", (1,), 1, 1.1e-5).ok
    assert not Check("W", (1,), 1, float("nan")).ok


def test_a_sample_of_entries_looks_where_the_gradient_is(monkeypatch):
    # Of a large U hardly a column is of a token in the batch: a blind sample would see only zeros.
    replace_tanh(monkeypatch, lambda s, out: np.subtract(1, s, out=out))
    assert check(m=3000, entries=10) >= {"U"}


def test_so_many_entries_are_checked_and_each_once():
    rng = np.random.default_rng(0)
    network = Network(9, 4)
    p = network.initialise(rng, np.ones(9))
    rows = gradcheck(network, p, hard_batch(9, rng), network.zero_state(4, np.float64), rng, entries=10)
    assert {row.name: row.checked for row in rows} == {"U": 10, "W": 10, "b_a": 4, "V": 10, "b_y": 9}


def test_the_parameters_stay_as_they_were():
    rng = np.random.default_rng(0)
    network = Network(5, 3)
    p = network.initialise(rng, np.ones(5))
    before = {name: array.copy() for name, array in p.items()}
    list(gradcheck(network, p, hard_batch(5, rng), network.zero_state(4, np.float64), rng))
    for name, array in p.items():
        np.testing.assert_array_equal(array, before[name])


def test_the_batch_has_what_is_hard_in_real_ones():
    batch = hard_batch(50, np.random.default_rng(0))
    assert len(set(batch.x[1])) == 1  # one token in all rows of a step
    assert len(np.unique(batch.x)) < 50  # and tokens that do not occur
    assert 0 in batch.keep[0]  # a carried state dropped
    assert 0 in batch.keep[1:]  # a line that ends within the window
    assert 0 in batch.weight  # padding
    state = carried_state(Network(50, 3), 4, np.random.default_rng(0))
    assert state["s"].all()


def test_a_sample_of_entries_reaches_all_of_an_array():
    gradient = np.zeros(1000)
    gradient[:10] = 1
    chosen = [_entries(gradient, 20, np.random.default_rng(seed)) for seed in range(50)]
    others = np.concatenate([entries[entries >= 10] for entries in chosen])
    assert np.mean(others > 500) == pytest.approx(0.5, abs=0.1)
    assert all(len(set(entries)) == 20 for entries in chosen)


# The second opinion.


def batch_of_one_row(keep, weight):
    T = len(keep)
    x = np.arange(T)[:, None]
    return Sequences(x, 10 + x, np.array(keep, float)[:, None], np.array(weight, float)[:, None])


@pytest.mark.parametrize(
    ("keep", "weight", "expected"),
    [
        ([1, 1, 1], [1, 1, 1], [([0, 1, 2], 0.5)]),
        ([0, 1, 1], [1, 1, 1], [([0, 1, 2], 0)]),  # a line starts with the window
        ([1, 1, 0], [1, 1, 1], [([0, 1], 0.5), ([2], 0)]),
        ([1, 0, 0], [1, 1, 1], [([0], 0.5), ([1], 0), ([2], 0)]),
        ([1, 1, 1], [1, 0, 0], [([0], 0.5)]),  # padding at the end
        ([1, 1, 0], [1, 0, 1], [([0], 0.5), ([2], 0)]),
        ([1, 1, 0], [1, 1, 0], [([0, 1], 0.5)]),
        ([1, 1, 1], [0, 0, 0], []),
    ],
)
def test_a_row_is_cut_into_sequences_where_lines_start(keep, weight, expected):
    found = [*sequences(batch_of_one_row(keep, weight), {"s": np.array([[0.5]])})]
    assert [(one.x.tolist(), one.state["s"].item()) for one in found] == expected
    assert [(one.y - 10).tolist() for one in found] == [x for x, _ in expected]


@pytest.mark.parametrize("weight", [[0, 1, 1], [1, 0, 1], [0, 0, 1]])
def test_a_sequence_with_a_hole_is_refused(weight):
    with pytest.raises(ValueError, match="row 0 has a step without a target"):
        [*sequences(batch_of_one_row([1, 1, 1], weight), {"s": np.zeros((1, 1))})]


@pytest.mark.parametrize("cell", ["tanh", "relu"])
@pytest.mark.parametrize("m", [7, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize("runs_on", [False, True])
def test_the_second_opinion_is_the_gradient(cell, m, runs_on):
    rng = np.random.default_rng(0)
    network = Network(m, 5, cell)
    p, state = noisy_parameters(network, rng), carried_state(network, 4, rng)
    batch = hard_batch(m, rng, runs_on=runs_on)
    opinion = second_opinion(network, p, batch, state)
    assert list(opinion) == list(network.shapes)
    p, work = network.lay_out(p, np.float64), Workspace(np.float64)
    for name, array in network.dense(network.loss_and_gradients(p, batch, state, work)[1]).items():
        np.testing.assert_allclose(opinion[name], array, rtol=1e-10, atol=1e-12)


def test_the_tutorial_has_no_opinion_of_other_networks():
    rng = np.random.default_rng(0)
    expressed = set()
    for network in combinations(7, 4):
        p, state = noisy_parameters(network, rng), carried_state(network, 4, rng)
        if second_opinion(network, p, hard_batch(7, rng), state) is not None:
            expressed.add(network)
    assert expressed == {Network(7, 4, "tanh"), Network(7, 4, "relu")}


# To add a cell is to write one object and one row.


class Leaky:
    """A cell without a W: s_t = u_t s_{t-1} + (1 - u_t) g_t, with u_t = σ(a_u) and g_t = a_g, both of what
    enters alone (a minimal gru, Feng et al. 2024)."""

    state = ("s",)

    def shapes(self, d, n):
        return {"U": (2 * n, d), "b_a": (2 * n,)}

    def initial(self, name, rng, shape):
        return rng.normal(0, 0.5, shape)

    def spread_of_U(self, m, n):
        return 0.5

    def cost(self, d, n):
        return 2 * n * d

    def stepper(self, products):
        assert not products
        return self._step

    def _step(self, a_t, before):
        a_u, g = np.split(a_t, 2, axis=-1)
        u = 1 / (1 + np.exp(-a_u))
        return {"s": u * before["s"] + (1 - u) * g}

    def forward(self, p, a, before, keep, work):
        s, q = [before["s"]], []
        for a_t, keep_t in zip(a, keep, strict=True):
            q.append(keep_t[:, None] * s[-1])
            s.append(self._step(a_t, {"s": q[-1]})["s"])

        def backward(ds, d_after=None):
            da, d = np.empty_like(a), 0 if d_after is None else d_after["s"]
            for t in reversed(range(len(a))):
                a_u, g = np.split(a[t], 2, axis=-1)
                u, d = 1 / (1 + np.exp(-a_u)), ds[t] + d
                da[t] = np.concatenate([d * (q[t] - g) * u * (1 - u), d * (1 - u)], axis=-1)
                d = keep[t][:, None] * u * d
            return da, {}, {"s": d}

        return np.array(s[1:]), {"s": s[-1].copy()}, backward


def softsign(z, out):
    return np.divide(z, 1 + np.abs(z), out=out)


def softsign_derivative(s, out):
    return np.power(1 - np.abs(s), 2, out=out)


NEW = {"leaky": Leaky(), "softsign": replace(CELLS["tanh"], g1=Activation(softsign, softsign_derivative))}


@pytest.mark.parametrize("name", NEW)
def test_a_new_cell_is_one_object_and_one_row(monkeypatch, name):
    monkeypatch.setitem(cells.CELLS, name, NEW[name])
    m, networks = 7, [*combinations(7, 4, cell=name)]
    assert len(networks) == 16
    rng = np.random.default_rng(0)
    for network in networks:
        assert wrong(network) == set()
        assert ("W" in network.shapes) == (name == "softsign")
        assert network.flops(np.ones(m)) > 0
        p = network.initialise(rng, np.ones(m))
        batch, state, work = hard_batch(m, rng, runs_on=True), network.zero_state(4), Workspace(np.float32)
        _, after = network.loss(p, batch, state, work)
        step = network.stepper(p, for_steps(4))
        for x_t in batch.x:
            _, state = step(x_t, state)
        for of_state, array in after.items():
            np.testing.assert_allclose(state[of_state], array, atol=1e-5)
