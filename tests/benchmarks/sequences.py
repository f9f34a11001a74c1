"""Training networks of whole sequences on one core, compared with PyTorch: labels, tags and translation.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/sequences.py [--rounds 5] [--seconds 2]

Run it in an environment that has PyTorch and what rnn needs. A step is forward, cross-entropy, backward,
clipping by norm and Adam, without dropout. All rows of a batch are of equal length, which is PyTorch's
fastest case, as it needs no packing. Prints a Markdown table: rows per second of processor time, medians of
rounds in turn, and the median ratio.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rnn_cli.network.classifier import Classifier, Texts
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder, Pairs
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network
from rnn_cli.network.tagger import Tagged, Tagger
from rnn_cli.training.optimizers import OPTIMIZERS, Step, apply, clipping, gradient_norm, initial_moments

LABELS, TAGS = 2, 17


class Size(NamedTuple):
    """m: tokens. e: of the embedding; 0: one-hot. n: units of a direction. B: rows, of T steps."""

    m: int
    e: int
    n: int
    B: int
    T: int


def ours(network: Any, batch: Any, frequencies: int) -> Callable[[], None]:
    """Return a step of training."""
    p = network.initialise(np.random.default_rng(0), np.ones(frequencies))
    optimizer, work = OPTIMIZERS["adam"], Workspace(np.float32)
    moments = initial_moments(optimizer, network, p)
    number = 0

    def step() -> None:
        nonlocal number
        number += 1
        _, gradients, _ = network.loss_and_gradients(p, batch, {}, work)
        scale = 1 / batch.weight.sum()
        norm = scale * gradient_norm(gradients)
        apply(optimizer, p, gradients, moments, Step(1e-3, number, scale * clipping(norm, 1.0)))

    return step


def theirs(network: Any, loss: Callable[[], Any]) -> Callable[[], None]:
    """Return a step of training. loss: of the network, on its batch."""
    learned = [each for each in network.parameters() if each.requires_grad]
    optimizer = torch.optim.Adam(learned, 1e-3)

    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()

    return step


def table(m: int, e: int) -> Any:
    """Return PyTorch's input: an embedding, or one-hot vectors."""
    return nn.Embedding(m, e) if e else nn.Embedding.from_pretrained(torch.eye(m))


def reader(size: Size, parts: int, outputs: int) -> Any:
    """Return PyTorch's gru in both directions, and an output layer that sees some parts of its states."""
    m, e, n, _, _ = size
    gru = nn.GRU(e or m, n, bidirectional=True)
    return nn.ModuleDict({"table": table(m, e), "gru": gru, "output": nn.Linear(parts * n, outputs)})


def labels(size: Size, rng: np.random.Generator) -> tuple[Callable[[], None], Callable[[], None]]:
    """A gru in both directions, the last states, their maximum and their mean, a softmax."""
    m, e, n, B, T = size
    x, y = rng.integers(m, size=(T, B)), rng.integers(LABELS, size=B)
    real, weight = np.ones((T, B), np.float32), np.zeros((T, B), np.float32)
    weight[0] = 1
    batch = Texts(x, real, y, weight, np.zeros(0, np.intp), np.zeros(B + 1, np.intp))
    parts = reader(size, 6, LABELS)

    def loss() -> Any:
        h, last = parts["gru"](parts["table"](torch.tensor(x)))
        s = torch.cat([last[0], last[1], h.amax(0), h.mean(0)], 1)
        return functional.cross_entropy(parts["output"](s), torch.tensor(y))

    network = Classifier(Encoder(m, n, "gru", 1, e, bidirectional=True), LABELS)
    return ours(network, batch, LABELS), theirs(parts, loss)


def tags(size: Size, rng: np.random.Generator) -> tuple[Callable[[], None], Callable[[], None]]:
    """A gru in both directions, a softmax a step."""
    m, e, n, B, T = size
    x, y, ones = rng.integers(m, size=(T, B)), rng.integers(TAGS, size=(T, B)), np.ones((T, B), np.float32)
    batch = Tagged(x, ones, y, ones, np.zeros(0, np.intp), np.zeros(B * T + 1, np.intp))
    parts = reader(size, 2, TAGS)

    def loss() -> Any:
        h, _ = parts["gru"](parts["table"](torch.tensor(x)))
        return functional.cross_entropy(parts["output"](h).flatten(0, 1), torch.tensor(y.ravel()))

    return ours(Tagger(Encoder(m, n, "gru", 1, e, bidirectional=True), TAGS), batch, TAGS), theirs(
        parts, loss
    )


def pairs(size: Size, rng: np.random.Generator) -> tuple[Callable[[], None], Callable[[], None]]:
    """A gru in both directions, a first state from its last, a gru that attends to its states (luong)."""
    m, e, n, B, T = size
    x, given, y = rng.integers(m, size=(3, T, B))
    ones = np.ones((T, B), np.float32)
    parts = nn.ModuleDict(
        {
            "table": table(m, e),
            "encoder": nn.GRU(e or m, n, bidirectional=True),
            "first": nn.Linear(2 * n, n),
            "table_dec": table(m, e),
            "decoder": nn.GRU(e or m, n),
            "attention": nn.Linear(2 * n, n, bias=False),
            "join": nn.Linear(3 * n, n),
            "output": nn.Linear(n, m),
        }
    )

    def loss() -> Any:
        h, last = parts["encoder"](parts["table"](torch.tensor(x)))
        first = torch.tanh(parts["first"](torch.cat([last[0], last[1]], 1)))
        s, _ = parts["decoder"](parts["table_dec"](torch.tensor(given)), first[None])
        h, s = h.transpose(0, 1), s.transpose(0, 1)
        e = torch.bmm(s, parts["attention"](h).transpose(1, 2)) / n**0.5
        c = torch.bmm(torch.softmax(e, 2), h)
        z = torch.tanh(parts["join"](torch.cat([c, s], 2)))
        return functional.cross_entropy(parts["output"](z).flatten(0, 1), torch.tensor(y.T.ravel()))

    network = EncoderDecoder(
        Encoder(m, n, "gru", 1, e, bidirectional=True), Network(m, n, "gru", embedding=e)
    )
    return ours(network, Pairs(x, ones, given, y, ones), m), theirs(parts, loss)


KINDS = {"labels": labels, "tags": tags, "pairs": pairs}
SIZES = [
    ("labels", Size(8000, 64, 64, 32, 25)),
    ("labels", Size(8000, 128, 128, 32, 25)),
    ("tags", Size(8000, 64, 128, 32, 25)),
    ("pairs", Size(60, 0, 128, 64, 10)),
    ("pairs", Size(60, 0, 224, 64, 10)),
    ("pairs", Size(3000, 256, 256, 64, 8)),
]


def rate(step: Callable[[], None], rows: int, seconds: float) -> float:
    """Return rows a second of the processor."""
    steps, began = 0, time.process_time()
    while (passed := time.process_time() - began) < seconds:
        step()
        steps += 1
    return steps * rows / passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | m, e, n, B, T | rnn, rows/s | PyTorch, rows/s | ratio |")
    print("|---|---|---|---|---|")
    for kind, size in SIZES:
        both = KINDS[kind](size, np.random.default_rng(0))
        for step in both:
            rate(step, 1, 0.3)  # a warm-up
        rounds = [[rate(step, size.B, asked.seconds) for step in both] for _ in range(asked.rounds)]
        us, them = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(a / b for a, b in rounds)
        print(f"| {kind} | {', '.join(map(str, size))} | {us:,.0f} | {them:,.0f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
