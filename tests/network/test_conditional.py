"""Text from a label against one text at a time (plain_networks.py), and its steps against its windows."""

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Columns
from rnn_cli.network.conditional import Conditional, Guided, Labelled
from rnn_cli.network.fast.products import for_steps
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop

LENGTHS = (4, 1, 3, 4)
T, B = 4, 4


def made(cell="gru", layers=1, embedding=3, m=7, tie=False):
    language = Guided(m, 4, cell, layers=layers, embedding=4 if tie else embedding, tie=tie, beside=2)
    return Conditional(language, 3)


def problem(network):
    rng = np.random.default_rng(0)
    weight = (np.arange(T)[:, None] < LENGTHS).astype(float)
    x, y = rng.integers(network.m, size=(2, T, B))
    batch = Labelled(x, y, weight, np.array([2, 0, 2, 1]))
    return plain.noisy(network, network.initialise(rng, np.ones(network.m)), rng), batch, rng


def outputs(p, network, batch, masks=None):
    """o_1 … o_L of each text, one at a time."""
    for b, L in enumerate(LENGTHS):
        yield plain.told(p, network, batch.label[b], batch.x[:L, b], plain.row_of(masks or {}, b, L))


KINDS = pytest.mark.parametrize(
    "network",
    [made(cell) for cell in CELLS] + [made("lstm", 2), made(embedding=0, m=300), made(m=300), made(tie=True)],
    ids=lambda one: one.language.describe().replace(" ", "-"),
)


@KINDS
def test_loss_and_derivatives_are_those_of_each_text_alone(network):
    p, batch, rng = problem(network)
    masks = network.draw_masks(rng, Drop(0.3), T, B)

    def E(p):
        return sum(
            -np.log(o_t[batch.y[t, b]])
            for b, o in enumerate(outputs(p, network, batch, masks))
            for t, o_t in enumerate(o)
        )

    found, gradients, state = network.loss_and_gradients(p, batch, {}, Workspace(np.float64), masks)
    assert state == network.zero_state(B) == {}
    assert found == pytest.approx(E(p), rel=1e-12)
    assert network.loss(p, batch, {}, Workspace(np.float64), masks)[0] == pytest.approx(found, rel=1e-12)
    plain.same_derivatives(network, E, p, gradients, rng)


@KINDS
def test_steps_find_the_probabilities_of_the_window(network):
    p, batch, _ = problem(network)
    label = network.begin(p, batch.label)
    state, expected = label.first, list(outputs(p, network, batch))
    for t in range(T):
        logits, state = network.stepper(p, label, for_steps(B))(batch.x[t], state)
        for b, L in enumerate(LENGTHS):
            if t < L:
                np.testing.assert_allclose(plain.softmax(logits[b]), expected[b][t], rtol=1e-9)


@pytest.mark.parametrize("m", [7, 300])
def test_the_rows_of_a_batch_add_up_to_the_batch_and_rooms_hold_them(m):
    network = made(m=m)
    p, batch, _ = problem(network)
    whole, gradients, _ = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))
    cuts = [network.rows(batch, slice(*ends)) for ends in ((0, 1), (1, 4))]
    sums = [network.loss_and_gradients(p, cut, {}, Workspace(np.float64)) for cut in cuts]
    assert sum(E for E, _, _ in sums) == pytest.approx(whole, rel=1e-12)
    one, two = (network.dense(gradients) for _, gradients, _ in sums)
    for name, g in network.dense(gradients).items():
        np.testing.assert_allclose(one[name] + two[name], g, rtol=1e-9, atol=1e-12)
    arrays = batch._asdict()
    for name, gradient in gradients.items():
        if isinstance(gradient, Columns):
            arrays |= gradient.named(name)
    rooms = network.rooms(T, B)
    assert rooms.keys() == arrays.keys()
    for name, array in arrays.items():
        assert array.size <= rooms[name][0]
        assert rooms[name][1] == (array.dtype == np.intp)


@pytest.mark.parametrize("wrong", [{"labels": 0}, {"language": Guided(5, 3)}])
def test_choices_that_make_no_network_are_refused(wrong):
    with pytest.raises(ValueError, match="label"):
        Conditional(**({"language": Guided(5, 3, beside=2), "labels": 2} | wrong))
