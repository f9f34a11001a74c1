"""What a text's tokens and lines cost a model; the text is read as a stream, so its size is not limited."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.model import Model
from rnn_cli.models.scores import chunks
from rnn_cli.models.scores.chunks import Chunk, Reading, of_units, read_chunks
from rnn_cli.models.scores.predictors import NetworkPredictor, Predictor
from rnn_cli.models.scores.tally import Scored
from rnn_cli.scoring.figures import Totals
from rnn_cli.scoring.kneser_ney import KneserNey
from rnn_cli.text.checks import each_text
from rnn_cli.text.store.corpus import Corpus
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.units import INNER, LINE_END
from rnn_cli.text.vocabulary import END, UNK

BASELINE_TOKENS = 1_000_000  # tokens counted for n-grams, at most

Nats = NDArray[np.float64]


class ScoredLine(NamedTuple):
    """A line and what it costs.

    nats: (len(tokens) + 1,), for each token given all before it, and for the line end; empty if skipped.
    spelling: the same for the spelling of unknown tokens, 0 for others.
    """

    text: str
    tokens: list[Token]
    nats: Nats
    spelling: Nats
    unknown: int


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
        """Over all tokens, line ends counted, without spellings; nan without tokens."""
        return self.totals.perplexity

    @property
    def bits_per_character(self) -> float:
        """All nats over all characters, line ends counted; nan without characters."""
        return self.totals.bits_per_character

    def __repr__(self) -> str:
        return f"<Score of {len(self.lines)} lines, {self.totals.tokens} tokens>"


class TokenRow(NamedTuple):
    """A token of a line and what it costs; None is a literal <unk>, "\\n" the line end."""

    line: int
    token: Token
    nats: float
    spelling_nats: float
    is_unknown: bool


def score_text(model: Model, lines: Iterable[str], independent: bool = False) -> Score:
    """Return what each line of a text costs the model, and what all lines cost together.

    independent: whether to score each line by itself even if the model carries its state.
    Raises TypeError for a single string and for items that are not strings, ValueError for a line end inside
    a line, RnnError if the state overflows.
    """
    totals, scored = Totals(), list[ScoredLine]()
    for line in score_lines(model, each_text(lines, "line"), independent=independent):
        scored.append(line)
        if len(line.nats):
            totals.lines += 1
            totals.tokens += len(line.nats)
            totals.unknown += line.unknown
            totals.characters += len(line.text) + 1
            totals.nats += float(line.nats.sum())
            totals.spelling_nats += float(line.spelling.sum())
    return Score(scored, totals)


def score_lines(
    model: Model, lines: Iterable[str], predictor: Predictor | None = None, independent: bool = False
) -> Iterator[ScoredLine]:
    """Yield each line of a text with what it costs the model, or another predictor of its ids. Raises the
    errors of `score_text`."""
    if independent:
        model = as_independent(model)
    predictor = NetworkPredictor(model) if predictor is None else predictor
    reading = Reading(carry_state=model.carry_state, tokens=True, in_units=True, at_once=True)
    open_: ScoredLine | None = None
    for chunk in read_chunks(model.lexicon, of_units(lines, model.lexicon.tokenizer.unit), reading):
        nats = predictor.nats(chunk)
        texts, bounds = chunk.texts or [], chunk.starts.tolist()
        for k, text in enumerate(texts):
            part = _scored_line(chunk, nats, slice(bounds[k], bounds[k + 1]), text.replace(INNER, LINE_END))
            line = part if open_ is None else _one_line(open_, part)
            open_ = None
            if k == len(texts) - 1 and not chunk.ended:
                open_ = line
            else:
                yield line


def _scored_line(chunk: Chunk, nats: Nats, k: slice, text: str) -> ScoredLine:
    ids = chunk.ids[k]
    assert chunk.tokens is not None
    tokens = chunk.tokens[k][: -1 if len(ids) and ids[-1] == END else None].tolist()
    return ScoredLine(text, tokens, nats[k], chunk.spelling[k], int((ids == UNK).sum()))


def _one_line(begun: ScoredLine, rest: ScoredLine) -> ScoredLine:
    return ScoredLine(
        begun.text + rest.text,
        begun.tokens + rest.tokens,
        np.append(begun.nats, rest.nats),
        np.append(begun.spelling, rest.spelling),
        begun.unknown + rest.unknown,
    )


def as_independent(model: Any) -> Any:
    """Return a model that reads each line by itself, starting with a zero state."""
    return replace(model, carry_state=False)


def token_rows(scored: Scored) -> Iterator[TokenRow]:
    """Yield a row for each token of a chunk that was read with its tokens."""
    chunk, nats = scored
    assert chunk.tokens is not None
    line = np.repeat(np.arange(chunk.first, chunk.first + len(chunk.characters)), np.diff(chunk.starts))
    for first in range(0, len(nats), chunks.CHUNK):
        k = slice(first, first + chunks.CHUNK)
        columns = line[k], chunk.tokens[k], nats[k], chunk.spelling[k], chunk.ids[k] == UNK
        yield from map(TokenRow, *(column.tolist() for column in columns))


def baseline(
    model: Model, blocks: Iterable[str], order: int, most: int = BASELINE_TOKENS
) -> tuple[KneserNey, bool]:
    """Return the n-grams of a text that is split and numbered as the model does it, and whether the text is
    longer than `most` tokens: only its first `most` are counted, as memory grows with them."""
    parts, count = [np.empty(0, np.int32)], 0
    reading = Reading(carry_state=model.carry_state, exact=False, at_once=True)
    for chunk in read_chunks(model.lexicon, blocks, reading):
        parts.append(chunk.ids[: most - count])
        count += len(chunk.ids)
        if count > most:
            break
    ids = np.concatenate(parts)
    starts = np.concatenate([[0], np.flatnonzero(ids == END) + 1])
    if starts[-1] < len(ids):
        starts = np.append(starts, len(ids))
    corpus = Corpus(ids, starts, np.diff(starts))
    return KneserNey(corpus, model.network.m, order, model.carry_state), count > most
