"""Samples: texts drawn side by side, and redrawn if they copy too much."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnn_cli.models.model import Model
from rnn_cli.models.sampling.prompts import Prompt, PromptReader
from rnn_cli.models.sampling.rules import Sampling, check_count
from rnn_cli.models.sampling.steps import steps
from rnn_cli.models.sampling.task import Task
from rnn_cli.models.sampling.writing import Pen
from rnn_cli.text.vocabulary import END, UNK

if TYPE_CHECKING:
    from rnn_cli.scoring.copying import Copied, Original

SIDE_BY_SIDE = 256  # samples for several prompts; those for one prompt are all drawn together
BLOCK = 64  # steps to allocate at first
TRIES = 20  # most draws of a sample that copies too much
NO_TEXT = "\ufffd"  # replaces a character that the model does not know when looking for copies


@dataclass(frozen=True)
class Sample:
    """A text that was drawn.

    text: with its prompt, as written. tokens: the number of tokens drawn.
    ended: what ended it: "line", "lines", "form", "sentences", "stop" or "length".
    copied: what it copies from the original, if one was given. tries: how often it was drawn.
    label: the label drawn for it by a model of text from a label; else None.
    """

    prompt: str
    text: str
    tokens: int
    ended: str
    copied: "Copied | None" = None
    tries: int = 1
    label: str | None = None


@dataclass(frozen=True)
class Novelty:
    """What to compare samples with.

    longest: redraw a sample if it copies a longer run of characters from the original, up to TRIES times, and
    keep the draw with the shortest run; None: keep the first.
    """

    original: "Original"
    longest: int | None = None

    def __post_init__(self) -> None:
        check_count("longest", self.longest)

    def accepts(self, sample: Sample) -> bool:
        """Return whether a sample is good enough not to be redrawn."""
        return self.longest is None or sample.copied is None or len(sample.copied.run) <= self.longest


def draw(
    model: Model,
    prompts: Sequence[str],
    num: int,
    rules: Sampling,
    novelty: Novelty | None = None,
    threads: int | None = None,
) -> Iterator[Sample]:
    """Yield `num` samples of each prompt, in order.

    threads: the cores that matrix products may use; None: as in machine.product_threads.

    Raises ValueError for a number below 1, UsageError for rules that the model cannot follow, RnnError if its
    state overflows.
    """
    check_count("num", num)
    rules, reader = rules.seeded() if rules.beam is None else rules, PromptReader(model.lexicon)
    together = max(1, SIDE_BY_SIDE // num) if rules.beam is None else 1
    for number, first in enumerate(range(0, len(prompts), together)):
        read = [reader.read(text) for text in prompts[first : first + together]]
        if rules.beam is None:
            rows = [prompt for prompt in read for _ in range(num)]
            stream = (number,) if number else ()
            yield from _drawn(Task(model, rows, rules, stream, threads), novelty)
        else:
            yield from _searched(Task(model, read, rules, threads=threads), num, novelty)


def _drawn(task: Task, novelty: Novelty | None) -> Iterator[Sample]:
    """Yield the samples of a task, each as soon as it and those before it have ended. If some may be redrawn,
    all come at the end."""
    if novelty is None or novelty.longest is None:
        yield from _once(task, novelty)
    else:
        yield from _redrawn(task, novelty)


def _redrawn(task: Task, novelty: Novelty) -> list[Sample]:
    samples = [*_once(task, novelty)]
    for attempt in range(1, TRIES):
        again = [k for k, sample in enumerate(samples) if not novelty.accepts(sample)]
        if not again:
            break
        stream = (*(task.stream or (0,)), attempt)
        prompts = [task.prompts[k] for k in again]
        drawn = _once(dataclasses.replace(task, prompts=prompts, stream=stream), novelty)
        for k, sample in zip(again, drawn, strict=True):
            better = min(samples[k], sample, key=_copied)
            samples[k] = dataclasses.replace(better, tries=attempt + 1)
    return samples


def _copied(sample: Sample) -> int:
    return len(sample.copied.run) if sample.copied else 0


def _once(task: Task, novelty: Novelty | None) -> Iterator[Sample]:
    rows = len(task.prompts)
    drawn, lengths = np.empty((BLOCK, rows), np.intp), np.zeros(rows, np.intp)
    row = 0  # the first row not yet yielded
    for t, (ids, live) in enumerate(steps(task)):
        while not live[row]:
            yield _sample(task, row, drawn[: lengths[row], row].tolist(), novelty)
            row += 1
        if t == len(drawn):
            drawn = np.concatenate([drawn, np.empty_like(drawn)])
        drawn[t] = ids
        lengths += live
    for last in range(row, rows):
        yield _sample(task, last, drawn[: lengths[last], last].tolist(), novelty)


def _searched(task: Task, num: int, novelty: Novelty | None) -> Iterator[Sample]:
    from rnn_cli.models.sampling.beam import likeliest  # not needed by most draws

    for found in likeliest(task, num):
        yield _sample(task, 0, found.ids, novelty)


def _sample(task: Task, row: int, ids: list[int], novelty: Novelty | None) -> Sample:
    prompt = task.prompts[row]
    if task.is_watched or task.rules.beam:
        writer = task.writer(row)
        written = "".join(map(writer.write, ids)) + writer.rest()
        ended = writer.over or "length"
    else:
        is_line = not task.model.carry_state and ids[-1] == END
        written = "".join(map(task.pen(row).write, ids[:-1] if is_line else ids))
        ended = "line" if is_line else "length"
    copied = None if novelty is None else novelty.original.compare(_as_read(task, prompt, ids, written))
    return Sample(prompt.text, prompt.text + written, len(ids), ended, copied)


def _as_read(task: Task, prompt: Prompt, ids: list[int], written: str) -> str:
    """Return a sample without the line ends that only its form has."""
    if task.verse is None:
        return prompt.text + written
    pen = Pen(task.model.lexicon, prompt)
    pieces = [NO_TEXT if id == UNK else pen.write(id) for id in ids]
    return prompt.text.replace("\n", "") + "".join(pieces)
