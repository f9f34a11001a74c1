import json
from dataclasses import asdict

import numpy as np
import pytest

from rnn_cli.network.architecture import Architecture
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Columns
from rnn_cli.network.gradcheck import combinations
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network

TIED = {"embedding": 4, "tie": True}


def fresh(network, counts=None):
    counts = np.ones(network.m) if counts is None else counts
    return network.initialise(np.random.default_rng(0), counts)


@pytest.mark.parametrize(
    ("network", "shapes"),
    [
        (
            Network(9, 4),
            {"U": (4, 9), "W": (4, 4), "b_a": (4,), "V": (9, 4), "b_y": (9,)},
        ),
        (
            Network(9, 4, "gru"),
            {"U": (12, 9), "W": (12, 4), "b_a": (12,), "V": (9, 4), "b_y": (9,)},
        ),
        (
            Network(9, 4, "lstm", layers=2),
            {"U": (16, 9), "W": (16, 4), "b_a": (16,)}
            | {"U2": (16, 4), "W2": (16, 4), "b_a2": (16,), "V": (9, 4), "b_y": (9,)},
        ),
        (
            Network(9, 4, embedding=3, layers=3),
            {"C": (3, 9), "U": (4, 3), "W": (4, 4), "b_a": (4,)}
            | {"U2": (4, 4), "W2": (4, 4), "b_a2": (4,), "U3": (4, 4), "W3": (4, 4), "b_a3": (4,)}
            | {"V": (9, 4), "b_y": (9,)},
        ),
        (
            Network(9, 4, "gru", **TIED),
            {"U": (12, 4), "W": (12, 4), "b_a": (12,), "V": (9, 4), "b_y": (9,)},
        ),
        (
            Network(9, 4, embedding=3, output="adaptive", cutoffs=(2, 5)),
            {"C": (3, 9), "U": (4, 3), "W": (4, 4), "b_a": (4,), "V": (4, 4), "b_y": (4,)}
            | {"P1": (4, 4), "V1": (3, 4), "b_y1": (3,), "P2": (4, 4), "V2": (4, 4), "b_y2": (4,)},
        ),
    ],
)
def test_each_kind_of_network_has_its_parameters(network, shapes):
    assert network.shapes == shapes
    assert network.sizes == {name: int(np.prod(shape)) for name, shape in shapes.items()}
    assert network.size == sum(network.sizes.values())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"m": 0}, "positive integer"),
        ({"n": 0}, "positive integer"),
        ({"n": -4}, "positive integer"),
        ({"n": 4.0}, "positive integer"),
        ({"m": "9"}, "positive integer"),
        ({"layers": 0}, "positive integer"),
        ({"layers": 1.5}, "positive integer"),
        ({"embedding": -1}, "positive integer"),
        ({"embedding": None}, "positive integer"),
        ({"cell": "qrnn"}, "'qrnn'"),
        ({"output": "tree"}, "'tree'"),
        ({"tie": True}, "embedding is tied"),
        ({"tie": True, "embedding": 3}, "embedding is tied"),
        (TIED | {"output": "adaptive", "cutoffs": (3,)}, "embedding is tied to softmax or classes"),
        ({"output": "adaptive"}, "cutoffs"),
        ({"cutoffs": (3,)}, "cutoffs"),
        ({"output": "adaptive", "cutoffs": (5, 3)}, "cutoffs"),
        ({"output": "adaptive", "cutoffs": (3, 3)}, "cutoffs"),
        ({"output": "adaptive", "cutoffs": (3, 9)}, "cutoffs"),
        ({"output": "adaptive", "cutoffs": (0, 3)}, "cutoffs"),
        ({"output": "adaptive", "cutoffs": (-1, 3)}, "positive integer"),
        ({"output": "adaptive", "cutoffs": (3.0,)}, "positive integer"),
    ],
    ids=str,
)
def test_choices_that_do_not_go_together_are_refused_in_words(options, told):
    with pytest.raises(ValueError, match=told):
        Network(**{"m": 9, "n": 4} | options)


@pytest.mark.parametrize("kind", [Architecture, Network])
def test_an_architecture_comes_back_from_json(kind):
    for network in combinations(9, 4):
        one = kind(**asdict(network))
        held = json.loads(json.dumps(asdict(one)))
        assert isinstance(held["cutoffs"], list)
        back = kind(**held)
        assert back == one
        assert hash(back) == hash(one)
        assert isinstance(back.cutoffs, tuple)


def test_what_an_older_file_does_not_tell_is_the_tutorials_network():
    assert Network(m=9, n=4, cell="relu", output="softmax") == Network(
        9, 4, "relu", "softmax", 1, 0, False, ()
    )


# Memory.


def orders(p):
    return {
        name: "F" if not array.flags.c_contiguous else "C" for name, array in p.items() if array.ndim == 2
    }


@pytest.mark.parametrize(
    ("network", "table"),
    [
        (Network(9, 4, layers=2), "U"),
        (Network(9, 4, layers=2, embedding=3), "C"),
        (Network(9, 4, layers=2, **TIED), "V"),
    ],
)
def test_the_table_lies_by_columns_unless_it_is_V_and_the_rest_by_rows(network, table):
    assert network.table == table
    given = {name: np.asfortranarray(np.ones(shape)) for name, shape in reversed(network.shapes.items())}
    p = network.lay_out(given)
    assert list(p) == list(network.shapes)
    by_columns = {table} - {"V"}
    assert orders(p) == {name: "F" if name in by_columns else "C" for name in orders(p)}
    assert {array.dtype for array in p.values()} == {np.dtype(np.float32)}
    assert {array.dtype for array in network.lay_out(p, np.float64).values()} == {np.dtype(np.float64)}
    for name, array in p.items():
        flat = np.arange(array.size, dtype=np.float32)
        viewed = network.view(name, flat)
        assert (viewed.shape, viewed.strides) == (array.shape, array.strides)
        assert np.shares_memory(viewed, flat)


def test_a_gradient_is_by_columns_only_of_a_large_table_that_is_not_V():
    for m, dense in [(ONE_HOT_UP_TO, True), (ONE_HOT_UP_TO + 1, False)]:
        for options, table in [({}, "U"), ({"embedding": 3}, "C"), (TIED, "V")]:
            network = Network(m, 4, layers=2, **options)
            tables = {name for name in network.shapes if not network.is_dense(name)}
            assert tables == (set() if dense or table == "V" else {table})


def test_gradients_by_columns_become_arrays_as_parameters_are():
    network = Network(300, 2, embedding=3)
    columns = Columns(np.array([1, 298]), np.arange(6.0).reshape(2, 3))
    W = np.ones((2, 2))
    dense = network.dense({"C": columns, "W": W})
    assert dense["C"].shape == network.shapes["C"]
    assert dense["C"][:, [1, 298]].T.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not np.shares_memory(dense["W"], W)


# States and arithmetic.


@pytest.mark.parametrize(
    ("network", "names"),
    [
        (Network(9, 4), ["s"]),
        (Network(9, 4, "gru", layers=2), ["s", "s2"]),
        (Network(9, 4, "lstm"), ["s", "c"]),
        (Network(9, 4, "lstm", layers=3), ["s", "c", "s2", "c2", "s3", "c3"]),
    ],
)
def test_the_first_state_is_zero_under_the_name_of_each(network, names):
    state = network.zero_state(5)
    assert list(state) == names
    for array in state.values():
        assert (array.shape, array.dtype) == ((5, 4), np.float32)
        assert not array.any()
    arrays = list(state.values())
    assert not any(np.shares_memory(a, b) for k, a in enumerate(arrays) for b in arrays[:k])
    assert {array.dtype for array in network.zero_state(1, np.float64).values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    ("network", "flops"),
    [
        # six for each weight in a product: W 16 and V 40; U 40 is looked up, and its gradient one product
        (Network(10, 4), 6 * (16 + 40) + 2 * 40),
        # of a large vocabulary that gradient is sums
        (Network(1000, 4), 6 * (16 + 4000)),
        # C 30 is looked up; U 12
        (Network(10, 4, embedding=3), 6 * (12 + 16 + 40) + 2 * 30),
        # V is looked up and is in a product
        (Network(10, 4, **TIED), 6 * (16 + 16 + 40) + 2 * 40),
        # four gates of each: W 64, U2 64, W2 64, V 40; U 160
        (Network(10, 4, "lstm", layers=2), 6 * (3 * 64 + 40) + 2 * 160),
        # the head's V of 3 + 2 rows; and P 16 and V 8 for two tokens of ten, P 16 and V 20 for five
        (Network(10, 4, output="adaptive", cutoffs=(3, 5)), 6 * (16 + 20 + 0.2 * 24 + 0.5 * 36) + 2 * 40),
    ],
)
def test_flops_are_what_a_hand_counts(network, flops):
    assert network.flops(np.ones(network.m)) == pytest.approx(flops)


# First values.


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_each_gate_has_a_U_and_an_orthogonal_W_of_its_own(cell):
    p = fresh(Network(9, 6, cell, layers=2))
    blocks = [block for name in ("W", "W2") for block in np.split(p[name], len(CELLS[cell].gates))]
    for block in blocks:
        np.testing.assert_allclose(block @ block.T, np.eye(6), atol=1e-5)
    assert len({block.tobytes() for block in blocks}) == len(blocks)
    U2 = np.split(p["U2"], len(CELLS[cell].gates))
    assert len({block.tobytes() for block in U2}) == len(U2)


def test_the_forget_gate_begins_open_in_every_layer():
    p = fresh(Network(9, 3, "lstm", layers=2, embedding=2))
    for name in ("b_a", "b_a2"):
        assert p[name].tolist() == [0] * 6 + [1] * 3 + [0] * 3
    assert not any(fresh(Network(9, 3, cell, layers=2))["b_a2"].any() for cell in ("tanh", "relu", "gru"))


@pytest.mark.parametrize("cell", CELLS)
def test_what_meets_a_one_hot_vector_is_normal_and_the_rest_after_glorot_gate_by_gate(cell):
    n, d, m = 60, 40, 200
    for embedding in (0, d):
        network = Network(m, n, cell, layers=2, embedding=embedding)
        p = fresh(network)
        spread = 0.5 if embedding else {"relu": 0.1, "tanh": n**0.5 / 6}.get(cell, 2)
        assert p[network.table].std() == pytest.approx(spread, rel=0.05)
        enters = {"U2": n} | ({"U": d} if embedding else {})
        for name, size in enters.items():
            for gate in np.split(p[name], len(CELLS[cell].gates)):
                assert np.abs(gate).max() == pytest.approx(np.sqrt(6 / (n + size)), rel=0.02)
        assert np.abs(p["V"]).max() == pytest.approx(np.sqrt(6 / (m + n)), rel=0.02)


def test_an_embedding_that_is_V_too_is_smaller():
    p = fresh(Network(500, 60, embedding=60, tie=True))
    assert "C" not in p
    assert p["V"].std() == pytest.approx(0.1, rel=0.05)


def test_every_parameter_of_every_kind_is_drawn_and_laid_out():
    for network in combinations(9, 4):
        p = fresh(network, np.arange(9))
        assert {name: array.shape for name, array in p.items()} == network.shapes
        assert list(p) == list(network.shapes)
        assert {array.dtype for array in p.values()} == {np.dtype(np.float32)}
        assert all(np.isfinite(array).all() for array in p.values())
        again = network.initialise(np.random.default_rng(0), np.arange(9))
        assert all(np.array_equal(p[name], again[name]) for name in p)
