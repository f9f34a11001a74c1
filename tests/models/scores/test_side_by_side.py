"""Lines that share what they begin with, against the network taken step by step for each line alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.models.scores import side_by_side
from rnn_cli.models.scores.side_by_side import SideBySide, levels
from rnn_cli.network.cells import CELLS
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.text.vocabulary import END, START

NETWORKS = [
    *({"cell": cell} for cell in CELLS),
    {"cell": "gru", "layers": 2},
    {"cell": "lstm", "embedding": 5, "output": "adaptive", "cutoffs": (4, 6)},
    {"cell": "lstm", "output": "classes", "cutoffs": (4, 6)},
]


def corpus(lines):
    ended = [[*line, END] for line in lines]
    return np.concatenate(ended).astype(np.int32), np.cumsum([0, *map(len, ended)])


def alone(network, p, lines):
    """-log p of each token, one line and one step at a time."""
    costs, work = [], Workspace(np.float32)
    for line in lines:
        state = network.zero_state(1)
        for x, y in zip([START, *line], [*line, END], strict=True):
            h, state = network.advancer(p)(network.input.step(p, np.array([x])), state)
            costs.append(float(OUTPUTS[network.output].nats(p, h, np.array([y]), work)[0]))
    return costs


def some_network(options):
    network = Network(9, 6, **options)
    rng = np.random.default_rng(1)
    return network, network.lay_out(
        {name: rng.normal(0, 0.7, shape) for name, shape in network.shapes.items()}
    )


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(NETWORKS),
    st.lists(st.lists(st.integers(2, 5), max_size=7), min_size=1, max_size=12),
    st.sampled_from([1, 3, 256]),
    st.sampled_from([0, 1 << 22]),
    st.sampled_from([1, 2048]),
)
def test_each_line_costs_what_it_costs_alone(options, lines, tile, table, pairs):
    network, p = some_network(options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_by_side, "TILE", tile)
        patch.setattr(side_by_side, "TABLE", table)
        patch.setattr(side_by_side, "PAIRS", pairs)
        patch.setattr(side_by_side, "ROWS", (2, 3))
        costs = SideBySide(network, p, Workspace(np.float32)).nats(*corpus(lines))
    assert costs.tolist() == pytest.approx(alone(network, p, lines), rel=1e-4, abs=1e-5)


def test_a_step_is_taken_for_each_different_prefix_and_no_more():
    lines = sorted([[5, 3, 3], [5, 3, 4], [5, 3], [5, 3, 3], [4]])
    ids, starts = corpus(lines)
    prefixes = {tuple(line[:length]) for line in lines for length in range(len(line) + 1)}
    nodes = [len(level.parent) for level in levels(ids, starts[:-1], starts[1:])]
    assert sum(nodes) == len(prefixes)
    assert nodes == [1, 2, 1, 2]
