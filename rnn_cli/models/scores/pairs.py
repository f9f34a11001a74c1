"""What pairs cost a model, singly and together, in bounded memory."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.encoded.blocks import blocks
from rnn_cli.models.scores.costs import SCORERS, Cost
from rnn_cli.printing import counted
from rnn_cli.scoring.figures import Totals
from rnn_cli.text.pairs.formats import Form, Pair
from rnn_cli.text.pairs.kinds import KINDS, TAGS
from rnn_cli.text.reading import Source

FIGURES: dict[str, Callable[[Totals], float]] = {
    "nats": lambda totals: totals.nats + totals.spelling_nats,
    "spelling_nats": lambda totals: totals.spelling_nats,
    "perplexity": lambda totals: totals.perplexity,
    "bits_per_character": lambda totals: totals.bits_per_character,
    "squared_error": lambda totals: totals.nats,
    "mean_squared_error": lambda totals: totals.nats / totals.lines if totals.lines else math.nan,
}


@dataclass(frozen=True, repr=False)
class PairScore:
    """Some pairs and what they cost together."""

    task: str
    costs: list[Cost]
    totals: Totals

    @property
    def nats(self) -> list[float]:
        """-log p of each pair, spellings of unknown tokens included; for rate the squared error."""
        return [cost.all for cost in self.costs]

    @property
    def perplexity(self) -> float:
        """Over everything predicted, without spellings; nan without pairs."""
        return self.totals.perplexity

    @property
    def figures(self) -> dict[str, float]:
        """The figures of all pairs together, as in `rnn score --json`."""
        return figures(self.task, self.totals)

    def __repr__(self) -> str:
        return f"<PairScore of {counted(len(self.costs), 'pair')}>"


def figures(task: str, totals: Totals) -> dict[str, float]:
    """Return the counts and figures of all pairs together; nan for the mean of nothing."""
    scorer = SCORERS[task]
    counts = {"pairs": totals.lines} | {name: getattr(totals, name) for name in scorer.counts}
    return counts | {name: FIGURES[name](totals) for name in scorer.figures}


def score_pairs(model: Any, pairs: Iterable[Sequence[Any]], threads: int | None = None) -> PairScore:
    """Return what each pair costs a model, and what all pairs cost together.

    pairs: two cells each, in the order of a line in a file: a source and its target, a label and its text, or
    a text and its label (or a list of labels), its score, or its tags.
    threads: the cores that matrix products may use; None: by their size.

    Raises ValueError for a pair that cannot be scored, RnnError if the state overflows.
    """
    score = PairScore(model.task, [], Totals())
    read = (_pair(model.task, number, cells) for number, cells in enumerate(pairs, 1))
    for number, cost in enumerate(costs(model, read, threads), 1):
        if cost.problem:
            raise ValueError(f"pair {number}: {cost.problem}")
        cost.add_to(score.totals)
        score.costs.append(cost)
    return score


def costs(model: Any, pairs: Iterable[Pair], threads: int | None = None) -> Iterator[Cost]:
    """Yield what each pair costs a model. Raises RnnError if the state overflows."""
    for block in blocks(pairs):
        yield from _of_block(model, block, threads)


class Scored(NamedTuple):
    """A pair from a file and what it costs some models, in their order."""

    pair: Pair
    costs: tuple[Cost, ...]


def score_files(
    models: Sequence[Any], sources: Sequence[Source], form: Form, threads: int | None = None
) -> Iterator[Scored]:
    """Yield the pairs in some files with what they cost models of one task.

    Raises RnnError for a line without a pair or with one that cannot be scored, and if a state overflows.
    """
    placed = ((source, pair) for source in sources for pair in form.pairs(source))
    for block in blocks(placed):
        pairs = [pair for _, pair in block]
        of_models = [_of_block(model, pairs, threads) for model in models]
        for (source, pair), *found in zip(block, *of_models, strict=True):
            for cost in found:
                if cost.problem:
                    raise form.bad(source, pair.line, cost.problem, form.about_header(source, pair))
            yield Scored(pair, tuple(found))


def _of_block(model: Any, pairs: Sequence[Pair], threads: int | None) -> list[Cost]:
    found = SCORERS[model.task].costs(model, pairs, threads)
    if not all(cost.problem or np.isfinite(cost.loss) for cost in found):
        raise RnnError("the state of the model has overflowed while it read")
    return found


def _pair(task: str, number: int, cells: Sequence[Any]) -> Pair:
    """Return two cells as a pair. Raises ValueError."""
    kind = KINDS[task]
    if isinstance(cells, str | bytes):
        raise TypeError(
            f"pair {number}: a string, and a pair is needed: the {' and the '.join(kind.columns)}"
        )
    if not isinstance(cells, Sequence) or len(cells) != 2:
        raise ValueError(f"pair {number}: it is not two cells, the {' and the '.join(kind.columns)}")
    first, second = cells
    text, cell = (first, second) if kind.text_at == 0 else (second, first)
    if kind.holds == TAGS and not isinstance(text, str):
        text = " ".join(text)
    if not isinstance(text, str):
        raise ValueError(f"pair {number}: the {kind.columns[kind.text_at]} is no text")
    try:
        beside = kind.scored(cell)
    except ValueError as error:
        raise ValueError(f"pair {number}: the {kind.columns[1 - kind.text_at]}: {error}") from error
    return Pair(number, text, beside)
