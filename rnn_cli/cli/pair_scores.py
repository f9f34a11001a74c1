"""What `rnn score` does with a model of any task but language: print the costs of pairs, and their totals."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnn_cli.cli.console import warn, write_json, write_text
from rnn_cli.cli.language import label, translated
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.encoded.texts import is_longer
from rnn_cli.models.file import USES, task_of
from rnn_cli.models.loading import load
from rnn_cli.models.scores.costs import SCORERS, Cost
from rnn_cli.models.scores.pairs import Scored, figures, score_files
from rnn_cli.printing import columns as width
from rnn_cli.runs.checks import columns_of
from rnn_cli.scoring.figures import Totals
from rnn_cli.text.pairs.formats import Form, Pair
from rnn_cli.text.pairs.kinds import KINDS, LABEL, LABELS, SCORE, TAGS, TARGET
from rnn_cli.text.reading import display_name, spool, text_files

NAMES = {
    "pairs": "pairs",
    "tokens": "tokens",
    "unknown": "unknown",
    "characters": "characters",
    "nats": "nats",
    "spelling_nats": "spelling nats",
    "perplexity": "perplexity",
    "bits_per_character": "bits per character",
    "squared_error": "squared error",
    "mean_squared_error": "mean squared error",
}
COMPARE = "compare"


@dataclass(frozen=True)
class PairFiles:
    """What is read, and how."""

    paths: list[str]
    columns: str | None
    encoding: str | None
    threads: int | None


def refuse_of_language(task: str, given: Mapping[str, Any]) -> None:
    """Raise UsageError for an option that is for language models only. given: values by option, None or False
    if not given."""
    for option, value in given.items():
        if value not in (None, False):
            raise UsageError(f"{option} is for a language model, but this is a model of {USES[task][0]}")


def print_pair_scores(paths: Sequence[Path], files: PairFiles, per_line: bool, as_json: bool) -> None:
    """Print what the pairs of files cost a model and, if there is one, a second model of the same task."""
    task = task_of(paths[0])
    models, totals = [load(path) for path in paths], [Totals() for _ in paths]
    form = Form(task, files.encoding, columns_of(files.columns), is_scored=True)
    empty, long, reads = Empty(), 0, SCORERS[task].reads
    with tempfile.TemporaryDirectory() as folder:
        sources = [
            spool(path, Path(folder), files.encoding, reads_to_error=True) for path in text_files(files.paths)
        ]
        for scored in score_files(models, sources, form, files.threads):
            empty.add(scored.pair)
            long += reads is not None and is_longer(scored.pair.text, models[0].lexicon.tokenizer, reads)
            for cost, of_model in zip(scored.costs, totals, strict=True):
                cost.add_to(of_model)
            if per_line and as_json:
                write_json(_object(task, scored))
            elif per_line:
                write_text(_row(task, scored))
    if not totals[0].lines:
        names = ", ".join(map(display_name, files.paths))
        raise RnnError(f"{names}: no pair in it: every line is blank (a line reads {form.kind.line})")
    warn_of_empty(empty.number, empty.pairs, empty.first, task)
    warn_of_long(long, empty.pairs, reads)
    if not per_line:
        _print_totals([figures(task, of_model) for of_model in totals], as_json)


@dataclass
class Empty:
    """The number of pairs with an empty text or an empty target, and which pair is the first."""

    pairs: int = 0  # all of them
    number: int = 0
    first: int = 0

    def add(self, pair: Pair) -> None:
        self.pairs += 1
        if not (pair.text.strip() and "".join(pair.beside)):
            self.number, self.first = self.number + 1, self.first or self.pairs


def warn_of_empty(number: int, pairs: int, first: int, task: str) -> None:
    """Warn of pairs with an empty text or target, if there are any. first: the first one's number, from 1."""
    if number:
        sides = "source or target" if KINDS[task].holds == TARGET else "text"
        what = f"pairs have an empty {sides}, and are scored as they are"
        warn(f"{number:,} of {pairs:,} {what}; the first is pair {first:,}")


def warn_of_long(number: int, pairs: int, most: int | None) -> None:
    """Warn of texts that the network does not read to their end, if there are any."""
    if number:
        warn(
            f"{number:,} of {pairs:,} texts have more than {most} tokens: "
            f"the network reads their first {most}"
        )


def _row(task: str, scored: Scored) -> str:
    """Return a row: the cost of the pair, its predicted tokens, how many of these are unknown, the cost under
    another model if there is one, and the pair."""
    ours, *others = scored.costs
    cells = [scored.pair.text, _beside(task, scored.pair)]
    if KINDS[task].text_at:
        cells.reverse()
    numbers = [
        f"{ours.all:.4f}",
        str(ours.tokens),
        str(ours.unknown),
        *(f"{cost.all:.4f}" for cost in others),
    ]
    return "\t".join([*numbers, *(cell.replace("\n", "\\n").replace("\t", "\\t") for cell in cells)]) + "\n"


def _beside(task: str, pair: Pair) -> str:
    """Return the other column of a pair, next to the text, as files write it."""
    if KINDS[task].holds == LABELS and len(pair.beside) != 1:
        return " ".join(f"{LABEL}{'_'.join(name.split())}" for name in pair.beside)
    return " ".join(pair.beside)


def _object(task: str, scored: Scored) -> dict[str, Any]:
    """Return the same row for JSON, with all digits."""
    kind, pair, (ours, *others) = KINDS[task], scored.pair, scored.costs
    beside: Any = list(pair.beside) if len(pair.beside) != 1 or kind.holds == TAGS else pair.beside[0]
    if kind.holds == SCORE:
        beside = float(beside)
    compared = {COMPARE: _costs(task, others[0])} if others else {}
    entries = {"text": pair.text, kind.columns[1 - kind.text_at]: beside}
    return {"line": pair.line} | _costs(task, ours) | compared | entries


def _costs(task: str, cost: Cost) -> dict[str, Any]:
    scorer = SCORERS[task]
    row: dict[str, Any] = {scorer.loss: cost.all}
    if "spelling_nats" in scorer.figures:
        row["spelling_nats"] = cost.spelling_nats
    return row | {name: getattr(cost, name) for name in scorer.counts if name != "characters"}


def _print_totals(rows: list[dict[str, float]], as_json: bool) -> None:
    """Print the totals of all pairs, with a column for each model."""
    ours, *others = rows
    if as_json:
        write_json(ours | ({COMPARE: others[0]} if others else {}))
        return
    if others:
        heads = [label("model"), label("--compare")]
        write_text(" " * 20 + "   ".join(" " * (14 - width(head)) + head for head in heads) + "\n")
    for name, what in NAMES.items():
        if name in ours:
            values = "   ".join(f"{_number(row[name]):>14}" for row in rows)
            write_text(f"{label(what, 20)}{values}{_note(name, ours)}\n")


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _note(name: str, row: dict[str, float]) -> str:
    """Return the note on a count of predicted texts, whose ends are predicted and counted too."""
    has_ends = "characters" in row and name in ("tokens", "characters")
    return f"   {translated('ends counted')}" if has_ends else ""
