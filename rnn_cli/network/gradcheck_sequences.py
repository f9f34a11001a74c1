"""Networks of whole sequences to check, and a batch for each: with all that batches of real texts contain."""

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, islice, product
from typing import Any, NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.attention import ATTENTIONS
from rnn_cli.network.cells import CELLS
from rnn_cli.network.classifier import Classifier, Texts
from rnn_cli.network.conditional import Conditional, Guided, Labelled
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder, Pairs
from rnn_cli.network.gradcheck import NOISE
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.labels import LABELS
from rnn_cli.network.network import Network
from rnn_cli.network.pooling import POOLINGS
from rnn_cli.network.tagger import Tagged, Tagger

T = 5  # steps of the longest row
M = ONE_HOT_UP_TO + 1  # tokens: the gradient of their table is by columns
BUCKETS = 11
MOST = 3  # ids of a bag


SequenceNetwork = Classifier | Tagger | EncoderDecoder | Conditional


class Example(NamedTuple):
    """A network to check, at noisy parameters, and a batch for it."""

    cell: str
    kind: str  # its other choices, in words
    network: SequenceNetwork
    p: Parameters
    batch: Any


class Draw(NamedTuple):
    """What decides an example, beside the choices of its task."""

    cell: str
    n: int  # units
    B: int  # rows, 4 or more
    rng: np.random.Generator

    def real(self) -> Array:
        """Return the mask of rows of unlike length: one has all steps, one has one, and one has none."""
        lengths = self.rng.integers(1, T + 1, size=self.B)
        lengths[:3] = T, 1, 0
        return (np.arange(T)[:, None] < lengths).astype(np.float64)

    def ids(self, m: int) -> Ids:
        """Return tokens, with one that several rows share in one step."""
        x = self.rng.integers(m, size=(T, self.B))
        x[0] = x[0, 0]
        return x

    def bags(self, count: int) -> tuple[Ids, Ids]:
        """Return the ids and the starts of some bags; the first is empty."""
        sizes = self.rng.integers(MOST + 1, size=count)
        sizes[0] = 0
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return self.rng.integers(BUCKETS, size=starts[-1]), starts

    def noisy(self, p: Parameters) -> Parameters:
        """Return parameters of which none is 0 or stands at a kink of relu."""
        return {name: array + self.rng.normal(0, NOISE, array.shape) for name, array in p.items()}


def _classify(draw: Draw) -> Iterator[Example]:
    """Both directions and one, with every pooling; the outputs take turns, from cell to cell too."""
    cell, n, B, rng = draw
    outputs = islice(cycle(LABELS), [*CELLS].index(cell), None)
    for (bidirectional, pooling), output in zip(product((True, False), POOLINGS), outputs, strict=False):
        labels = 1 if output == "score" else 3
        encoder = Encoder(M, n, cell, 1, 3, bidirectional)
        network = Classifier(encoder, labels, output, pooling, BUCKETS, 2, MOST)
        p = draw.noisy(network.initialise(rng, np.full(labels, 0.5)))
        y = {
            "softmax": rng.integers(labels, size=B),
            "sigmoid": rng.integers(2, size=(B, labels)).astype(np.float64),
            "score": rng.uniform(size=B),
        }[output]
        weight = np.zeros((T, B))
        weight[0] = rng.uniform(0.5, 2, B)
        batch = Texts(draw.ids(M), draw.real(), y, weight, *draw.bags(B))
        yield Example(cell, f"{_ways(encoder)}, {pooling}, {output}", network, p, batch)


def _tag(draw: Draw) -> Iterator[Example]:
    """Both directions and one, with and without affixes; in two layers with an embedding, or in one."""
    cell, n, B, rng = draw
    for bidirectional, buckets in product((True, False), (BUCKETS, 0)):
        layers, embedding = (2, 3) if bidirectional == bool(buckets) else (1, 0)
        encoder = Encoder(M, n, cell, layers, embedding, bidirectional, beside=2 if buckets else 0)
        network = Tagger(encoder, 4, buckets, MOST if buckets else 0)
        p = draw.noisy(network.initialise(rng, np.ones(4)))
        real = draw.real()
        weight = real.copy()
        weight[1, 0] = 0  # a step without a tag
        affixes, starts = draw.bags(T * B) if buckets else (np.zeros(0, np.intp), np.zeros(1, np.intp))
        batch = Tagged(draw.ids(M), real, rng.integers(4, size=(T, B)), weight, affixes, starts)
        of_layers = "2 layers" if layers == 2 else "one-hot"
        kind = f"{_ways(encoder)}, {of_layers}{', affixes' if buckets else ''}"
        yield Example(cell, kind, network, p, batch)


def _translate(draw: Draw) -> Iterator[Example]:
    """Both directions and one, with each attention; the source longer than the target, and the other way
    round."""
    cell, n, B, rng = draw
    for (bidirectional, attention), tie in zip(
        product((True, False), ATTENTIONS), cycle((False, True)), strict=False
    ):
        encoder = Encoder(M, n, cell, 1, 3, bidirectional)
        decoder = Network(M, n, cell, embedding=n if tie else 3, tie=tie)
        network = EncoderDecoder(encoder, decoder, attention)
        p = draw.noisy(network.initialise(rng, np.ones(M)))
        given, y, real = draw.ids(M), draw.ids(M), draw.real()
        written = draw.real()[:-1]  # one step fewer than the source may have
        weight = np.concatenate([written, np.zeros((1, B))])
        if tie:
            real, weight = real[:-2], written
        batch = Pairs(draw.ids(M)[: len(real)], real, given[:-1], y[:-1], weight)
        yield Example(cell, f"{_ways(encoder)}, {attention}{', tied' if tie else ''}", network, p, batch)


def _generate(draw: Draw) -> Iterator[Example]:
    """One layer and two."""
    cell, n, B, rng = draw
    for layers, embedding in [(1, 0), (2, 3)]:
        language = Guided(M, n, cell, layers=layers, embedding=embedding, beside=2)
        network = Conditional(language, 4)
        p = draw.noisy(network.initialise(rng, np.ones(M)))
        label = rng.integers(4, size=B)
        label[:2] = 3
        batch = Labelled(draw.ids(M), draw.ids(M), draw.real(), label)
        yield Example(cell, "one-hot" if not embedding else "embedding", network, p, batch)


def _ways(encoder: Encoder) -> str:
    return "both" if encoder.bidirectional else "one"


TASKS: Mapping[str, Callable[[Draw], Iterator[Example]]] = {
    "classify": _classify,
    "tag": _tag,
    "translate": _translate,
    "generate": _generate,
}
