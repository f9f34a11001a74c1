"""Networks of whole sequences to check, each with a batch that has the features of real text."""

from collections.abc import Callable, Iterator
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
M = ONE_HOT_UP_TO + 1  # tokens, so that the gradient of their table is by columns
BUCKETS = 11
MOST = 3  # ids in a bag


SequenceNetwork = Classifier | Tagger | EncoderDecoder | Conditional


class Example(NamedTuple):
    """A network to check, with its parameters and a batch."""

    cell: str
    kind: str  # its other choices, in words
    network: SequenceNetwork
    p: Parameters
    batch: Any


class Draw(NamedTuple):
    """Draws what makes up a batch."""

    B: int  # rows, at least 4
    rng: np.random.Generator

    def real(self) -> Array:
        """Return the mask of rows of different lengths: one has all steps, one has one, and one has none."""
        lengths = self.rng.integers(1, T + 1, size=self.B)
        lengths[:3] = T, 1, 0
        return (np.arange(T)[:, None] < lengths).astype(np.float64)

    def ids(self, m: int) -> Ids:
        """Return tokens, one of which several rows share in one step."""
        x = self.rng.integers(m, size=(T, self.B))
        x[0] = x[0, 0]
        return x

    def bags(self, count: int, buckets: int) -> tuple[Ids, Ids]:
        """Return the ids and starts of `count` bags; the first is empty, and all are if `buckets` is 0."""
        sizes = self.rng.integers(MOST + 1, size=count) if buckets else np.zeros(count, np.intp)
        sizes[0] = 0
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return self.rng.integers(max(1, buckets), size=starts[-1]), starts

    def noisy(self, p: Parameters) -> Parameters:
        """Return the parameters with noise, so that none is 0 or at a kink of relu."""
        return {name: array + self.rng.normal(0, NOISE, array.shape) for name, array in p.items()}


class Task(NamedTuple):
    """How the networks of a task are checked.

    networks: (cell, units) -> the networks to check. batch: returns a batch for one of them. cell, kind: of a
    network. outputs: the number of frequencies that `initialise` takes.
    """

    networks: Callable[[str, int], Iterator[Any]]
    batch: Callable[[Any, Draw], Any]
    cell: Callable[[Any], str]
    kind: Callable[[Any], str]
    outputs: Callable[[Any], int] = lambda network: network.m

    def example(self, network: Any, p: Parameters, draw: Draw) -> Example:
        """Return a network with its parameters and a batch."""
        return Example(self.cell(network), self.kind(network), network, p, self.batch(network, draw))

    def examples(self, cell: str, n: int, draw: Draw) -> Iterator[Example]:
        """Yield each network of a cell, with noisy parameters."""
        for network in self.networks(cell, n):
            first = network.initialise(draw.rng, np.full(self.outputs(network), 0.5))
            yield self.example(network, draw.noisy(first), draw)


def _classifiers(cell: str, n: int) -> Iterator[Classifier]:
    """Yield classifiers with both directions and with one, with every pooling; the outputs take turns, also
    from cell to cell."""
    outputs = islice(cycle(LABELS), [*CELLS].index(cell), None)
    for (bidirectional, pooling), output in zip(product((True, False), POOLINGS), outputs, strict=False):
        encoder = Encoder(M, n, cell, 1, 3, bidirectional)
        yield Classifier(encoder, 1 if output == "score" else 3, output, pooling, BUCKETS, MOST)


def _texts(network: Classifier, draw: Draw) -> Texts:
    labels, B, rng = network.labels, draw.B, draw.rng
    y = {
        "softmax": rng.integers(labels, size=B),
        "sigmoid": rng.integers(2, size=(B, labels)).astype(np.float64),
        "score": rng.uniform(size=B),
    }[network.output]
    weight = np.zeros((T, B))
    weight[0] = rng.uniform(0.5, 2, B)
    return Texts(draw.ids(network.encoder.m), draw.real(), y, weight, *draw.bags(B, network.buckets))


def _taggers(cell: str, n: int) -> Iterator[Tagger]:
    """Yield taggers with both directions and with one, with and without affixes; of two layers with an
    embedding, or of one layer without."""
    for bidirectional, buckets in product((True, False), (BUCKETS, 0)):
        layers, embedding = (2, 3) if bidirectional == bool(buckets) else (1, 0)
        encoder = Encoder(M, n, cell, layers, embedding, bidirectional, beside=2 if buckets else 0)
        yield Tagger(encoder, 4, buckets, MOST if buckets else 0)


def _tagged(network: Tagger, draw: Draw) -> Tagged:
    real = draw.real()
    weight = real.copy()
    weight[1, 0] = 0  # a step without a tag
    affixes, starts = draw.bags(T * draw.B, network.buckets)
    starts = starts if network.buckets else starts[:1]
    y = draw.rng.integers(network.tags, size=(T, draw.B))
    return Tagged(draw.ids(network.encoder.m), real, y, weight, affixes, starts)


def _kind_of_tagger(network: Tagger) -> str:
    encoder = network.encoder
    layers = f"{encoder.layers} layers" if encoder.layers > 1 else _embedded(encoder.embedding)
    return f"{_ways(encoder)}, {layers}{', affixes' if network.buckets else ''}"


def _translators(cell: str, n: int) -> Iterator[EncoderDecoder]:
    """Yield translators with both directions and with one, with each attention; every second one is tied."""
    for (bidirectional, attention), tie in zip(
        product((True, False), ATTENTIONS), cycle((False, True)), strict=False
    ):
        decoder = Network(M, n, cell, embedding=n if tie else 3, tie=tie)
        yield EncoderDecoder(Encoder(M, n, cell, 1, 3, bidirectional), decoder, attention)


def _pairs(network: EncoderDecoder, draw: Draw) -> Pairs:
    """Return a batch whose source is longer than the target; if tied, the target is longer."""
    m = network.decoder.m
    given, y, real = draw.ids(m), draw.ids(m), draw.real()
    written = draw.real()[:-1]  # one step fewer than the source may have
    weight = np.concatenate([written, np.zeros((1, draw.B))])
    if network.decoder.tie:
        real, weight = real[:-2], written
    return Pairs(draw.ids(network.encoder.m)[: len(real)], real, given[:-1], y[:-1], weight)


def _conditionals(cell: str, n: int) -> Iterator[Conditional]:
    """Yield conditional models of one layer and of two."""
    for layers, embedding in [(1, 0), (2, 3)]:
        yield Conditional(Guided(M, n, cell, layers=layers, embedding=embedding, beside=2), 4)


def _labelled(network: Conditional, draw: Draw) -> Labelled:
    label = draw.rng.integers(network.labels, size=draw.B)
    label[:2] = network.labels - 1
    return Labelled(draw.ids(network.m), draw.ids(network.m), draw.real(), label)


def _ways(encoder: Encoder) -> str:
    return "both" if encoder.bidirectional else "one"


def _embedded(embedding: int) -> str:
    return "embedding" if embedding else "one-hot"


TASKS: dict[str, Task] = {
    "classify": Task(
        _classifiers,
        _texts,
        lambda network: network.encoder.cell,
        lambda network: f"{_ways(network.encoder)}, {network.pooling}, {network.output}",
        lambda network: network.labels,
    ),
    "tag": Task(_taggers, _tagged, lambda network: network.encoder.cell, _kind_of_tagger),
    "translate": Task(
        _translators,
        _pairs,
        lambda network: network.encoder.cell,
        lambda network: (
            f"{_ways(network.encoder)}, {network.attention}{', tied' if network.decoder.tie else ''}"
        ),
    ),
    "generate": Task(
        _conditionals,
        _labelled,
        lambda network: network.language.cell,
        lambda network: _embedded(network.language.embedding),
    ),
}
