"""The encoder-decoder against one pair at a time (plain_networks.py), and its steps against its windows."""

import itertools

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.attention import ATTENTIONS
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Columns
from rnn_cli.network.decoding import Beam
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder, Pairs
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop
from rnn_cli.network.network import Network

SOURCES, TARGETS = (5, 1, 3, 0, 2), (3, 4, 1, 2, 4)
S, T, B = 5, 4, 5


def made(cell="gru", attention="luong", bidirectional=True, layers=1, tie=False, m=300):
    encoder = Encoder(300, 3, cell, layers, 2, bidirectional)
    decoder = Network(m, 4, cell, layers=layers, embedding=4 if tie else 3, tie=tie)
    return EncoderDecoder(encoder, decoder, attention)


def made_of_letters():
    """Return a network that both sides' tokens enter through the columns of U."""
    return EncoderDecoder(Encoder(300, 3, "gru", bidirectional=True), Network(6, 4, "gru"), "luong")


def problem(network, seed=0, flip=False):
    rng = np.random.default_rng(seed)
    long, short = (TARGETS, SOURCES) if flip else (SOURCES, TARGETS)
    steps = max(*SOURCES, *TARGETS)
    real = (np.arange(max(long))[:, None] < long).astype(float)
    weight = (np.arange(steps)[:, None] < short).astype(float)
    m, T = network.m, max(short)
    x, given, y = (rng.integers(k, size=(t, B)) for k, t in [(300, max(long)), (m, T), (m, T)])
    p = plain.noisy(network, network.initialise(rng, np.ones(m)), rng)
    return p, Pairs(x, real, given, y, weight), rng


def outputs(p, network, batch, masks=None):
    """o_1 … o_T of each row, one at a time."""
    for b in range(B):
        L, k = int(batch.real[:, b].sum()), int(batch.weight[:, b].sum())
        own = plain.row_of(masks or {}, b, len(batch.weight))
        yield [*plain.written(p, network, batch.x[:L, b], batch.given[:k, b], own)]


KINDS = pytest.mark.parametrize(
    "network",
    [made(cell, kind) for cell, kind in itertools.product(CELLS, ATTENTIONS)]
    + [made("lstm", layers=2), made(bidirectional=False), made(tie=True, m=6), made(tie=True)]
    + [made_of_letters()],
    ids=lambda one: (
        f"{one.decoder.cell}-{one.attention}-{one.encoder.width}-{one.decoder.layers}-{one.m}"
        f"-{one.decoder.embedding}"
    ),
)


@KINDS
@pytest.mark.parametrize("flip", [False, True])
def test_loss_and_derivatives_are_those_of_each_pair_alone(network, flip):
    p, batch, rng = problem(network, flip=flip)
    masks = network.draw_masks(rng, Drop(0.3), *batch.weight.shape)

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
    plain.same_derivatives(network, E, p, gradients, rng, 3)


def test_the_rows_of_a_batch_add_up_to_the_batch():
    network = made()
    p, batch, _ = problem(network)
    whole, gradients, _ = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))
    cuts = [network.rows(batch, slice(*ends)) for ends in ((0, 2), (2, 5))]
    sums = [network.loss_and_gradients(p, cut, {}, Workspace(np.float64)) for cut in cuts]
    assert sum(E for E, _, _ in sums) == pytest.approx(whole, rel=1e-12)
    one, two = (network.dense(gradients) for _, gradients, _ in sums)
    for name, g in network.dense(gradients).items():
        np.testing.assert_allclose(one[name] + two[name], g, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("network", [made(), made(tie=True)], ids=["embedding", "tied"])
def test_rooms_hold_what_travels(network):
    p, batch, _ = problem(network)
    gradients = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))[1]
    arrays = batch._asdict()
    for name, gradient in gradients.items():
        if isinstance(gradient, Columns):
            arrays |= gradient.named(name)
    rooms = network.rooms(*batch.weight.shape)
    assert rooms.keys() == arrays.keys()
    for name, array in arrays.items():
        assert array.size <= rooms[name][0]
        assert rooms[name][1] == (array.dtype == np.intp)


def test_gradients_are_written_where_they_are_wanted():
    network = made("lstm", layers=2)
    p, batch, _ = problem(network)
    places = {name: np.zeros(shape) for name, shape in network.shapes.items() if network.is_dense(name)}
    gradients = network.loss_and_gradients(p, batch, {}, Workspace(np.float64, gradients=places))[1]
    assert {name for name in places if np.shares_memory(gradients[name], places[name])} == places.keys()


@KINDS
def test_steps_find_the_probabilities_of_the_window(network):
    p, batch, _ = problem(network)
    sources = network.begin(p, batch.x, batch.real, 2)
    state = {name: np.repeat(array, 2, axis=0) for name, array in sources.first.items()}
    expected = list(outputs(p, network, batch))
    for t in range(T):
        logits, state = network.step(p, np.repeat(batch.given[t][:, None], 2, axis=1), state, sources)
        for b in range(B):
            if t < TARGETS[b]:
                for beam in logits[b]:
                    np.testing.assert_allclose(plain.softmax(beam), expected[b][t], rtol=1e-9)


def test_the_alignments_are_where_each_step_looks():
    network = made()
    p, batch, _ = problem(network)
    α = network.alignments(p, batch, Workspace(np.float64))
    assert α.shape == (B, T, S)
    np.testing.assert_allclose(α.sum(2), 1)
    assert not α[1, :, 1:].any()  # its source has one step


def translate(network, p, x, real, k):
    sources = network.begin(p, x, real, k)

    def step_of(rows):
        some = sources.of(rows)

        def step(tokens, state):
            logits, after = network.step(p, tokens, state, some)
            logits = logits - logits.max(2, keepdims=True)
            return logits - np.log(np.exp(logits).sum(2, keepdims=True)), after

        return step

    return Beam(k, 0, 1).search(step_of, sources.first, np.full(x.shape[1], 6))


@pytest.mark.parametrize("k", [1, 3])
def test_a_batch_of_one_and_one_of_many_give_the_same_output(k):
    network, rng = made(m=8), np.random.default_rng(0)
    p = network.lay_out(plain.noisy(network, network.initialise(rng, np.ones(8)), rng, 1.5), np.float32)
    lengths = rng.integers(1, 9, size=64)
    real = (np.arange(8)[:, None] < lengths).astype(np.float32)
    x = rng.integers(300, size=real.shape)
    together = translate(network, p, x, real, k)
    assert len({tuple(ids) for ids in together.ids[:, 0].tolist()}) > 5
    for b, L in enumerate(lengths):
        alone = translate(network, p, x[:L, b : b + 1], real[:L, b : b + 1], k)
        np.testing.assert_array_equal(alone.lengths[0], together.lengths[b])
        np.testing.assert_array_equal(alone.ids[0], together.ids[b, :, : alone.ids.shape[2]])
        np.testing.assert_allclose(alone.scores[0], together.scores[b], rtol=1e-4)


@pytest.mark.parametrize("wrong", [{"attention": "none"}, {"encoder": Encoder(5, 3, beside=2)}])
def test_choices_that_make_no_network_are_refused(wrong):
    with pytest.raises(ValueError, match=r"attention|second input"):
        EncoderDecoder(**({"encoder": Encoder(5, 3), "decoder": Network(5, 3)} | wrong))


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_pytorch_finds_the_same_gradients(attention):
    torch = pytest.importorskip("torch")
    network = made("tanh", attention)
    p, batch, _ = problem(network)
    rows = [0, 1, 2, 4]  # PyTorch refuses a row without a step
    batch = Pairs(*(array[:, rows] for array in batch))
    lengths = torch.tensor([SOURCES[b] for b in rows])
    E, gradients, _ = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))
    t = {name: torch.tensor(np.ascontiguousarray(array), requires_grad=True) for name, array in p.items()}

    def layer(inputs, ways, first=None):
        """PyTorch's own layer with these parameters. Of its two biases the second is 0."""
        n = t[f"W{next(iter(ways))}"].shape[0]
        module = torch.nn.RNN(t[f"U{next(iter(ways))}"].shape[1], n, bidirectional=len(ways) == 2).double()
        own = {}
        for way, end in ways.items():
            names = [("U", "weight_ih"), ("W", "weight_hh"), ("b_a", "bias_ih")]
            own |= {f"{theirs}_l0{end}": t[ours + way] for ours, theirs in names}
            own[f"bias_hh_l0{end}"] = torch.zeros(n, dtype=torch.float64)
        return torch.func.functional_call(module, own, (inputs,) if first is None else (inputs, first))

    source = torch.nn.utils.rnn.pack_padded_sequence(t["C"].T[batch.x], lengths, enforce_sorted=False)
    out, last = layer(source, {"": "", "_rev": "_reverse"})
    h = torch.nn.utils.rnn.pad_packed_sequence(out)[0].transpose(0, 1)
    s_0 = torch.tanh(torch.cat([last[0], last[1]], 1) @ t["F"].T + t["b_f"])
    s = layer(t["C_dec"].T[batch.given], {"_dec": ""}, s_0[None])[0].transpose(0, 1)
    if attention == "luong":
        e = s @ (h @ t["A"].T).transpose(1, 2) / 2  # √4
    else:
        e = torch.tanh((s @ t["A"].T)[:, :, None] + (h @ t["D"].T)[:, None]) @ t["a"][0]
    α = torch.softmax(e.masked_fill(torch.tensor(batch.real.T == 0)[:, None], -np.inf), 2)
    z = torch.tanh(torch.cat([α @ h, s], 2) @ t["K"].T + t["b_k"])
    logits = (z @ t["V_dec"].T + t["b_y_dec"]).transpose(0, 1)
    costs = torch.nn.functional.cross_entropy(
        logits.reshape(-1, network.m), torch.tensor(batch.y).ravel(), reduction="none"
    )
    total = (costs * torch.tensor(batch.weight[:T]).ravel()).sum()
    total.backward()
    assert total.item() == pytest.approx(E, rel=1e-12)
    for name, gradient in network.dense(gradients).items():
        np.testing.assert_allclose(gradient, t[name].grad.numpy(), rtol=1e-8, atol=1e-12)
