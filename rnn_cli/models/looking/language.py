"""What a language model computes for the lines of a text."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.looking.gradients import norms_of
from rnn_cli.models.looking.numbers import numbers_of
from rnn_cli.models.looking.parts import Best, Cost, Part
from rnn_cli.network.arrays import Array, Ids, State
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.units import LINE_END, units_begun
from rnn_cli.text.vocabulary import END, SPECIAL, SPELLED, START

TOGETHER = 1 << 20  # logits computed together


class Asked(NamedTuple):
    """What to include for a text in addition to its steps.

    gradients: norms of derivatives. numbers: the vectors in full. label: for a model that writes from labels.
    """

    gradients: bool = False
    numbers: bool = False
    label: str | None = None


def lines_of(model: LanguageModel, text: str, asked: Asked) -> Iterator[Part]:
    """Yield what a model computes for each line (or paragraph) of a text. Blank lines are left out unless the
    model carries its state or the text is empty. Raises RnnError if the state overflows."""
    unit = model.lexicon.tokenizer.unit
    found = units_begun(text.rstrip("\n"), unit)
    if not model.carry_state:
        found = [line for line in found if line.strip()] or [""]
    before: State | None = None
    for line in found:
        part, after = _line(model, line, before, asked)
        before = after if model.carry_state else None
        yield part


def _line(model: LanguageModel, line: str, before: State | None, asked: Asked) -> tuple[Part, State]:
    lexicon, network, p = model.lexicon, model.network, model.p
    split = lexicon.tokenizer.split(line)
    ids = lexicon.vocabulary.encode(split)
    x, y = np.array([START, *ids], np.intp), np.array([*ids, END], np.intp)
    with np.errstate(all="ignore"):
        states = network.states(p, x, before)
        best, nats = _predicted(model, states, y)
    if not np.isfinite(nats).all():
        raise RnnError("the state has overflowed: shorten the text")
    spelled = [*SPELLED.values(), *lexicon.vocabulary.tokens]
    shown = [_shown(token) for token in split]
    first = network.zero_state(1) if before is None else before
    part = Part(
        tokens=[SPELLED[START], *shown],
        ids=x.tolist(),
        states=states,
        likeliest=best.spelled([_shown(token) for token in spelled]),
        targets=[*shown, SPELLED[END]],
        nats=nats,
        cost=Cost(float(nats.sum()), _spelling(model, split), len(y), len(line) + 1),
        norms=norms_of(network, p, (x, y), first) if asked.gradients else None,
        numbers=numbers_of(network, p, (x, y), first) if asked.numbers else None,
    )
    return part, {name: s[-1:] for name, s in states.items()}


def _predicted(model: LanguageModel, states: State, y: Ids) -> tuple[Best, Array]:
    """Return the likeliest tokens after each step, and -log o_t of the actual ones."""
    step = max(1, TOGETHER // model.network.m)
    ids, ps, nats = [], [], []
    for first in range(0, len(y), step):
        k = slice(first, first + step)
        log_o = model.network.log_o(model.p, {name: s[k] for name, s in states.items()})
        log_o = log_o.astype(np.float64)
        nats.append(-log_o[np.arange(len(log_o)), y[k]])
        log_o[:, START] = -np.inf  # never comes next
        best = Best.of(log_o)
        ids.append(best.ids)
        ps.append(best.p)
    return Best(np.concatenate(ids), np.concatenate(ps)), np.concatenate(nats)


def _shown(token: Token) -> str:
    if token is None:
        return SPELLED[SPECIAL - 1]
    return "\\n" if token == LINE_END else token


def _spelling(model: LanguageModel, tokens: list[Token]) -> float:
    known = model.lexicon.vocabulary.ids
    unknown = (token for token in tokens if token is not None and token not in known)
    return sum(map(model.lexicon.spelling.nats, unknown), 0.0)
