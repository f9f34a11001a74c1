"""Labels and scores, as the commands print them."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rnn_cli.cli.language import label
from rnn_cli.cli.tasks.family import UNDECODED, Answer, Asked, Undecoded, head_of_table, totals, without_seen
from rnn_cli.models.classifier import THRESHOLD, Classifier, Prediction
from rnn_cli.models.encoded.texts import LONGEST, is_longer
from rnn_cli.models.tested.labels import Tested
from rnn_cli.printing import aligned, columns, fitted
from rnn_cli.runs.examine import Examined
from rnn_cli.text.pairs.kinds import LABEL

TAB, FASTTEXT = "tab", "fasttext"  # formats of a printed label
NAMES = {
    "accuracy": "accuracy",
    "exact": "exact sets of labels",
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "nats": "nats a text",
    "calibration_error": "calibration error",
    "correlation": "correlation",
    "mean_error": "mean error",
}
MOST_LABELS = 20  # for which a confusion matrix is printed
WIDTH, WIDEST = 24, 7  # columns of a name at the head of a row, and at the head of a column


class Labels:
    """The task classify."""

    predicts = True
    options = frozenset({"top", "threshold", "format"})
    names = NAMES

    def answers(
        self, model: Classifier, texts: Sequence[str], asked: Asked, threads: int | None
    ) -> Iterator[Answer]:
        threshold, top = asked.threshold, asked.top
        if threshold is None and top is None:
            threshold, top = (THRESHOLD, None) if model.is_multi else (0.0, 1)
        for text, prediction in zip(texts, model.predict(texts, threads), strict=True):
            chosen = [row for row in prediction.labels if row[1] >= (threshold or 0)][:top]
            labels = [{"label": name, "p": p} for name, p in chosen]
            row = _object(text, prediction) | {"labels": labels}
            said = _spelled(chosen, asked.format or TAB)
            yield Answer(said, [row], prediction.is_unknown, is_cut=_is_cut(model, text))

    def undecoded(self, asked: Asked) -> Undecoded:
        return Undecoded(_spelled([(UNDECODED, math.nan)], asked.format or TAB), {"labels": []})

    def figures(self, model: Classifier, found: Examined) -> dict[str, Any]:
        names = model.labels.names if model.labels else ()
        row = _figures(found.all, names)
        return row | ({"unseen": _figures(found.unseen, names)} if found.unseen else {})

    def report(self, model: Classifier, found: Examined, train: str | None) -> str:
        names = model.labels.names if model.labels else ()
        return _table(found.all, names) + without_seen(found, train, NAMES)


class Scores(Labels):
    """The task rate."""

    options: frozenset[str] = frozenset()

    def answers(
        self, model: Classifier, texts: Sequence[str], asked: Asked, threads: int | None
    ) -> Iterator[Answer]:
        for text, prediction in zip(texts, model.predict(texts, threads), strict=True):
            row = _object(text, prediction) | {"score": prediction.score}
            said = f"{prediction.score:.4f}\n"
            yield Answer(said, [row], prediction.is_unknown, is_cut=_is_cut(model, text))

    def undecoded(self, asked: Asked) -> Undecoded:
        return Undecoded("nan\n", {"score": None})


def _is_cut(model: Classifier, text: str) -> bool:
    return is_longer(text, model.lexicon.tokenizer, LONGEST)


def _object(text: str, prediction: Prediction) -> dict[str, Any]:
    return {"text": text, "is_unknown": prediction.is_unknown}


def _spelled(chosen: list[tuple[str, float]], form: str) -> str:
    if form == FASTTEXT:
        return " ".join(f"{LABEL}{'_'.join(name.split())} {p:.6g}" for name, p in chosen) + "\n"
    return "\t".join(f"{name}\t{p:.4f}" for name, p in chosen) + "\n"


def _table(found: Tested, names: tuple[str, ...]) -> str:
    text = totals(found.texts, found.values, NAMES)
    if found.table is None:
        return text
    text += f"\n{head_of_table('label', WIDTH)}\n"
    for k, name in enumerate(names):
        row = [column[k] for column in found.table]
        text += (
            f"{name[:WIDTH]:<{WIDTH}}" + "".join(f"{value:10.4f}" for value in row[:3]) + f"{row[3]:10,}\n"
        )
    if found.confusion is not None and len(names) <= MOST_LABELS:
        text += "\n" + label("rows: true, columns: predicted") + "\n"
        text += _confusion(found.confusion.tolist(), names)
    return text


def _confusion(counts: list[list[int]], names: Sequence[str]) -> str:
    """Return the confusion matrix as text. Columns are headed by the labels' names or, if one is too wide, by
    the numbers that precede the names of the rows."""
    heads = rows = list(names)
    if max(map(columns, names)) > WIDEST:
        heads = [str(k) for k in range(1, len(names) + 1)]
        rows = [f"{k:>2} {name}" for k, name in enumerate(names, 1)]
    cells = [[f"{count:,}" for count in row] for row in counts]
    widest = max(columns(cell) for row in (heads, *cells) for cell in row)
    widths = [WIDTH] + [-max(WIDEST, widest + 1)] * len(names)  # and a space between
    lines = zip(["", *rows], [heads, *cells], strict=True)
    return "".join(aligned([fitted(name, WIDTH), *row], widths) + "\n" for name, row in lines)


def _figures(found: Tested, names: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {"texts": found.texts, **found.values}
    if found.table is not None:
        keys = ("precision", "recall", "f1", "support")
        figures = [column.tolist() for column in found.table[:4]]
        row["labels"] = {
            name: dict(zip(keys, values, strict=True))
            for name, values in zip(names, zip(*figures, strict=True), strict=True)
        }
    if found.confusion is not None:
        row["confusion"] = found.confusion.tolist()
    return row
