"""Drawing texts side by side: logits → penalty → constraints → temperature, top-k, top-p → token."""

import itertools
import time
from collections import deque
from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads
from rnn_cli.models.sampling.prompts import Prompt
from rnn_cli.models.sampling.task import Task
from rnn_cli.models.sampling.writing import Writer
from rnn_cli.network.arrays import Array, State
from rnn_cli.network.fast.products import for_steps
from rnn_cli.network.network import Step as NextStep
from rnn_cli.network.sampling import choose, penalize
from rnn_cli.text.vocabulary import END, START, UNK

MOMENT = 1e-2  # seconds of drawing that are too short to notice
TOGETHER = 8  # steps drawn at first before any is shown
REMEMBERED = 64  # recent tokens that a repetition penalty applies to
T = TypeVar("T")


# The result of one step: ids (B,), END for rows that have ended before; and live (B,), whether each id
# belongs to its row. A plain tuple, since one is made for each token.
Step = tuple[NDArray[np.intp], NDArray[np.bool_]]


def read(task: Task, step: NextStep) -> tuple[Array, State]:
    """Return the logits of the token after each prompt, (B, m), and the states."""
    model, ids = task.model, [np.array(prompt.ids, np.intp) for prompt in task.prompts]
    rows, lengths = len(ids), np.array([*map(len, ids)])
    zero = state = model.network.zero_state(rows)
    logits: Array = np.empty((rows, 0))
    for t in range(lengths.max()):
        more = lengths > t
        x = np.array([row[min(t, len(row) - 1)] for row in ids])
        before = state if model.carry_state else reset(state, x == START, zero)
        new, after = step(x, before)
        if not more.all():  # a shorter prompt keeps its state
            new = np.where(more[:, None], new, logits)
            after = {name: np.where(more[:, None], after[name], state[name]) for name in after}
        logits, state = new, after
    return logits, state


def reset(state: State, begins: NDArray[np.bool_], zero: State) -> State:
    """Return states with zeros in the rows that begin a line."""
    if begins.all():
        return zero
    if not begins.any():
        return state
    return {name: np.where(begins[:, None], zero[name], s) for name, s in state.items()}


def steps(task: Task) -> Iterator[Step]:
    """Draw the texts of a task: yield a token of each row at each step, until all rows have ended.

    START and UNK are never drawn. Raises RnnError if a state overflows, or if no token is allowed.
    """
    return guarded(_steps(task), task.threads_for(len(task.prompts)))


def _steps(task: Task) -> Iterator[Step]:
    model, rules, rows = task.model, task.rules, len(task.prompts)
    rng = np.random.default_rng((rules.seeded().seed, *b"sample", *task.stream))
    after = np.arange(model.network.m)  # the input after each token: itself, but START after END
    after[END] = START
    step, zero = model.network.stepper(model.p, for_steps(rows)), model.network.zero_state(rows)
    budget, live, all_live = task.budget(), np.ones(rows, bool), True
    shortest, ends_from, choices = int(budget.min()), task.ends_from(), _Choices(task)
    writers = [task.writer(row) for row in range(rows)] if task.is_watched else []
    temperature, top_k, top_p, choices_matter = rules.temperature, rules.top_k, rules.top_p, choices.matter
    carry_state = model.carry_state
    logits, state = read(task, step)
    for drawn in itertools.count(1):
        logits[:, START] = logits[:, UNK] = -np.inf
        if choices_matter:
            choices.prepare(logits, live, ends_from <= drawn)
        try:
            ids = choose(logits, rng, temperature, top_k, top_p)
        except FloatingPointError as error:  # a relu state has no bound
            what = f"the state has overflowed after {drawn - 1} tokens: lower --length"
            raise RnnError(what) from error
        if not all_live:
            ids[~live] = END
        yield ids, live
        if choices_matter:
            choices.note(ids, live)
        before = live
        if writers:
            live = _unfinished(writers, ids, live)
        elif not carry_state:
            goes_on = ids != END  # rows that ended before have END as their id
            if not goes_on.all():
                live = goes_on
        if drawn >= shortest:
            live = live & (budget > drawn)
        if live is not before:
            if not live.any():
                return
            all_live = bool(live.all())
        x = after.take(ids)
        if writers and not carry_state:  # otherwise END is a row's last token
            state = reset(state, x == START, zero)
        logits, state = step(x, state)


def _unfinished(writers: list[Writer], ids: NDArray[np.intp], live: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Write the ids of the live rows, and return which of these go on."""
    live = live.copy()
    for row in np.flatnonzero(live):
        writers[row].write(int(ids[row]))
        live[row] = not writers[row].over
    return live


def written(task: Task) -> Iterator[str]:
    """Draw the only text of a task; yield it piece by piece."""
    drawn = (int(ids[0]) for ids, _ in steps(task))
    if not task.is_watched:
        ids = drawn if task.model.carry_state else itertools.takewhile(lambda id: id != END, drawn)
        yield from map(task.pen(0).write, ids)
        return
    writer = task.writer(0)
    yield from map(writer.write, drawn)
    yield writer.rest()


class _Choices:
    """What the choice of the next tokens depends on besides their logits: the text written so far.

    matter: whether anything of it matters.
    """

    def __init__(self, task: Task):
        self._penalty, self._constraints = task.rules.repetition_penalty, task.constraints
        self.matter = self._penalty != 1 or self._constraints is not None
        if self._constraints is not None:
            self._states = [self._constraints.begin(prompt) for prompt in task.prompts]
        if self._penalty != 1:
            self._latest = [_latest(prompt) for prompt in task.prompts]

    def prepare(self, logits: Array, live: NDArray[np.bool_], ending: NDArray[np.bool_]) -> None:
        """Change the logits, (B, m), to those to choose from.

        live: (B,), the rows that go on. ending: the rows that end as soon as they may.
        """
        if self._penalty != 1:
            penalize(logits, self._latest, self._penalty)
        if self._constraints is not None:
            rows = np.flatnonzero(live)
            self._constraints.forbid(logits, self._states, rows.tolist(), ending[rows].tolist())

    def note(self, ids: NDArray[np.intp], live: NDArray[np.bool_]) -> None:
        """Record the choice for the live rows."""
        if self._constraints is not None:
            for row in np.flatnonzero(live).tolist():
                self._states[row] = self._constraints.after(self._states[row], int(ids[row]))
        if self._penalty != 1:
            for latest, id in zip(self._latest, ids.tolist(), strict=True):
                if id != END:  # the ends of lines may repeat
                    latest.append(id)


def _latest(prompt: Prompt) -> deque[int]:
    return deque((id for id in prompt.ids if id not in (START, UNK)), REMEMBERED)


def guarded(steps: Iterator[T], threads: int) -> Iterator[T]:
    """Yield the steps of a draw, computed with `threads` threads and without warnings of overflow, which is
    an error here. Both settings end before each yield, so the caller does not see them. Setting them takes as
    long as a step of a small network, so as many steps are drawn together as take about MOMENT."""
    together, is_over = TOGETHER, False
    while not is_over:
        drawn: list[T] = []
        error, begin = None, time.perf_counter()
        with blas_threads(threads), np.errstate(over="ignore", invalid="ignore"):
            try:
                drawn.extend(itertools.islice(steps, together))
            except RnnError as failed:  # raised after the steps drawn before it
                error = failed
        seconds = time.perf_counter() - begin
        yield from drawn
        if error:
            raise error
        is_over = len(drawn) < together
        if seconds < MOMENT / 2:
            together *= 2
        elif seconds > MOMENT:
            together = max(1, together // 2)
