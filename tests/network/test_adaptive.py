"""The adaptive softmax against its definition, one row at a time."""

import itertools
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.gradcheck import carried_state, gradcheck, hard_batch, noisy_parameters
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS, softmax
from rnn_cli.network.outputs import adaptive as module
from rnn_cli.network.outputs.clusters import cutoffs_of

adaptive = OUTPUTS["adaptive"]
SIZES = [(2, 1, (1,)), (6, 3, (4,)), (9, 5, (3, 5)), (40, 20, (10, 12)), (12, 33, (1, 2, 5))]  # m, n, cutoffs


def problem(m, n, cutoffs, N=7, seed=0, dtype=np.float64, layer=adaptive):
    """Parameters, states and targets at random: p, s, y."""
    rng = np.random.default_rng(seed)
    p = {name: rng.normal(0, 0.5, shape).astype(dtype) for name, shape in layer.shapes(m, n, cutoffs).items()}
    return p, rng.normal(size=(N, n)).astype(dtype), rng.integers(m, size=N)


# The oracle: the definition, in complex numbers. If E is f(p) for real p, then f(p + ih) = E + ih dE/dp but
# for what is of order h^2: with h of 1e-30 that is the derivative to its last digit.


def naive(p, s_t, y, cutoffs, m):
    """-log o_t[y] of one row."""
    z = p["V"] @ s_t + p["b_y"]
    head = np.exp(z) / np.exp(z).sum()
    if y < cutoffs[0]:
        return -np.log(head[y])
    ends = [*cutoffs, m]
    for j in range(1, len(ends)):
        if ends[j - 1] <= y < ends[j]:
            z = p[f"V{j}"] @ (p[f"P{j}"] @ s_t) + p[f"b_y{j}"]
            within = np.exp(z) / np.exp(z).sum()
            return -np.log(head[cutoffs[0] + j - 1]) - np.log(within[y - ends[j - 1]])
    raise AssertionError(f"{y} is in no cluster")


def slope(E, array):
    """dE/d(array) of a function of it, entry by entry."""
    slope, moved = np.zeros(array.shape), array.astype(complex)
    for place in np.ndindex(array.shape):
        moved[place] += 1e-30j
        slope[place] = E(moved).imag / 1e-30
        moved[place] = array[place]
    return slope


def assert_probabilities(layer, naive, m, n, cutoffs):
    """Those of all tokens are one together, and those of the loss and of the definition."""
    p, s, _ = problem(m, n, cutoffs, layer=layer)
    log_o = layer.logits(p, s)
    assert log_o.shape == (7, m)
    np.testing.assert_allclose(np.exp(log_o).sum(axis=1), 1, rtol=1e-13)
    for y in range(m):
        E = layer.nats(p, s, np.full(7, y), Workspace(np.float64))
        np.testing.assert_allclose(E, -log_o[:, y], rtol=1e-12)
        np.testing.assert_allclose(E, [naive(p, s_t, y, cutoffs, m) for s_t in s], rtol=1e-12)


def assert_gradients(layer, naive, size, N, seed):
    """Loss and gradients are those of the definition."""
    m, n, cutoffs = size
    p, s, y = problem(m, n, cutoffs, N, seed, layer=layer)
    weight = np.random.default_rng(seed).integers(2, size=N).astype(float)
    E, ds, gradients = layer.nats_and_gradients(p, s, y, weight, Workspace(np.float64))
    alone = layer.nats(p, s, y, Workspace(np.float64))

    def total(p, s):
        """Σ_t weight_t E_t."""
        return sum((weight[t] * naive(p, s[t], y[t], cutoffs, m) for t in range(N)), 0j)

    np.testing.assert_allclose(E, [naive(p, s[t], y[t], cutoffs, m) for t in range(N)], rtol=1e-12)
    np.testing.assert_array_equal(E, alone)
    np.testing.assert_allclose(ds, slope(lambda s: total(p, s), s), rtol=1e-9, atol=1e-12)
    assert gradients.keys() == p.keys()
    for name, array in gradients.items():
        expected = slope(lambda moved, name=name: total(p | {name: moved}, s), p[name])
        np.testing.assert_allclose(array, expected, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(("m", "n", "cutoffs"), SIZES)
def test_the_probabilities_of_all_tokens_are_one_together_and_those_of_the_loss(m, n, cutoffs):
    assert_probabilities(adaptive, naive, m, n, cutoffs)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    size=st.sampled_from(SIZES[:3]),
    N=st.integers(0, 6),
    rows=st.integers(1, 4),
    piece=st.integers(1, 12),
    seed=st.integers(0, 10_000),
)
def test_loss_and_gradients_are_those_of_the_definition(size, N, rows, piece, seed):
    with patch.multiple(softmax, BLOCK_LOGITS=1, BLOCK_ROWS=rows, PIECE=piece):
        assert_gradients(adaptive, naive, size, N, seed)


def test_one_token_of_a_cluster_is_what_a_hand_works_out():
    # m = 4, cutoffs (2,): the head has ids 0, 1 and the cluster, which has 2 and 3. n = 1, s = 2, P1 = 3.
    # Head: V s + b_y = (0, ln 2, ln 5), so (1, 2, 5)/8.  Within: V1 P1 s + b_y1 = (ln 3, 0), so (3, 1)/4.
    # y = 3: E = -ln 5/8 - ln 1/4 = ln 6.4
    # Head: dz = (1, 2, -3)/8, db_y = dz, dV = 2 dz, and to ds: V . dz = -3/8 ln(5)/2
    # Within: dz = (3, -3)/4, db_y1 = dz, dV1 = 6 dz; dh = V1 . dz = 3/4 ln(3)/6; dP1 = 2 dh; to ds: 3 dh
    ln3, ln5 = np.log(3), np.log(5)
    p = {
        "V": np.array([[0.0], [0.0], [ln5 / 2]]),
        "b_y": np.array([0.0, np.log(2), 0.0]),
        "P1": np.array([[3.0]]),
        "V1": np.array([[ln3 / 6], [0.0]]),
        "b_y1": np.zeros(2),
    }
    one, work = np.ones(1), Workspace(np.float64)
    E, ds, gradients = adaptive.nats_and_gradients(p, np.array([[2.0]]), np.array([3]), one, work)
    assert pytest.approx([np.log(6.4)]) == E
    dh = 0.75 * ln3 / 6
    np.testing.assert_allclose(ds, [[-3 / 16 * ln5 + 3 * dh]])
    by_hand = {
        "V": [[2 / 8], [4 / 8], [-6 / 8]],
        "b_y": [1 / 8, 2 / 8, -3 / 8],
        "P1": [[2 * dh]],
        "V1": [[4.5], [-4.5]],
        "b_y1": [0.75, -0.75],
    }
    assert gradients.keys() == by_hand.keys()
    for name, expected in by_hand.items():
        np.testing.assert_allclose(gradients[name], expected, err_msg=name)
    log_o = adaptive.logits(p, np.array([[2.0]]))
    np.testing.assert_allclose(np.exp(log_o), [[1 / 8, 2 / 8, 15 / 32, 5 / 32]])


@pytest.mark.parametrize(
    ("targets", "idle"), [("head", {1, 2}), ("first", {2}), ("second", {1}), ("both", set())]
)
def test_a_cluster_that_no_target_is_in_has_no_gradient_and_the_others_have_theirs(targets, idle):
    rng = np.random.default_rng(0)
    network = Network(30, 9, output="adaptive", cutoffs=(10, 20))
    first = {"head": 0, "first": 10, "second": 20, "both": 10}[targets]
    batch = hard_batch(30, rng)
    batch = batch._replace(y=first + batch.y % (20 if targets == "both" else 10))
    p, state, work = noisy_parameters(network, rng), carried_state(network, 4, rng), Workspace(np.float64)

    def by_hand(p, batch, state):
        network.loss_and_gradients(p, hard_batch(30, rng), state, work)  # leaves its own in the workspace
        return network.loss_and_gradients(p, batch, state, work)[1]

    gradients = network.dense(by_hand(network.lay_out(p, np.float64), batch, state))
    moved = {name[-1] for name, array in gradients.items() if name[-1] in "12" and array.any()}
    assert moved == {str(j) for j in {1, 2} - idle}
    rows = gradcheck(network, p, batch, state, rng, entries=40, by_hand=by_hand)
    assert [row.name for row in rows if not row.ok] == []


def test_a_row_without_weight_moves_nothing():
    p, s, _ = problem(9, 5, (3, 5), N=6)
    y = np.array([0, 3, 5, 2, 4, 8])
    weight = np.array([1.0, 1, 1, 0, 0, 0])
    E, ds, gradients = adaptive.nats_and_gradients(p, s, y, weight, Workspace(np.float64))
    assert (E > 0).all()  # it is the sum that leaves out the others
    assert not ds[3:].any()
    alone = adaptive.nats_and_gradients(p, s[:3], y[:3], weight[:3], Workspace(np.float64))
    np.testing.assert_allclose(ds[:3], alone[1], rtol=1e-12)
    for name, array in gradients.items():
        np.testing.assert_allclose(array, alone[2][name], rtol=1e-12, atol=1e-15)


def test_large_logits_overflow_nothing():
    p, s, y = problem(9, 5, (3, 5), dtype=np.float32)
    p = {name: 1e4 * array for name, array in p.items()}
    log_o = adaptive.logits(p, s)
    assert np.isfinite(log_o).all()
    np.testing.assert_allclose(np.exp(log_o).sum(axis=1), 1, rtol=1e-5)
    E, ds, _ = adaptive.nats_and_gradients(p, s, y, np.ones(7, np.float32), Workspace(np.float32))
    np.testing.assert_allclose(E, -log_o[np.arange(7), y], rtol=1e-5)
    assert np.isfinite(ds).all()


@pytest.mark.parametrize(("m", "n", "cutoffs"), SIZES)
def test_float32_stays_float32(m, n, cutoffs):
    p, s, y = problem(m, n, cutoffs, dtype=np.float32)
    assert adaptive.logits(p, s).dtype == np.float32
    work = Workspace(np.float32)
    E, ds, gradients = adaptive.nats_and_gradients(p, s, y, np.ones(7, np.float32), work)
    assert {array.dtype for array in (E, ds, *gradients.values())} == {np.dtype(np.float32)}
    p64 = {name: array.astype(np.float64) for name, array in p.items()}
    exact = adaptive.nats(p64, s.astype(np.float64), y, Workspace(np.float64))
    np.testing.assert_allclose(E, exact, rtol=1e-4)


# Its shapes.


def test_each_cluster_sees_the_states_narrower_than_the_one_before():
    assert adaptive.shapes(1000, 64, (100, 300)) == {
        "V": (102, 64),
        "b_y": (102,),
        "P1": (16, 64),
        "V1": (200, 16),
        "b_y1": (200,),
        "P2": (8, 64),  # 64 / 16 would be 4
        "V2": (700, 8),
        "b_y2": (700,),
    }
    assert adaptive.shapes(9, 5, (3,))["P1"] == (5, 5)  # and never wider than they are


@pytest.mark.parametrize(("m", "n", "cutoffs"), SIZES)
def test_the_cutoffs_are_told_by_the_shapes(m, n, cutoffs):
    p, _, _ = problem(m, n, cutoffs)
    assert cutoffs_of(p) == cutoffs
    assert cutoffs_of({"U": 0, "b_a": 0, "W2": 0} | p) == cutoffs  # of a whole network


# What it begins as.


def test_the_first_probabilities_are_the_counts():
    counts = np.array([0, 5000, 300, 2000, 900, 400, 399, 90, 11])
    p = adaptive.initial_biases(counts, (3, 5))
    # (5000 + 1) / (9100 + 5 entries); of a cluster (2900 + 1) / 9105, and in it (900 + 1) / (2900 + 2 tokens)
    of_head = np.array([1, 5001, 301, 2901, 901]) / 9105
    np.testing.assert_allclose(np.exp(p["b_y"]), of_head)
    np.testing.assert_allclose(np.exp(p["b_y1"]), np.array([2001, 901]) / 2902)
    np.testing.assert_allclose(np.exp(p["b_y2"]), np.array([401, 400, 91, 12]) / 904)
    network = Network(9, 4, output="adaptive", cutoffs=(3, 5))
    p = network.initialise(np.random.default_rng(0), counts)
    assert p.keys() == network.shapes.keys()
    o = np.exp(adaptive.logits(p, np.zeros((1, 4), np.float32)))[0]
    np.testing.assert_allclose(o[3:], (counts / 9100)[3:], rtol=0.1)
    np.testing.assert_allclose(o, counts / 9100, atol=2e-3)


# Where to part the ids.


def test_the_cost_is_what_a_hand_works_out():
    # n = 64: clusters of widths 16 and 8. m = 10, each token as often, cutoffs (4, 6):
    # the head 64 (4 + 2) = 384; two tenths of the time 16 (64 + 2), four tenths 8 (64 + 4)
    assert module.cost(np.ones(10), 64, (4, 6)) == pytest.approx(384 + 0.2 * 16 * 66 + 0.4 * 8 * 68)


@pytest.mark.parametrize("m", [1000, 20_000, 300_000])
@pytest.mark.parametrize("n", [100, 650])
def test_a_vocabulary_after_zipf_is_parted_where_it_pays(m, n):
    counts = np.append([0, 1e5, 1e4], np.floor(1e6 / np.arange(1, m - 2)))
    cutoffs = module.choose_cutoffs(counts, n)
    assert len(cutoffs) == 2
    assert 3 < cutoffs[0] < cutoffs[1] < m
    at_best = module.cost(counts, n, cutoffs)
    assert at_best < m * n / 3  # of a softmax of all
    others = itertools.combinations(np.geomspace(4, m - 1, 12).astype(int).tolist(), 2)
    assert min(module.cost(counts, n, other) for other in others) > 0.98 * at_best


@settings(max_examples=60, deadline=None, derandomize=True)
@given(m=st.integers(4, 60), n=st.integers(1, 200), seed=st.integers(0, 1000))
def test_cutoffs_are_those_of_a_network_and_the_cheapest(m, n, seed):
    counts = np.random.default_rng(seed).integers(0, 50, size=m)
    counts[3:] = np.sort(counts[3:])[::-1]
    cutoffs = module.choose_cutoffs(counts, n)
    network = Network(m, n, output="adaptive", cutoffs=cutoffs)  # they rise, and are below m
    assert network.shapes["V"][0] == cutoffs[0] + len(cutoffs)
    if 6 <= m <= 30:  # of so few ids each is tried
        each = itertools.combinations(range(4, m), 2)
        cheapest = min(module.cost(counts + 1, n, pair) for pair in each)
        assert module.cost(counts + 1, n, cutoffs) == pytest.approx(cheapest)
