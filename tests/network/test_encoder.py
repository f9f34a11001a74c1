"""The encoder against itself row by row (plain.py), and against PyTorch where that is installed."""

import itertools

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Columns
from rnn_cli.network.encoder import Encoder, Padded
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network
from rnn_cli.network.passes import Steps

LENGTHS = (5, 1, 3, 5, 2)
REAL = (np.arange(5)[:, None] < LENGTHS).astype(float)  # (T, B)
GATES_OF_TORCH = {"lstm": "ifgo", "gru": "rug"}


def made(cell="gru", layers=2, embedding=3, bidirectional=True, m=7, beside=0):
    return Encoder(m, 4, cell, layers, embedding, bidirectional, beside)


def problem(encoder, seed=0):
    """Parameters, ids, what multiplies h in E, and the generator."""
    rng = np.random.default_rng(seed)
    p = {name: array + rng.normal(0, 0.3, array.shape) for name, array in encoder.initialise(rng).items()}
    return encoder.lay_out(p, np.float64), rng.integers(encoder.m, size=REAL.shape), rng


def row(masks, b, L):
    """The dropout masks of one row."""
    return {name: np.broadcast_to(mask, (5, *mask.shape[1:]))[:L, b] for name, mask in masks.items()}


KINDS = pytest.mark.parametrize(
    ("cell", "layers", "embedding", "bidirectional"),
    [
        kind
        for kind in itertools.product(CELLS, (1, 2), (0, 3), (False, True))
        if kind[1] == 2 or kind[2] == 0
    ],
)


@KINDS
def test_each_row_has_the_states_that_it_has_alone(cell, layers, embedding, bidirectional):
    encoder = made(cell, layers, embedding, bidirectional)
    p, x, rng = problem(encoder)
    masks = encoder.draw_masks(rng, Drop(0.3), *x.shape)
    h, _ = encoder.forward(p, Padded(x, REAL), Workspace(np.float64), masks)
    assert h.shape == (5, 5, encoder.width)
    for b, L in enumerate(LENGTHS):
        alone = plain.states(p, encoder, x[:L, b], row(masks, b, L))
        np.testing.assert_allclose(h[:L, b], alone, rtol=1e-10)
        assert not h[L:, b].any()


@KINDS
@pytest.mark.parametrize("m", [7, ONE_HOT_UP_TO + 1])
def test_the_derivatives_are_those_of_each_row_alone(cell, layers, embedding, bidirectional, m):
    encoder = made(cell, layers, embedding, bidirectional, m)
    p, x, rng = problem(encoder)
    masks = encoder.draw_masks(rng, Drop(0.3), *x.shape)
    into = rng.normal(size=(*x.shape, encoder.width))

    def E(p):
        return sum(
            np.sum(np.array(plain.states(p, encoder, x[:L, b], row(masks, b, L))) * into[:L, b])
            for b, L in enumerate(LENGTHS)
        )

    work = Workspace(np.float64)
    encoder.forward(p, Padded(x[:2], REAL[:2]), work)  # whatever it leaves in the workspace
    _, backward = encoder.forward(p, Padded(x, REAL), work, masks)
    found, d_beside = backward(into.copy())
    assert d_beside is None
    assert found.keys() == encoder.shapes.keys()
    assert {name for name, g in found.items() if isinstance(g, Columns)} == {
        name for name in found if not encoder.is_dense(name)
    }
    ours = encoder.dense(found)
    places = plain.places(p, rng, 4)
    if m > 7:
        tables = [name for name in p if not encoder.is_dense(name)]
        places += [(name, (0, k)) for name in tables for k in (x[0, 1], x[-1, 1], x[2, 0])]
    np.testing.assert_allclose(
        [ours[name][place] for name, place in places], plain.derivatives(E, p, places), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("steps", [5, 1])
def test_a_second_input_enters_at_each_step_or_is_the_same_at_all(bidirectional, steps):
    encoder = made(bidirectional=bidirectional, beside=2)
    p, x, rng = problem(encoder)
    q, into = rng.normal(size=(steps, 5, 2)), rng.normal(size=(5, 5, encoder.width))

    def E(p):
        beside = np.broadcast_to(p["q"], (5, 5, 2))
        return sum(
            np.sum(np.array(plain.states(p, encoder, x[:L, b], None, beside[:L, b])) * into[:L, b])
            for b, L in enumerate(LENGTHS)
        )

    h, backward = encoder.forward(p, Padded(x, REAL, q), Workspace(np.float64))
    assert np.sum(h * into) == pytest.approx(E(p | {"q": q}))
    found, dq = backward(into.copy())
    ours, places = encoder.dense(found) | {"q": dq}, plain.places(p | {"q": q}, rng, 10)
    np.testing.assert_allclose(
        [ours[name][place] for name, place in places], plain.derivatives(E, p | {"q": q}, places), rtol=1e-9
    )


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_counts_in_nothing(bidirectional):
    encoder = made(bidirectional=bidirectional, m=ONE_HOT_UP_TO + 1)
    p, x, rng = problem(encoder)
    into = rng.normal(size=(*x.shape, encoder.width))
    results = []
    for filling in (0, 5):
        x[REAL == 0] = filling
        into[REAL == 0] = filling
        h, backward = encoder.forward(p, Padded(x, REAL), Workspace(np.float64))
        results.append((h.copy(), encoder.dense(backward(into.copy())[0])))
    (h, one), (same, two) = results
    np.testing.assert_array_equal(h, same)
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-12, atol=1e-14)


def test_a_row_without_a_step_is_zero_and_disturbs_nothing():
    encoder = made()
    p, x, rng = problem(encoder)
    real = REAL.copy()
    real[:, 2] = 0
    h, backward = encoder.forward(p, Padded(x, real), Workspace(np.float64))
    into = rng.normal(size=h.shape)
    assert not h[:, 2].any()
    ours = encoder.dense(backward(into.copy())[0])
    others = [0, 1, 3, 4]
    h_others, backward = encoder.forward(p, Padded(x[:, others], real[:, others]), Workspace(np.float64))
    np.testing.assert_allclose(h[:, others], h_others, rtol=1e-12)
    without = encoder.dense(backward(into[:, others].copy())[0])
    for name in ours:
        np.testing.assert_allclose(ours[name], without[name], rtol=1e-9, atol=1e-12)


def test_without_padding_one_direction_is_the_language_models_way():
    encoder, network = made("lstm", bidirectional=False), Network(7, 4, "lstm", layers=2, embedding=3)
    p, x, _ = problem(encoder)
    ones = np.ones(x.shape)
    h, _ = encoder.forward(p, Padded(x, ones), Workspace(np.float64))
    same, _, _ = network.through(p, Steps(x, ones), network.zero_state(5, np.float64), Workspace(np.float64))
    np.testing.assert_array_equal(h, same)


@pytest.mark.parametrize("m", [50, ONE_HOT_UP_TO + 1])
def test_letters_neither_open_nor_close_gates_at_once(m):
    U = made(embedding=0, m=m).initialise(np.random.default_rng(0))
    assert all(np.std(U[name]) == pytest.approx(0.5, rel=0.1) for name in ("U", "U_rev"))


def test_the_shapes_are_those_of_both_directions():
    assert made("gru", 2, 3, True, beside=2).shapes == {
        "C": (3, 7),
        **{"U": (12, 3), "W": (12, 4), "b_a": (12,), "Q": (12, 2)},
        **{"U_rev": (12, 3), "W_rev": (12, 4), "b_a_rev": (12,), "Q_rev": (12, 2)},
        **{"U2": (12, 8), "W2": (12, 4), "b_a2": (12,)},
        **{"U2_rev": (12, 8), "W2_rev": (12, 4), "b_a2_rev": (12,)},
    }
    assert made("tanh", 1, 0, True).tables.keys() == {"U", "U_rev"}


@pytest.mark.parametrize("wrong", [{"m": 0}, {"n": 0}, {"layers": 0}, {"embedding": -1}, {"cell": "cnn"}])
def test_choices_that_make_no_network_are_refused(wrong):
    with pytest.raises(ValueError, match=r"size|cell"):
        Encoder(**({"m": 7, "n": 4} | wrong))


def test_rooms_hold_what_travels():
    assert made("gru", 1, 0, m=300).rooms(5, 2) == {
        "x": (10, True),
        "real": (10, False),
        **{"tokens U": (10, True), "values U": (120, False)},
        **{"tokens U_rev": (10, True), "values U_rev": (120, False)},
    }
    assert made("gru", 1, 3, m=300).rooms(500, 2)["tokens C"] == (300, True)


def torch_layers(torch, p, encoder):
    """PyTorch's own layers with these parameters. Of its two biases the second is 0."""
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(encoder.cell, torch.nn.RNN)
    options = {"nonlinearity": encoder.cell} if kind is torch.nn.RNN else {}
    module = kind(
        encoder.embedding,
        encoder.n,
        encoder.layers,
        bidirectional=encoder.bidirectional,
        dtype=torch.float64,
        **options,
    )

    def rows(array):
        ours = dict(zip(CELLS[encoder.cell].gates, array.split(encoder.n), strict=True))
        return torch.cat([ours[gate] for gate in GATES_OF_TORCH.get(encoder.cell, "s")])

    own = {}
    for number, suffix in enumerate(encoder.suffixes):
        for way, end in zip(encoder.directions, ("", "_reverse"), strict=False):
            for letter, name in [("U", "weight_ih"), ("W", "weight_hh"), ("b_a", "bias_ih")]:
                own[f"{name}_l{number}{end}"] = rows(p[letter + suffix + way])
            own[f"bias_hh_l{number}{end}"] = torch.zeros(len(p["b_a"]), dtype=torch.float64)
    return module, own


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_pytorch_finds_the_same_states_and_gradients(cell, bidirectional):
    torch = pytest.importorskip("torch")
    encoder = made(cell, bidirectional=bidirectional)
    p, x, rng = problem(encoder)
    into = rng.normal(size=(*x.shape, encoder.width))
    h, backward = encoder.forward(p, Padded(x, REAL), Workspace(np.float64))
    h = h.copy()
    t = {name: torch.tensor(np.ascontiguousarray(array), requires_grad=True) for name, array in p.items()}
    module, own = torch_layers(torch, t, encoder)
    packed = torch.nn.utils.rnn.pack_padded_sequence(t["C"].T[x], torch.tensor(LENGTHS), enforce_sorted=False)
    out = torch.func.functional_call(module, own, (packed,))[0]
    theirs, _ = torch.nn.utils.rnn.pad_packed_sequence(out)
    np.testing.assert_allclose(h, theirs.detach().numpy(), rtol=1e-10, atol=1e-14)
    (theirs * torch.tensor(into)).sum().backward()
    for name, gradient in encoder.dense(backward(into)[0]).items():
        np.testing.assert_allclose(gradient, t[name].grad.numpy(), rtol=1e-9, atol=1e-12)
