"""A text under a model: the nats of each of its tokens, read as a stream, so that it may be of any size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network
from rnn_cli.scoring.figures import Totals
from rnn_cli.scoring.kneser_ney import KneserNey
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.store.corpus import Corpus, in_memory, spans
from rnn_cli.text.store.cutting import cut
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.vocabulary import END, UNK
from rnn_cli.text.windows import Windows, rows_without_cuts
from rnn_cli.training.optimizers import OPTIMIZERS, Step, apply, clipping, gradient_norm

CHUNK = 1 << 16  # tokens read at a time
ROWS, STEPS = 64, 64  # of a window of independent lines
DYNAMIC_STEPS = 20  # of a window after which dynamic evaluation learns
CLIP = 1.0  # the norm of its gradients

Nats = NDArray[np.float64]


class Model(Protocol):
    """What scoring needs of a model."""

    @property
    def lexicon(self) -> Lexicon: ...
    @property
    def network(self) -> Network: ...
    @property
    def p(self) -> Parameters: ...
    @property
    def carry_state(self) -> bool: ...


class Chunk(NamedTuple):
    """Some lines of a text, one after another.

    lines: as they stand. tokens: of each line; None where it is skipped. corpus: of the lines that are not.
    """

    lines: list[str]
    tokens: list[list[Token] | None]
    corpus: Corpus


class ScoredLine(NamedTuple):
    """A line and what it costs.

    nats: (len(tokens) + 1,) of each token, given all before it, and of the line's end; empty if skipped.
    spelling: the same of the spelling of unknown tokens, 0 for others.
    """

    text: str
    tokens: list[Token]
    nats: Nats
    spelling: Nats
    unknown: int


def add(totals: Totals, line: ScoredLine) -> None:
    """Add a line to some totals; a skipped one is not in them."""
    if len(line.nats):
        totals.lines += 1
        totals.tokens += len(line.nats)
        totals.unknown += line.unknown
        totals.characters += len(line.text) + 1
        totals.nats += float(line.nats.sum())
        totals.spelling_nats += float(line.spelling.sum())


@dataclass(frozen=True, repr=False)
class Score:
    """Some lines and what they cost together."""

    lines: list[ScoredLine]
    totals: Totals

    @property
    def nats(self) -> list[float]:
        """-log p of each line, spellings of unknown tokens included."""
        return [float(line.nats.sum() + line.spelling.sum()) for line in self.lines]

    @property
    def perplexity(self) -> float:
        """Of all tokens, line ends counted, without spellings."""
        return self.totals.perplexity

    @property
    def bits_per_character(self) -> float:
        """All nats over all characters, line ends counted."""
        return self.totals.bits_per_character

    def __repr__(self) -> str:
        return f"<Score of {len(self.lines)} lines, {self.totals.tokens} tokens>"


class Predictor(Protocol):
    """Reads a text from its beginning, chunk by chunk."""

    def nats(self, corpus: Corpus, /) -> Nats:
        """Return -log p of each of the chunk's ids, (N,)."""


def read_chunks(model: Model, lines: Iterable[str]) -> Iterator[Chunk]:
    """Yield a text in chunks of whole lines, in the ids of a model."""
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
    model: Model
    lines: list[str] = field(default_factory=list)
    tokens: list[list[Token] | None] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    characters: list[int] = field(default_factory=list)

    def add(self, line: str) -> None:
        is_skipped = not self.model.carry_state and not line.strip()
        tokens = None if is_skipped else self.model.lexicon.tokenizer.split(line)
        self.lines.append(line)
        self.tokens.append(tokens)
        if tokens is not None:
            self.ids += [*self.model.lexicon.vocabulary.encode(tokens), END]
            self.starts.append(len(self.ids))
            self.characters.append(len(line) + 1)

    def whole(self) -> Chunk:
        corpus = Corpus(
            np.array(self.ids, np.int32),
            np.array(self.starts, np.int64),
            np.array(self.characters, np.int64),
        )
        return Chunk(self.lines, self.tokens, corpus)


class NetworkPredictor:
    """A model as it reads a text: with the state carried on from chunk to chunk, if it was trained so.

    dynamic: the learning rate of dynamic evaluation, 0 for none (Mikolov et al. 2010; Krause et al. 2018):
        after each window the model, a copy of its own, takes a step of gradient descent on it.
    """

    def __init__(self, model: Model, dynamic: float = 0.0):
        self.model, self.dynamic = model, dynamic
        in_order = bool(model.carry_state or dynamic)
        self._rows = 1 if in_order else ROWS
        self._steps = DYNAMIC_STEPS if dynamic else STEPS
        self._p = model.network.lay_out(model.p) if dynamic else model.p
        self._state = model.network.zero_state(1)
        self._work = Workspace(np.float32)

    def nats(self, corpus: Corpus) -> Nats:
        """Return -log p of each of the chunk's ids, (N,). Raises RnnError where it is not a number."""
        # Products of one row are done before BLAS's threads have met. What overflows is refused below.
        with blas_threads(1 if self._rows == 1 else None), np.errstate(all="ignore"):
            nats = self._nats(corpus)
        if not np.isfinite(nats).all():
            lower = ": lower the learning rate of --dynamic" if self.dynamic else ""
            raise RnnError(f"the state of the model has overflowed while it read{lower}")
        return nats

    def _nats(self, corpus: Corpus) -> Nats:
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
                apply(OPTIMIZERS["sgd"], self._p, gradients, {}, Step(self.dynamic, index + 1, scale))
            state = after
        self._state = state
        return nats


def baseline(model: Model, lines: Iterable[str], order: int) -> KneserNey:
    """Return the n-grams of a text, split and numbered as the model does it."""
    lexicon = model.lexicon
    blocks = (f"{line}\n" for line in lines)
    text = in_memory(cut(lexicon.tokenizer, block, model.carry_state) for block in blocks)
    ids = text.table(lexicon.vocabulary)[text.corpus.ids]
    corpus = Corpus(ids, text.corpus.starts, text.corpus.characters)
    return KneserNey(corpus, model.network.m, order, model.carry_state)


def score_text(model: Model, lines: Iterable[str]) -> Score:
    """Return what each line of a text costs the model, and all together. Raises RnnError where the state
    overflows."""
    totals, scored = Totals(), list[ScoredLine]()
    for line in score_lines(model, lines):
        add(totals, line)
        scored.append(line)
    return Score(scored, totals)


def score_lines(
    model: Model, lines: Iterable[str], predictor: Predictor | None = None
) -> Iterator[ScoredLine]:
    """Yield each line of a text with what it costs the model, or another predictor of its ids."""
    predictor = NetworkPredictor(model) if predictor is None else predictor
    for chunk in read_chunks(model, lines):
        yield from score_chunk(model, chunk, predictor)


def score_chunk(model: Model, chunk: Chunk, predictor: Predictor) -> Iterator[ScoredLine]:
    """Yield the lines of a chunk with what they cost the predictor, which has read those before it."""
    nats = predictor.nats(chunk.corpus) if chunk.corpus.lines else np.empty(0)
    spelling_of = cache(model.lexicon.spelling.nats)
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
