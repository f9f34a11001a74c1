"""What a text costs: the nats of each of its tokens, read as a stream, so that it may be of any size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.scoring.kneser_ney import KneserNey
from rnn_cli.text.store.corpus import Corpus, in_memory, spans
from rnn_cli.text.store.cutting import cut
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.vocabulary import END, UNK
from rnn_cli.text.windows import Windows, rows_without_cuts
from rnn_cli.training.optimizers import OPTIMIZERS, apply, clipping, gradient_norm

CHUNK = 1 << 16  # tokens read at a time
ROWS, STEPS = 64, 64  # of a window of independent lines
DYNAMIC_STEPS = 20  # of a window after which dynamic evaluation learns
CLIP = 1.0  # the norm of its gradients

Nats = NDArray[np.float64]


class Chunk(NamedTuple):
    """Some lines of a text, one after another."""

    lines: list[str]  # as they stand
    tokens: list[list[Token] | None]  # of each line; None where it is skipped
    corpus: Corpus  # of the lines that are not


class ScoredLine(NamedTuple):
    text: str
    tokens: list[Token]
    nats: Nats  # (len(tokens) + 1,) of each token, given all before it, and of the line's end; () if skipped
    spelling: Nats  # the same of the spelling of unknown tokens, 0 for others
    unknown: int


class Predictor(Protocol):
    """Reads a text from its beginning, chunk by chunk."""

    def nats(self, corpus: Corpus, /) -> Nats:
        """-log p of each of the chunk's ids, (N,)."""


def read_chunks(model: LanguageModel, lines: Iterable[str]) -> Iterator[Chunk]:
    """A text in chunks of whole lines, in the ids of a model."""
    chunk = _Growing(model)
    for line in lines:
        chunk.add(line)
        if len(chunk.ids) >= CHUNK:
            yield chunk.whole()
            chunk = _Growing(model)
    if chunk.lines:
        yield chunk.whole()


@dataclass
class _Growing:
    model: LanguageModel
    lines: list[str] = field(default_factory=list)
    tokens: list[list[Token] | None] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    characters: list[int] = field(default_factory=list)

    def add(self, line: str) -> None:
        skipped = not self.model.carry_state and not line.strip()
        tokens = None if skipped else self.model.tokenizer.split(line)
        self.lines.append(line)
        self.tokens.append(tokens)
        if tokens is not None:
            self.ids += [*self.model.vocabulary.encode(tokens), END]
            self.starts.append(len(self.ids))
            self.characters.append(len(line) + 1)

    def whole(self) -> Chunk:
        corpus = Corpus(
            np.array(self.ids, np.int32),
            np.array(self.starts, np.int64),
            np.array(self.characters, np.int64),
        )
        return Chunk(self.lines, self.tokens, corpus)


class Reader:
    """A model as it reads a text: with the state carried on from chunk to chunk, if that is how it was
    trained.

    dynamic: the learning rate of dynamic evaluation, 0 for none (Mikolov et al. 2010; Krause et al. 2018):
        after each window the model, a copy of its own, takes a step of gradient descent on it.
    """

    def __init__(self, model: LanguageModel, dynamic: float = 0.0):
        self.model, self.dynamic = model, dynamic
        in_order = bool(model.carry_state or dynamic)
        self._rows = 1 if in_order else ROWS
        self._steps = DYNAMIC_STEPS if dynamic else STEPS
        self._p = model.network.lay_out(model.p) if dynamic else model.p
        self._state = model.network.zero_state(1)
        self._work = Workspace(np.float32)

    def nats(self, corpus: Corpus) -> Nats:
        """-log p of each of the chunk's ids, (N,). Raises RnnError where it is not a number."""
        network, carry = self.model.network, self.model.carry_state
        pieces = spans(corpus, np.arange(corpus.lines))
        rows = 1 if carry else rows_without_cuts(len(corpus.ids), int(pieces[1].max()), self._rows)
        state = self._state if carry else network.zero_state(rows)
        windows = Windows(corpus.ids, pieces, rows, self._steps, carry)
        nats = np.empty(len(corpus.ids))
        for index in range(len(windows)):
            batch, (place, inside) = windows[index], windows.places(index)
            E, after = network.nats(self._p, batch, state, self._work)
            nats[place[inside]] = E[inside]
            if self.dynamic:
                _, gradients, _ = network.loss_and_gradients(self._p, batch, state, self._work)
                tokens = int(batch.weight.sum())
                scale = clipping(gradient_norm(gradients) / tokens, CLIP) / tokens
                apply(OPTIMIZERS["sgd"], self._p, gradients, {}, self.dynamic, index + 1, scale)
            state = after
        self._state = state
        if not np.isfinite(nats).all():
            lower = ": lower the learning rate of --dynamic" if self.dynamic else ""
            raise RnnError(f"the state of the model has overflowed while it read{lower}")
        return nats


def baseline(model: LanguageModel, lines: Iterable[str], order: int) -> KneserNey:
    """The n-grams of a text, cut and numbered as the model cuts and numbers it."""
    blocks = (f"{line}\n" for line in lines)
    text = in_memory(cut(model.tokenizer, block, model.carry_state) for block in blocks)
    ids = text.table(model.vocabulary)[text.corpus.ids]
    corpus = Corpus(ids, text.corpus.starts, text.corpus.characters)
    return KneserNey(corpus, model.network.m, order, model.carry_state)


def score(
    model: LanguageModel, lines: Iterable[str], predictor: Predictor | None = None
) -> Iterator[ScoredLine]:
    """Each line of a text with what it costs the model, or another predictor of its ids."""
    predictor = Reader(model) if predictor is None else predictor
    for chunk in read_chunks(model, lines):
        yield from score_chunk(model, chunk, predictor)


def score_chunk(model: LanguageModel, chunk: Chunk, predictor: Predictor) -> Iterator[ScoredLine]:
    """The lines of a chunk with what they cost the predictor, which has read those before it."""
    nats = predictor.nats(chunk.corpus) if chunk.corpus.lines else np.empty(0)
    spelling_of = cache(model.spelling.nats)
    first = 0
    for line, tokens in zip(chunk.lines, chunk.tokens, strict=True):
        if tokens is None:
            yield ScoredLine(line, [], np.empty(0), np.empty(0), 0)
            continue
        end = first + len(tokens) + 1
        spelling = np.zeros(end - first)
        unknown = np.flatnonzero(chunk.corpus.ids[first:end] == UNK)
        for place in unknown:
            token = tokens[place]
            spelling[place] = spelling_of(token) if token is not None else 0.0  # a literal <unk> says no more
        yield ScoredLine(line, tokens, nats[first:end], spelling, len(unknown))
        first = end
