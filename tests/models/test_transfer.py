"""A language model's layers in an encoder: the same states in the direction that it has learned."""

import numpy as np
import pytest

from rnn_cli.models.transfer import layers_into
from rnn_cli.network.encoder import Encoder, Padded
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network

M, N, T = 9, 4, 5
MODELS = {
    "one-hot": {},
    "embedding": {"embedding": 3, "cell": "gru"},
    "tied": {"embedding": N, "tie": True, "cell": "lstm"},
    "two layers": {"embedding": 3, "cell": "gru", "layers": 2},
    "adaptive": {"output": "adaptive", "cutoffs": (5,), "layers": 3},
    "classes, tied": {"output": "classes", "cutoffs": (5,), "embedding": N, "tie": True},
}


def drawn(network):
    rng = np.random.default_rng(0)
    p = {name: rng.normal(size=shape) for name, shape in network.shapes.items()}
    return network.lay_out(p)


def encoder_of(model, bidirectional):
    return Encoder(M, N, model.cell, model.layers, model.embedding, bidirectional)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_states_are_those_of_the_language_model_from_each_end(kind, bidirectional):
    model = Network(m=M, n=N, **MODELS[kind])
    p, x = drawn(model), np.array([3, 7, 4, 8, 3])
    encoder = encoder_of(model, bidirectional)
    found = layers_into(encoder, model, p)
    assert found.keys() == encoder.shapes.keys()
    assert {name: array.shape for name, array in found.items()} == encoder.shapes
    rows = Padded(x[:, None], np.ones((T, 1), np.float32))
    h, _ = encoder.forward(encoder.lay_out(found), rows, Workspace(np.float32))
    ways = [x, x[::-1]][: 1 + bidirectional]
    states = [model.seen(model.states(p, way)) for way in ways]
    assert np.allclose(h[:, 0, :N], states[0], atol=1e-5)
    if bidirectional:
        assert np.allclose(h[:, 0, N:], states[1][::-1], atol=1e-5)
