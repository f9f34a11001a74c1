"""The classifier against one text at a time (plain_networks.py), and against PyTorch."""

import itertools

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.network.classifier import Classifier, Texts, fitted_mix
from rnn_cli.network.columns import Columns
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop
from rnn_cli.network.labels import LABELS
from rnn_cli.network.pooling import POOLINGS

LENGTHS = (4, 1, 3, 4, 2)
B = len(LENGTHS)


def made(cell="gru", bidirectional=True, pooling="last+max+mean", output="softmax", buckets=9):
    encoder = Encoder(300, 3, cell, layers=2, embedding=2, bidirectional=bidirectional)
    labels = 1 if output == "score" else 3
    grams = {"buckets": buckets, "most_grams": 4} if buckets else {}
    return Classifier(encoder, labels, output, pooling, **grams)


def texts(network, rng):
    T = max(LENGTHS)
    real = (np.arange(T)[:, None] < LENGTHS).astype(float)
    y = {
        "softmax": rng.integers(3, size=B),
        "sigmoid": rng.integers(2, size=(B, 3)).astype(float),
        "score": rng.uniform(size=B),
    }[network.output]
    weight = np.zeros((T, B))
    weight[0] = rng.uniform(0.5, 2, B)
    sizes = np.array([4, 0, 1, 3, 4]) * bool(network.buckets)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    grams = rng.integers(9, size=starts[-1])
    return Texts(rng.integers(300, size=(T, B)), real, y, weight, grams, starts)


def problem(network, seed=0):
    rng = np.random.default_rng(seed)
    p = network.initialise(rng, np.full(network.labels, 0.5))
    return plain.noisy(network, p, rng), texts(network, rng), rng


def one_at_a_time(of, p, network, batch, masks=None):
    """What a function of plain_networks.py gives for each text."""
    return [
        of(
            p,
            network,
            batch.x[:L, b],
            batch.grams[batch.starts[b] : batch.starts[b + 1]],
            plain.row_of(masks or {}, b, L),
        )
        for b, L in enumerate(LENGTHS)
    ]


KINDS = pytest.mark.parametrize(
    "network",
    [made(cell, ways) for cell, ways in itertools.product(CELLS, (False, True))]
    + [
        made(pooling=pooling, output=output)
        for pooling, output in zip(POOLINGS, (*LABELS, "score"), strict=True)
    ]
    + [made(buckets=0)],
    ids=lambda one: (
        f"{one.encoder.cell}-{one.encoder.bidirectional}-{one.pooling}-{one.output}-{one.buckets}"
    ),
)


@KINDS
def test_loss_and_derivatives_are_those_of_each_text_alone(network):
    p, batch, rng = problem(network)
    masks = network.draw_masks(rng, Drop(0.3), *batch.x.shape)

    def E(p):
        said = one_at_a_time(plain.experts, p, network, batch, masks)
        return sum(
            w * plain.cost(network.output, plain.output_of(network, z), y) / len(each)
            for w, each, y in zip(batch.weight[0], said, batch.y, strict=True)
            for z in each
        )

    work = Workspace(np.float64)
    found, gradients, state = network.loss_and_gradients(p, batch, {}, work, masks)
    assert state == network.zero_state(B) == {}
    assert found == pytest.approx(E(p), rel=1e-12)
    assert network.loss(p, batch, {}, Workspace(np.float64), masks)[0] == pytest.approx(found, rel=1e-12)
    plain.same_derivatives(network, E, p, gradients, rng)


@KINDS
def test_probabilities_are_those_of_each_text_alone(network):
    p, batch, _ = problem(network)
    o = one_at_a_time(plain.classified, p, network, batch)
    found = network.probabilities(p, batch, Workspace(np.float64))
    np.testing.assert_allclose(found, o, rtol=1e-10)
    costs = [plain.cost(network.output, *of) for of in zip(o, batch.y, strict=True)]
    np.testing.assert_allclose(network.nats(p, batch, Workspace(np.float64)), costs, rtol=1e-10)
    E, state = network.evaluate(p, batch, {}, Workspace(np.float64))
    assert pytest.approx(batch.weight[0] @ costs, rel=1e-12) == E
    assert state == {}


def targets_of(output, z):
    """Targets that logits z (N, m) fit."""
    return {"softmax": z.argmax(1), "sigmoid": (z > 0) * 1.0, "score": plain.sigma(z)[:, 0]}[output]


def one_cost(output, z, y):
    """E of each text with logits z (N, m)."""
    o = [plain.softmax(row) if output == "softmax" else plain.sigma(row) for row in z]
    return [plain.cost(output, *of) for of in zip(o, y, strict=True)]


@pytest.mark.parametrize("output", LABELS)
def test_the_fitted_mix_is_the_one_with_the_least_loss(output):
    rng = np.random.default_rng(0)
    m = 1 if output == "score" else 3
    z, w = rng.normal(0, 2, size=(2, 40, m))
    y = targets_of(output, z + w)
    costs = [sum(one_cost(output, λ * z + (1 - λ) * w, y)) for λ in (0, 0.05, 0.5, 1)]
    found = fitted_mix(output, z, w, y)
    assert 0.3 < found < 0.7
    assert sum(one_cost(output, found * z + (1 - found) * w, y)) <= min(costs)
    true = targets_of(output, z)
    assert fitted_mix(output, z, rng.normal(size=z.shape), true) > 0.9
    assert fitted_mix(output, rng.normal(size=z.shape), z, true) < 0.1


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_what_is_learned_from_is_no_less_than_what_is_judged_by(output):
    network = made(output=output)
    p, batch, _ = problem(network)
    p["mix"][:] = 0.5
    learned, _ = network.loss(p, batch, {}, Workspace(np.float64))
    judged, _ = network.evaluate(p, batch, {}, Workspace(np.float64))
    assert learned > judged
    alone = made(output=output, buckets=0)
    p = {name: array for name, array in p.items() if name in alone.shapes}
    batch = batch._replace(grams=batch.grams[:0], starts=batch.starts * 0)
    assert alone.loss(p, batch, {}, Workspace(np.float64)) == alone.evaluate(
        p, batch, {}, Workspace(np.float64)
    )


@pytest.mark.parametrize("network", [made(), made(output="sigmoid", buckets=0)], ids=["grams", "none"])
def test_the_rows_of_a_batch_add_up_to_the_batch(network):
    p, batch, _ = problem(network)
    whole, gradients, _ = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))
    total = network.dense(gradients)
    cuts = [network.rows(batch, slice(*ends)) for ends in ((0, 2), (2, 5))]
    sums = [network.loss_and_gradients(p, cut, {}, Workspace(np.float64)) for cut in cuts]
    assert sum(E for E, _, _ in sums) == pytest.approx(whole, rel=1e-12)
    one, two = (network.dense(gradients) for _, gradients, _ in sums)
    for name, g in total.items():
        np.testing.assert_allclose(one[name] + two[name], g, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("output", LABELS)
def test_rooms_hold_what_travels(output):
    network = made(output=output)
    p, batch, _ = problem(network)
    gradients = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))[1]
    arrays = batch._asdict()
    for name, gradient in gradients.items():
        if isinstance(gradient, Columns):
            arrays |= gradient.named(name)
    rooms = network.rooms(*batch.x.shape)
    assert rooms.keys() == arrays.keys()
    for name, array in arrays.items():
        assert array.size <= rooms[name][0]
        assert rooms[name][1] == (array.dtype == np.intp)


def test_without_n_grams_the_batch_has_none():
    network = made(buckets=0)
    assert "G" not in network.shapes
    assert network.rooms(3, 2)["grams"] == (0, True)


def test_an_empty_text_has_the_answer_of_no_features():
    network = made()
    p, batch, _ = problem(network)
    real, starts = batch.real.copy(), batch.starts.copy()
    real[:, 0] = 0
    batch = batch._replace(
        real=real, starts=np.maximum(starts, starts[1]) - starts[1], grams=batch.grams[starts[1] :]
    )
    found = network.probabilities(p, batch, Workspace(np.float64))
    λ = p["mix"][0]
    np.testing.assert_allclose(found[0], plain.softmax(λ * p["b_y"] + (1 - λ) * p["b_g"]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": 0},
        {"labels": 2, "output": "score"},
        {"output": "hinge"},
        {"pooling": "median"},
        {"buckets": 5},
        {"most_grams": 5},
        {"encoder": Encoder(5, 3, beside=2)},
    ],
)
def test_choices_that_make_no_classifier_are_refused(wrong):
    with pytest.raises(ValueError, match=r"labels|unknown|n-grams|second input"):
        Classifier(**({"encoder": Encoder(5, 3), "labels": 3} | wrong))


def test_pytorch_finds_the_same_gradients():
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    encoder = Encoder(20, 3, "tanh", embedding=2, bidirectional=True)
    network = Classifier(encoder, 3, buckets=9, most_grams=4)
    rng = np.random.default_rng(0)
    p, batch = plain.noisy(network, network.initialise(rng, np.full(3, 0.3)), rng), texts(network, rng)
    batch = batch._replace(x=batch.x % 20)
    E, gradients, _ = network.loss_and_gradients(p, batch, {}, Workspace(np.float64))
    t = {name: torch.tensor(np.ascontiguousarray(array), requires_grad=True) for name, array in p.items()}
    module = torch.nn.RNN(2, 3, bidirectional=True, dtype=torch.float64)
    own = {}
    for way, end in (("", ""), ("_rev", "_reverse")):
        for letter, name in (("U", "weight_ih"), ("W", "weight_hh"), ("b_a", "bias_ih")):
            own[f"{name}_l0{end}"] = t[letter + way]
        own[f"bias_hh_l0{end}"] = torch.zeros(3, dtype=torch.float64)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        t["C"].T[batch.x], torch.tensor(LENGTHS), enforce_sorted=False
    )
    out, last = torch.func.functional_call(module, own, (packed,))
    h, _ = torch.nn.utils.rnn.pad_packed_sequence(out)
    padding = torch.tensor(batch.real == 0)[..., None]
    largest = h.masked_fill(padding, -np.inf).amax(0)
    mean = h.sum(0) / torch.tensor(LENGTHS)[:, None]
    g = F.embedding_bag(torch.tensor(batch.grams), t["G"].T, torch.tensor(batch.starts[:-1]), mode="sum")
    s = torch.cat([last[0], last[1], largest, mean], 1)
    w = 4 * g / torch.tensor(np.sqrt(np.maximum(np.diff(batch.starts), 1)))[:, None] + t["b_g"]
    y = torch.tensor(batch.y)
    of_states = F.cross_entropy(s @ t["V"].T + t["b_y"], y, reduction="none")
    of_grams = F.cross_entropy(w, y, reduction="none")
    total = ((of_states + of_grams) / 2 * torch.tensor(batch.weight[0])).sum()
    total.backward()
    assert total.item() == pytest.approx(E, rel=1e-12)
    for name, gradient in network.dense(gradients).items():
        theirs = t[name].grad.numpy() if name != "mix" else np.zeros(1)
        np.testing.assert_allclose(gradient, theirs, rtol=1e-8, atol=1e-12)
