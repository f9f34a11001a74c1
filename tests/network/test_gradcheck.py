import numpy as np
import pytest

from rnn_cli.network import cells, outputs
from rnn_cli.network.cells import CELLS, Cell, simple_recurrent
from rnn_cli.network.functions import RELU, TANH, Activation
from rnn_cli.network.gradcheck import Check, _entries, carried_state, gradcheck, hard_batch
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.model import Network
from rnn_cli.network.outputs import OUTPUTS, Output


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


def replace_output(monkeypatch, spoil):
    """The output layer with gradients that went through `spoil`."""
    right = OUTPUTS["softmax"]

    def loss_and_gradients(V, b_y, s, y, weight, work):
        E, gradients = right.loss_and_gradients(V, b_y, s, y, weight, work)
        return E, spoil(gradients)

    monkeypatch.setitem(outputs.OUTPUTS, "softmax", Output(right.loss, loss_and_gradients))


@pytest.mark.parametrize(
    "derivative",
    [
        lambda s, out: np.subtract(1, s, out=out),  # the square forgotten
        lambda s, out: np.multiply(TANH.derivative(s, out), 1.001, out=out),  # off by a thousandth
        RELU.derivative,
    ],
)
def test_a_wrong_derivative_of_tanh_fails_all_that_lies_behind_it(monkeypatch, derivative):
    wrong = simple_recurrent(Activation(TANH.function, derivative))
    monkeypatch.setitem(cells.CELLS, "tanh", Cell(CELLS["tanh"].initial_W, *wrong))
    assert check() == {"U", "W", "b_a"}


@pytest.mark.parametrize("cell", ["tanh", "relu"])
def test_a_keep_forgotten_on_the_way_back_fails(monkeypatch, cell):
    right = CELLS[cell].forward

    def forward(W, a, s_0, keep, work):
        keep = keep.copy()
        s, backward = right(W, a, s_0, keep, work)

        def forgetful(ds):
            keep.fill(1)
            return backward(ds)

        return s, forgetful

    monkeypatch.setitem(cells.CELLS, cell, CELLS[cell]._replace(forward=forward))
    assert "W" in check(cell)


def test_a_weight_forgotten_in_the_gradient_fails(monkeypatch):
    right = OUTPUTS["softmax"]

    def loss_and_gradients(V, b_y, s, y, weight, work):
        E = right.loss(V, b_y, s, y, weight, work)
        return E, right.loss_and_gradients(V, b_y, s, y, np.ones_like(weight), work)[1]

    monkeypatch.setitem(outputs.OUTPUTS, "softmax", Output(right.loss, loss_and_gradients))
    assert check() == {"U", "W", "b_a", "V", "b_y"}


def test_a_gradient_of_nothing_fails(monkeypatch):
    replace_output(monkeypatch, lambda g: g._replace(dV=np.zeros_like(g.dV)))
    assert check() == {"V"}


def test_a_nan_fails(monkeypatch):
    replace_output(monkeypatch, lambda g: g._replace(dV=np.full_like(g.dV, np.nan)))
    assert check() == {"V"}


def test_a_single_nan_fails(monkeypatch):
    def spoil(gradients):
        gradients.dV[2, 3] = np.nan
        return gradients

    replace_output(monkeypatch, spoil)
    assert check() == {"V"}


def test_an_infinite_gradient_fails(monkeypatch):
    replace_output(monkeypatch, lambda g: g._replace(db_y=np.full_like(g.db_y, np.inf)))
    with np.errstate(invalid="ignore"):
        assert check() == {"b_y"}


def test_a_nan_is_not_ok():
    assert Check("W", (1,), 1, 0.0).ok
    assert not Check("W", (1,), 1, 1.1e-5).ok
    assert not Check("W", (1,), 1, float("nan")).ok


def test_a_sample_of_entries_looks_where_the_gradient_is(monkeypatch):
    # Of a large U hardly a column is of a token in the batch: a blind sample would see only zeros.
    wrong = simple_recurrent(Activation(TANH.function, lambda s, out: np.subtract(1, s, out=out)))
    monkeypatch.setitem(cells.CELLS, "tanh", Cell(CELLS["tanh"].initial_W, *wrong))
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
