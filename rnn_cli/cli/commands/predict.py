"""rnn predict: the labels of texts, or their scores."""

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, warn, write_json, write_text
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, ModelOption, ThreadsOption, one_of
from rnn_cli.cli.options.settings import EncodingOption
from rnn_cli.errors import UsageError
from rnn_cli.models.classifier import THRESHOLD, Classifier, Prediction
from rnn_cli.runs.checks import check_encoding
from rnn_cli.text.arriving import read_blocks
from rnn_cli.text.pairs.inputs import text_of
from rnn_cli.text.pairs.kinds import LABEL

TAB, FASTTEXT = "tab", "fasttext"


def predict(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Text files, a text a line; - is standard input, as is none.",
            show_default=False,
        ),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    top: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Print the likeliest labels, this many. Default: 1."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            show_default=False,
            help=f"Print labels of at least this probability. Default, of several a text: {THRESHOLD}.",
        ),
    ] = None,
    encoding: EncodingOption = None,
    threads: ThreadsOption = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            **one_of((TAB, FASTTEXT)),
            show_default=False,
            help="label<TAB>probability, or __label__x probability. Default: tab.",
        ),
    ] = TAB,
    as_json: JsonOption = False,
) -> None:
    """Print a label for each text, with its probability, or a score.

    One line comes out for each line that goes in. Of a line with labels, as training files have them, the
    text alone is read: what follows a tab, and __label__x before the text, are left out.
    """
    check_encoding(encoding)
    paths = files or ["-"]
    if "-" in paths and sys.stdin.isatty():
        say("reading standard input, a text a line; Ctrl-D ends it")
    classifier = Classifier.load(model)
    if classifier.labels is None and not (top is None and threshold is None and form == TAB):
        raise UsageError("--top, --threshold and --format are for labels, and this model gives a score")
    if threshold is None and top is None:
        threshold, top = (THRESHOLD, None) if classifier.is_multi else (0.0, 1)
    unknown, first = 0, 0
    number = 0
    for lines in _lines(read_blocks(paths, encoding), classifier.task):
        for text, prediction in zip(lines, classifier.predict(lines, threads), strict=True):
            number += 1
            if prediction.is_unknown:
                unknown, first = unknown + 1, first or number
            chosen = [row for row in prediction.labels if row[1] >= (threshold or 0)][:top]
            if as_json:
                write_json(_object(text, prediction, chosen))
            elif prediction.score is not None:
                write_text(f"{prediction.score:.4f}\n")
            else:
                write_text(_spelled(chosen, form))
        sys.stdout.flush()
    if unknown:
        warn(f"{unknown:,} of {number:,} lines hold nothing that the model knows; the first is line {first}")


def _lines(blocks: Iterable[str], task: str) -> Iterator[list[str]]:
    """Yield the texts that have come, without labels."""
    begun = ""
    for block in blocks:
        *lines, begun = (begun + block).split("\n")
        if lines:
            yield [text_of(line, task).text for line in lines]
    if begun:
        yield [text_of(begun, task).text]


def _spelled(chosen: list[tuple[str, float]], form: str) -> str:
    if form == FASTTEXT:
        return " ".join(f"{LABEL}{'_'.join(name.split())} {p:.6g}" for name, p in chosen) + "\n"
    return "\t".join(f"{name}\t{p:.4f}" for name, p in chosen) + "\n"


def _object(text: str, prediction: Prediction, chosen: list[tuple[str, float]]) -> dict[str, Any]:
    row: dict[str, Any] = {"text": text, "is_unknown": prediction.is_unknown}
    if prediction.score is not None:
        return row | {"score": prediction.score}
    return row | {"labels": [{"label": name, "p": p} for name, p in chosen]}
