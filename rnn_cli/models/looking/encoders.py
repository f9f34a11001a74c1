"""Models that read a whole text before they answer: those of labels, scores and tags."""

from collections.abc import Iterator

import numpy as np

from rnn_cli.models.classifier import Classifier
from rnn_cli.models.encoded.sentences import Sentences
from rnn_cli.models.encoded.texts import Encoded
from rnn_cli.models.looking.parts import Best, Part
from rnn_cli.models.tagger import Tagger
from rnn_cli.network.arrays import Array, State
from rnn_cli.network.encoder import Encoder, Padded
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.pooling import POOLINGS, Rows
from rnn_cli.text.vocabulary import SPELLED, UNK


def labelled(model: Classifier, text: str) -> Iterator[Part]:
    """Yield what a model of labels or scores computes for each line of a text."""
    for line in _lines(text):
        encoded = Encoded.read([line], model.lexicon, model.grams)
        x, real = encoded.x.padded(np.array([0]))
        length, encoder, work = int(encoded.x.lengths[0]), model.network.encoder, Workspace(np.float32)
        h, _ = encoder.forward(model.p, Padded(x, real), work)
        pooled, _ = POOLINGS[model.network.pooling].pool(h, Rows(real, len(encoder.directions)), work)
        (said,) = model.predict([line])
        split = model.lexicon.tokenizer.split(model.lexicon.tokenizer.normalize(line))
        yield Part(
            tokens=[token or SPELLED[UNK] for token in split[:length]],
            ids=x[:length, 0].tolist(),
            states=of_directions(encoder, h[:length, 0]),
            pooled=pooled[0].tolist(),
            answers=said.labels if said.score is None else [("score", said.score)],
        )


def tagged(model: Tagger, text: str) -> Iterator[Part]:
    """Yield what a model of tags computes for each line of a text."""
    network = model.network
    for line in _lines(text):
        tokens = model.read(line).tokens
        sentences = Sentences.read([tokens], model.lexicon, model.affixes)
        tags, _ = model.likeliest(sentences)
        h, log_o, work = [], [], Workspace(np.float32)
        for row, length in enumerate(sentences.types.lengths.tolist()):
            batch = sentences.batch(np.array([row]), np.zeros(len(tags), np.intp))
            seen, _ = network.states(model.p, batch, work, {})
            h.append(seen[:length, 0].copy())
            log_o.append(network.log_probabilities(model.p, batch, work)[:length, 0])
        yield Part(
            tokens=[token or SPELLED[UNK] for token in tokens],
            ids=model.lexicon.vocabulary.encode(tokens),
            states=of_directions(network.encoder, np.concatenate(h)),
            likeliest=Best.of(np.concatenate(log_o)).spelled([*model.tags.names]),
            targets=[model.tags.names[id] for id in tags.tolist()],
        )


def of_directions(encoder: Encoder, h: Array) -> State:
    """Return the states h (T, width) of each direction, by name."""
    n = encoder.n
    return {f"h{way}": h[:, k * n : (k + 1) * n].copy() for k, way in enumerate(encoder.directions)}


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()] or [""]
