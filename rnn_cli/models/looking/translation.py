"""What a translation model computes: the states of the source, and how it writes the target."""

from collections.abc import Iterator

import numpy as np

from rnn_cli.models.encoded.paired import Search, read_sources, search
from rnn_cli.models.looking.encoders import of_directions
from rnn_cli.models.looking.parts import Best, Cost, Part
from rnn_cli.models.translator import BEAM, Translator
from rnn_cli.network.arrays import Array, Ids, State
from rnn_cli.network.encoder import Padded
from rnn_cli.network.encoder_decoder import Pairs
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.text.vocabulary import END, SPELLED, START


def translated(model: Translator, text: str) -> Iterator[Part]:
    """Yield what a model computes for each line of a text: for the source, then for the target that it
    writes, with each step's predictions."""
    network, p, vocabulary = model.network, model.p, model.target.vocabulary
    for line in filter(str.strip, text.split("\n")):
        (tokens,), rows = read_sources([line], model.source)
        x, real = rows.padded(np.array([0]))
        h, _ = network.encoder.forward(p, Padded(x, real), Workspace(np.float32))
        yield Part(
            name="source",
            tokens=tokens,
            ids=x[:, 0].tolist(),
            states=of_directions(network.encoder, h[:, 0]),
        )
        ((ids, _),) = next(search(network, p, x, real, Search(BEAM, 1), model.growth))
        y = np.array([*ids, END], np.intp)
        states, log_o = _written(model, x, real, y)
        nats = -log_o[np.arange(len(y)), y]
        spelled = [*SPELLED.values(), *vocabulary.tokens]
        target = [spelled[id] for id in ids]
        characters = len(model.target.tokenizer.join(target)) + 1
        yield Part(
            name="target",
            tokens=[SPELLED[START], *target],
            ids=[START, *ids],
            states=states,
            likeliest=Best.of(log_o).spelled(spelled),
            targets=[*target, SPELLED[END]],
            nats=nats,
            attention=_attention(model, x, real, y),
            cost=Cost(float(nats.sum()), 0.0, len(y), characters),
        )


def _written(model: Translator, x: Ids, real: Array, y: Ids) -> tuple[State, Array]:
    """Return the decoder's states after each step of a target y (T,), each (T, n), and log o_t, (T, m)."""
    sources = model.network.begin(model.p, x, real, 1)
    state, found, logits = sources.first, [], []
    for id in [START, *y[:-1].tolist()]:
        z, state = model.network.step(model.p, np.array([[id]], np.intp), state, sources)
        found.append(state)
        logits.append(z[0].astype(np.float64))
    z = np.concatenate(logits)
    z -= z.max(axis=1, keepdims=True)
    log_o = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return {name: np.concatenate([each[name] for each in found]) for name in state}, log_o


def _attention(model: Translator, x: Ids, real: Array, y: Ids) -> Array:
    """Return how much each step of a target looks at each token of its source, (T, S)."""
    given, weight = np.array([START, *y[:-1]], np.intp), np.zeros((max(len(x), len(y)), 1), np.float32)
    weight[: len(y)] = 1
    batch = Pairs(x, real, given[:, None], y[:, None], weight)
    return model.network.alignments(model.p, batch, Workspace(np.float32))[0].copy()
