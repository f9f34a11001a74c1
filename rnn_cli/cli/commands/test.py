"""rnn test: how good a model of labels or scores is."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import write_json, write_text
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, ModelOption
from rnn_cli.cli.options.settings import EncodingOption
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.tested import Tested
from rnn_cli.runs.checks import check_encoding
from rnn_cli.runs.examine import Examined, examined

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
MOST_LABELS = 20  # of a confusion matrix that is printed
WIDTH = 24


def test(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files of pairs, as for training.")],
    model: ModelOption = DEFAULT_MODEL,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAMES", show_default=False, help="The two columns of .csv and .jsonl files."),
    ] = None,
    encoding: EncodingOption = None,
    train: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Count the texts that stand in this file too, and leave them out.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Test a model of labels or scores on pairs that it has not learned from.

    Prints accuracy, macro-F1, a table for each label and which labels are taken for which; of scores,
    correlation and mean error.
    """
    check_encoding(encoding)
    classifier = Classifier.load(model)
    with tempfile.TemporaryDirectory() as folder:
        found = examined(classifier, files, Path(folder), columns, encoding, train)
    names = classifier.labels.names if classifier.labels else ()
    if as_json:
        write_json(_object(found, names))
    else:
        write_text(_table(found.all, names))
        if found.unseen:
            seen = found.all.texts - found.unseen.texts
            write_text(f"\n{seen:,} of the texts stand in {train}; without them:\n\n")
            write_text(_totals(found.unseen))


def _totals(found: Tested) -> str:
    rows = {"texts": f"{found.texts:,}"} | {NAMES[k]: f"{v:.4f}" for k, v in found.values.items()}
    return "".join(f"{name:<22}{value:>10}\n" for name, value in rows.items())


def _table(found: Tested, names: tuple[str, ...]) -> str:
    text = _totals(found)
    if found.table is None:
        return text
    text += f"\n{'label':<{WIDTH}} precision    recall        F1   support\n"
    for k, name in enumerate(names):
        row = [column[k] for column in found.table]
        text += (
            f"{name[:WIDTH]:<{WIDTH}}" + "".join(f"{value:10.4f}" for value in row[:3]) + f"{row[3]:10,}\n"
        )
    if found.confusion is not None and len(names) <= MOST_LABELS:
        text += "\na row's label taken for a column's\n"
        text += " " * WIDTH + "".join(f"{name[:7]:>8}" for name in names) + "\n"
        for name, counts in zip(names, found.confusion.tolist(), strict=True):
            text += f"{name[:WIDTH]:<{WIDTH}}" + "".join(f"{count:8,}" for count in counts) + "\n"
    return text


def _object(found: Examined, names: tuple[str, ...]) -> dict[str, Any]:
    row = _figures(found.all, names)
    return row | ({"unseen": _figures(found.unseen, names)} if found.unseen else {})


def _figures(found: Tested, names: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {"texts": found.texts, **found.values}
    if found.table is not None:
        keys = ("precision", "recall", "f1", "support")
        columns = [column.tolist() for column in found.table[:4]]
        row["labels"] = {
            name: dict(zip(keys, values, strict=True))
            for name, values in zip(names, zip(*columns, strict=True), strict=True)
        }
    if found.confusion is not None:
        row["confusion"] = found.confusion.tolist()
    return row
