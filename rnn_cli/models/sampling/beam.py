"""Beam search: the likeliest texts among those that continue the likeliest beginnings of each length."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.sampling.constraints import States
from rnn_cli.models.sampling.steps import guarded, read, reset
from rnn_cli.models.sampling.task import Task
from rnn_cli.models.sampling.writing import Writer
from rnn_cli.network.arrays import Array, State
from rnn_cli.text.vocabulary import END, START, UNK


class Found(NamedTuple):
    """A text found by a search.

    ids: its tokens. nats: -log p of them, given the prompt. over: why it ended, as in `Writer`; "" if its
    length ended it.
    """

    ids: list[int]
    nats: float
    over: str


@dataclass(frozen=True)
class _Beginning:
    """An unfinished text. row: of the logits for its next token. states: of the constraints."""

    ids: list[int]
    log_p: float
    row: int
    writer: Writer
    states: States


def likeliest(task: Task, count: int) -> list[Found]:
    """Return at most `count` of the likeliest continuations of a task's only prompt, the likeliest first.

    At each length the `beam` likeliest beginnings are continued. What the rules forbid is left out; p is the
    model's own, so the ranking is by the model's probabilities among the texts allowed. Raises RnnError if a
    state overflows.
    """
    (found,) = guarded(_search(task, count), task.threads_for(task.rules.beam or 1))
    return found


def _search(task: Task, count: int) -> Iterator[list[Found]]:
    beam, constraints = task.rules.beam or 1, task.constraints
    states = constraints.begin(task.prompts[0]) if constraints else ()
    live, ended = [_Beginning([], 0.0, 0, task.writer(0), states)], list[Found]()
    logits, state = read(task, task.model.network.stepper(task.model.p))
    (budget,), (ends_from,) = task.budget().tolist(), task.ends_from().tolist()
    for length in range(1, budget + 1):
        log_p = _log_p(logits)
        log_p[:, START] = log_p[:, UNK] = -np.inf
        if constraints:
            rows = range(len(live))
            constraints.forbid(log_p, [each.states for each in live], rows, [length >= ends_from] * len(live))
        log_p += np.array([[each.log_p] for each in live])
        grown = [_grow(task, live[row], row, id, float(log_p[row, id])) for row, id in _best(log_p, 2 * beam)]
        ended += [_found(each) for each in grown[:beam] if each.writer.over]
        ended = sorted(ended, key=lambda each: each.nats)[: max(count, beam)]
        live = [each for each in grown if not each.writer.over][:beam]
        if not live or (len(ended) >= count and ended[count - 1].nats <= -live[0].log_p):
            break  # no better text can follow: probabilities only fall
        logits, state = _step(task, live, state)
    else:
        ended += [_found(each) for each in live]
    yield sorted(ended, key=lambda each: each.nats)[:count]


def _grow(task: Task, before: _Beginning, row: int, id: int, log_p: float) -> _Beginning:
    writer = before.writer.copy()
    writer.write(id)
    states = task.constraints.after(before.states, id) if task.constraints else ()
    return _Beginning([*before.ids, id], log_p, row, writer, states)


def _found(each: _Beginning) -> Found:
    return Found(each.ids, -each.log_p, each.writer.over)


def _step(task: Task, live: list[_Beginning], state: State) -> tuple[Array, State]:
    """Return the logits for the next token of each beginning, and the states after it."""
    model, rows = task.model, [each.row for each in live]
    last = np.array([each.ids[-1] for each in live], np.intp)
    x = np.where(last == END, START, last)
    state = {name: s[rows] for name, s in state.items()}
    if not model.carry_state:
        state = reset(state, x == START, model.network.zero_state(len(live)))
    return model.network.step(model.p, x, state)


def _best(log_p: Array, count: int) -> list[tuple[int, int]]:
    """Return the row and the id of the likeliest tokens, in descending order; ties keep the order of the
    logits."""
    flat = log_p.ravel()
    count = min(count, int(np.isfinite(flat).sum()))
    if count < flat.size:
        least = np.partition(flat, flat.size - count)[flat.size - count]
        chosen = np.flatnonzero(flat >= least)
    else:
        chosen = np.arange(flat.size)
    order = chosen[np.argsort(-flat[chosen], kind="stable")][:count]
    return [divmod(int(place), log_p.shape[1]) for place in order]


def _log_p(logits: Array) -> Array:
    """Return log softmax of each row, in float64. Raises RnnError if it is not a number."""
    z = logits.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
    if np.isnan(z).any():
        raise RnnError("the state has overflowed: lower --length")
    return z
