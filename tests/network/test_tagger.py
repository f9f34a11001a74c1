"""The tagger against one sequence at a time (plain_networks.py)."""

import itertools

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Columns
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop
from rnn_cli.network.tagger import Tagged, Tagger

LENGTHS = (4, 1, 3, 4, 2)
T, B = 4, 5


def made(cell="gru", bidirectional=True, buckets=9, embedding=2):
    encoder = Encoder(300, 3, cell, 1, embedding, bidirectional, beside=2 if buckets else 0)
    return Tagger(encoder, 4, buckets, most_affixes=3 if buckets else 0)


def problem(network, seed=0):
    rng = np.random.default_rng(seed)
    real = (np.arange(T)[:, None] < LENGTHS).astype(float)
    weight = real.copy()
    weight[1, 0] = 0  # a step without a tag
    sizes = (rng.integers(4, size=(B, T)) * real.T).astype(np.intp).ravel()
    starts = np.concatenate([[0], np.cumsum(sizes)]) if network.buckets else np.zeros(1, np.intp)
    affixes = rng.integers(9, size=starts[-1])
    batch = Tagged(
        rng.integers(300, size=(T, B)), real, rng.integers(4, size=(T, B)), weight, affixes, starts
    )
    return plain.noisy(network, network.initialise(rng, np.ones(4)), rng), batch, rng


def outputs(p, network, batch, masks=None):
    """o_1 … o_L of each row, one at a time."""
    for b, L in enumerate(LENGTHS):
        ends = batch.starts[b * T : b * T + L + 1]
        affixes = [batch.affixes[i:j] for i, j in itertools.pairwise(ends)] if network.buckets else None
        yield plain.tagged(p, network, batch.x[:L, b], affixes, plain.row_of(masks or {}, b, L))


KINDS = pytest.mark.parametrize(
    "network",
    [made(cell, ways) for cell, ways in itertools.product(CELLS, (False, True))]
    + [made(buckets=0), made(embedding=0)],
    ids=lambda one: f"{one.encoder.cell}-{one.encoder.bidirectional}-{one.buckets}-{one.encoder.embedding}",
)


@KINDS
def test_loss_and_derivatives_are_those_of_each_sequence_alone(network):
    p, batch, rng = problem(network)
    masks = network.draw_masks(rng, Drop(0.3), T, B)

    def E(p):
        return sum(
            -batch.weight[t, b] * np.log(o_t[batch.y[t, b]])
            for b, o in enumerate(outputs(p, network, batch, masks))
            for t, o_t in enumerate(o)
        )

    found, gradients, state = network.loss_and_gradients(p, batch, {}, Workspace(np.float64), masks)
    assert state == network.zero_state(B) == {}
    assert found == pytest.approx(E(p), rel=1e-12)
    assert network.loss(p, batch, {}, Workspace(np.float64), masks)[0] == pytest.approx(found, rel=1e-12)
    plain.same_derivatives(network, E, p, gradients, rng)


@KINDS
def test_probabilities_are_those_of_each_sequence_alone(network):
    p, batch, _ = problem(network)
    found = np.exp(network.log_probabilities(p, batch, Workspace(np.float64)))
    assert found.shape == (T, B, 4)
    for b, o in enumerate(outputs(p, network, batch)):
        np.testing.assert_allclose(found[: LENGTHS[b], b], o, rtol=1e-10)


@pytest.mark.parametrize("network", [made(), made(buckets=0)], ids=["affixes", "none"])
def test_the_rows_of_a_batch_add_up_to_the_batch(network):
    p, batch, _ = problem(network)
    whole, gradients, _ = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))
    cuts = [network.rows(batch, slice(*ends)) for ends in ((0, 2), (2, 5))]
    sums = [network.loss_and_gradients(p, cut, {}, Workspace(np.float64)) for cut in cuts]
    assert sum(E for E, _, _ in sums) == pytest.approx(whole, rel=1e-12)
    one, two = (network.dense(gradients) for _, gradients, _ in sums)
    for name, g in network.dense(gradients).items():
        np.testing.assert_allclose(one[name] + two[name], g, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("buckets", [0, 9])
def test_rooms_hold_what_travels(buckets):
    network = made(buckets=buckets)
    p, batch, _ = problem(network)
    gradients = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))[1]
    arrays = batch._asdict()
    for name, gradient in gradients.items():
        if isinstance(gradient, Columns):
            arrays |= gradient.named(name)
    rooms = network.rooms(T, B)
    assert rooms.keys() == arrays.keys()
    for name, array in arrays.items():
        assert array.size <= rooms[name][0]
        assert rooms[name][1] == (array.dtype == np.intp)


@pytest.mark.parametrize(
    "wrong", [{"tags": 0}, {"buckets": 4, "most_affixes": 1}, {"encoder": Encoder(5, 3, beside=2)}]
)
def test_choices_that_make_no_tagger_are_refused(wrong):
    with pytest.raises(ValueError, match=r"tags|affixes"):
        Tagger(**({"encoder": Encoder(5, 3), "tags": 3} | wrong))
