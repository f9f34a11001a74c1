"""The likeliest next tokens after prompts."""

from collections.abc import Iterator, Sequence

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads
from rnn_cli.models.model import Model
from rnn_cli.models.sampling.prompts import Prompt, PromptReader
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.sampling.steps import read
from rnn_cli.models.sampling.task import Task
from rnn_cli.network.arrays import Array
from rnn_cli.text.vocabulary import SPECIAL, SPELLED, START

SIDE_BY_SIDE = 64  # prompts
RULES = Sampling()


def next_tokens(
    model: Model, prompts: Sequence[str], top: int, threads: int | None = None, begun: bool = False
) -> Iterator[list[tuple[str, float]]]:
    """Yield for each prompt its `top` likeliest next tokens with their probabilities, in descending order,
    like `LanguageModel.next`.

    begun: treat a last word as unfinished even if it is a token, provided that it begins others.
    """
    reader = PromptReader(model.lexicon)
    spelled = [SPELLED[id] for id in range(SPECIAL)] + [*model.lexicon.vocabulary.tokens]
    for first in range(0, len(prompts), SIDE_BY_SIDE):
        rows = [reader.read(text, not begun) for text in prompts[first : first + SIDE_BY_SIDE]]
        task = Task(model, rows, RULES, threads=threads)
        with blas_threads(task.threads_for(len(rows))), np.errstate(over="ignore", invalid="ignore"):
            logits, _ = read(task, model.network.stepper(model.p))
        for prompt, z in zip(rows, logits, strict=True):
            yield _likeliest(spelled, prompt, z, top)


def _likeliest(spelled: list[str], prompt: Prompt, z: Array, top: int) -> list[tuple[str, float]]:
    with np.errstate(over="ignore", invalid="ignore"):
        z = z.astype(np.float64)
        o = np.exp(z - z.max())
    if not np.isfinite(o).all():
        raise RnnError("the state has overflowed: shorten the prompt")
    comes = np.ones(len(o), bool)
    if prompt.begun:
        comes[:SPECIAL] = False
        comes[SPECIAL:] = [token.startswith(prompt.begun) for token in spelled[SPECIAL:]]
        o[~comes] = 0
    o /= o.sum()
    comes[START] = False  # never a target
    o[START] = -1
    likeliest = np.argsort(-o, kind="stable")[: min(top, int(comes.sum()))]
    return [(spelled[id], float(o[id])) for id in likeliest.tolist()]
