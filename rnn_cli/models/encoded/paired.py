"""Sources and targets as an encoder-decoder reads them, and the search for targets."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters, State
from rnn_cli.network.decoding import Beam, Step
from rnn_cli.network.encoder_decoder import EncoderDecoder, Pairs
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.vocabulary import END, START, UNK

LONGEST = 400  # tokens read of a source, from its start, and written for a target, at most
MORE = 5  # tokens added to the length of a source in bounding the length of its target


class Sides:
    """Sources and targets as ids, row by row. y: with END after each."""

    def __init__(self, x: Rows, y: Rows):
        self.x, self.y = x, y

    @cached_property
    def lengths(self) -> Numbers:
        """The number of steps of each pair, (rows,): the length of its longer side."""
        return np.maximum(np.maximum(self.x.lengths, self.y.lengths), 1)

    @property
    def growth(self) -> float:
        """The most target tokens, END included, per source token, where a source counts MORE tokens more than
        it has."""
        return float((self.y.lengths / (self.x.lengths + MORE)).max())

    def batch(self, rows: Numbers) -> Pairs:
        """Return a batch of some pairs."""
        x, real = self.x.padded(rows)
        y, inside = self.y.padded(rows, fill=END)
        given = np.concatenate([np.full((1, len(rows)), START, np.intp), y[:-1]])
        weight = np.zeros((max(len(x), len(y)), len(rows)), np.float32)
        weight[: len(y)] = inside
        return Pairs(x, real, given, y, weight)


class Search(NamedTuple):
    """How to search for targets: `beam` are kept at a time, the `nbest` likeliest are returned."""

    beam: int
    nbest: int


Found = list[tuple[list[int], float]]  # the ids of each target without END, and its log probability


def read_sources(texts: Sequence[str], lexicon: Lexicon) -> tuple[list[list[str]], Rows]:
    """Return the tokens of each text, at most LONGEST, and their ids. A line end counts as a space."""
    tokenizer = lexicon.tokenizer
    lines = [tokenizer.normalize(text.replace("\n", " ")) for text in texts]
    tokens = [[token or "<unk>" for token in row[:LONGEST]] for row in tokenizer.split_all(lines)]
    tokens = [row if line.strip() else [] for row, line in zip(tokens, lines, strict=True)]
    return tokens, Rows.of_lists([*map(lexicon.vocabulary.encode, tokens)])


def search(
    network: EncoderDecoder, p: Parameters, x: Ids, real: Array, how: Search, growth: float
) -> Iterator[Found]:
    """Yield the targets for each of B sources x (S, B), the likeliest first.

    growth: limits their length (`Sides.growth`). UNK is written only if the source has an unknown token to
    copy.
    """
    k, lengths = how.beam, real.sum(axis=0).astype(np.intp)
    sources = network.begin(p, x, real, k)
    longest = np.clip(np.ceil(growth * (lengths + MORE)), 1, LONGEST + 1).astype(np.intp)
    has_unknown = ((x == UNK) & (real > 0)).any(axis=0)

    def step_of(rows: Ids) -> Step:
        some, has_none = sources.of(rows), ~has_unknown[rows]

        def step(ids: Ids, state: State) -> tuple[Array, State]:
            logits, after = network.step(p, ids, state, some)
            logits -= logits.max(axis=2, keepdims=True)
            logits -= np.log(np.exp(logits).sum(axis=2, keepdims=True))
            logits[..., START] = -np.inf
            logits[has_none, :, UNK] = -np.inf
            return logits, after

        return step

    beam = Beam(k, START, END, wanted=how.nbest)
    found = beam.search(step_of, sources.first, longest)
    logs = found.scores * ((5 + found.lengths) / 6) ** beam.alpha
    for ids, ends, log_p in zip(found.ids, found.lengths, logs, strict=True):
        yield [
            (ids[n, : ends[n] - (ids[n, ends[n] - 1] == END)].tolist(), float(log_p[n]))
            for n in range(how.nbest)
            if ends[n] or n == 0
        ]
