"""The softmax over classes against its definition, one row at a time, and against the softmax."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.gradcheck import carried_state, gradcheck, hard_batch, noisy_parameters
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS, softmax
from tests.network.test_adaptive import SIZES, assert_gradients, assert_probabilities, problem

classes = OUTPUTS["classes"]


def naive(p, s_t, y, cutoffs, m):
    """-log o_t[y] of one row, by the definition."""
    ends = [0, *cutoffs, m]
    rows = [p["V"][y] @ s_t for y in range(m)]
    scores = [*rows[: cutoffs[0]], *(p["V_c"] @ s_t)] + p["b_y"]
    own = next(j for j in range(len(ends) - 1) if ends[j] <= y < ends[j + 1])
    head = -np.log(np.exp(scores) / np.exp(scores).sum())
    if own == 0:
        return head[y]
    within = np.array(rows[ends[own] : ends[own + 1]]) + p[f"b_y{own}"]
    return head[cutoffs[0] + own - 1] - np.log(np.exp(within) / np.exp(within).sum())[y - ends[own]]


@pytest.mark.parametrize(("m", "n", "cutoffs"), SIZES)
def test_the_probabilities_of_all_tokens_are_one_together_and_those_of_the_loss(m, n, cutoffs):
    assert_probabilities(classes, naive, m, n, cutoffs)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    size=st.sampled_from(SIZES[:3]),
    N=st.integers(0, 6),
    rows=st.integers(1, 4),
    seed=st.integers(0, 10_000),
)
def test_loss_and_gradients_are_those_of_the_definition(size, N, rows, seed):
    with patch.multiple(softmax, BLOCK_LOGITS=1, BLOCK_ROWS=rows):
        assert_gradients(classes, naive, size, N, seed)


def test_gradients_are_written_where_they_are_asked_for():
    p, s, y = problem(9, 5, (3, 5), layer=classes)
    own = {name: np.full_like(array, np.nan) for name, array in p.items()}
    work = Workspace(np.float64, gradients=own)
    _, _, gradients = classes.nats_and_gradients(p, s, y, np.ones(7), work)
    assert all(gradients[name] is own[name] for name in p)
    assert not any(np.isnan(array).any() for array in own.values())


@pytest.mark.parametrize("tie", [False, True])
def test_gradients_of_a_whole_network_are_right_with_an_embedding_tied_or_not(tie):
    rng = np.random.default_rng(0)
    network = Network(9, 4, "lstm", "classes", embedding=4, tie=tie, cutoffs=(3, 5))
    p, batch = noisy_parameters(network, rng), hard_batch(9, rng)
    state = carried_state(network, batch.x.shape[1], rng)
    assert [row.name for row in gradcheck(network, p, batch, state, rng) if not row.ok] == []


def test_the_first_probabilities_are_the_counts():
    counts = np.array([0, 5, 3, 900, 50, 30, 9, 3])
    p = {name: np.zeros(shape) for name, shape in classes.shapes(8, 2, (4, 6)).items()}
    p |= classes.initial_biases(counts, (4, 6))
    o = np.exp(classes.logits(p, np.zeros((1, 2))))[0]
    np.testing.assert_allclose(o, counts / counts.sum(), atol=0.02)


def test_a_token_costs_least_with_the_cutoffs_that_are_chosen():
    counts = 1e6 / np.arange(1, 10_001)
    cutoffs = classes.choose_cutoffs(counts, 512)
    cost = classes.cost(counts, 512, cutoffs)
    assert cost < 512 * 10_000 / 5  # of the softmax over all
    for other in [(100, 2000), (300, 1500), (1000, 5000), (300, 6000)]:
        assert cost <= classes.cost(counts, 512, other)
