"""rnn predict: a model's answer to each line: labels, a score, tags or a target."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from rnn_cli.cli.console import say, warn, write_json, write_text
from rnn_cli.cli.options.common import (
    DEFAULT_MODEL,
    EncodingOption,
    JsonOption,
    ModelOption,
    ThreadsOption,
    files_of_text,
    one_of,
)
from rnn_cli.cli.tasks import Loaded, loaded, refuse_others
from rnn_cli.cli.tasks.family import UNDECODED, Answer, Asked
from rnn_cli.cli.tasks.labels import FASTTEXT, TAB
from rnn_cli.errors import UsageError
from rnn_cli.models.classifier import THRESHOLD
from rnn_cli.models.encoded.texts import LONGEST
from rnn_cli.models.translator import BEAM
from rnn_cli.runs.encoding import check_encoding
from rnn_cli.text.arriving import MARKS, lines_that_come
from rnn_cli.text.pairs.inputs import text_of


def predict(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Text files, one text a line. Without any, or with -, standard input is read.",
            show_default=False,
            callback=files_of_text,
        ),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    top: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Print this many of the likeliest labels. Default: 1."),
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
        str | None,
        typer.Option(
            "--format",
            **one_of((TAB, FASTTEXT)),
            show_default=False,
            help="label<TAB>probability, or __label__x probability. Default: tab.",
        ),
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            show_default=False,
            help="Keep this many candidate targets while writing one; 1 takes the likeliest token at each "
            f"step. Default: {BEAM}.",
        ),
    ] = None,
    nbest: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            show_default=False,
            help="Print this many targets for each source, each with the logarithm of its probability.",
        ),
    ] = None,
    attention: Annotated[
        bool | None,
        typer.Option(
            "--attention",
            show_default=False,
            help="With --json: the attention of each target token to each source token.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad", help=f"Go on after lines that do not decode; their rows say '{UNDECODED}' or nan."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Predict for each line: a label with its probability, a score, tags (or words), or a target.

    Each input line gives one output line. If a line has labels or a target, as in training files, only its
    text is read: what follows a tab, and __label__x before the text, are ignored.
    """
    check_encoding(encoding)
    paths = files or ["-"]
    if "-" in paths and sys.stdin.isatty():
        say("reading standard input, one text per line; Ctrl-D ends it")
    read, family = loaded(model, predicts=True)
    asked = Asked(top, threshold, form, beam, nbest, attention)
    refuse_others(read.task, asked)
    if attention and not as_json:
        raise UsageError("--attention needs --json")
    unknown, undecoded, cut, number = _Count(), _Count(), _Count(), 0
    for lines in lines_that_come(paths, encoding, skip_bad):
        for answer in _answers(Loaded(read, family), lines, asked, threads):
            number += 1
            unknown.add(number, answer.is_unknown)
            undecoded.add(number, not answer.decodes)
            cut.add(number, answer.is_cut)
            if as_json:
                for row in answer.objects:
                    write_json(row | ({"is_cut": True} if answer.is_cut else {}))
            else:
                write_text(answer.text)
        sys.stdout.flush()
    if undecoded.number:
        warn(f"{undecoded.number:,} of {number:,} lines do not decode; the first is line {undecoded.first}")
    if unknown.number:
        what = "lines hold nothing that the model knows"
        warn(f"{unknown.number:,} of {number:,} {what}; the first is line {unknown.first}")
    if cut.number:
        warn(
            f"{cut.number:,} of {number:,} lines have more than {LONGEST} tokens: the network reads "
            f"their first {LONGEST}; the first is line {cut.first}"
        )


@dataclass
class _Count:
    """The number of lines of a kind, and which line is the first."""

    number: int = 0
    first: int = 0

    def add(self, line: int, is_one: bool) -> None:
        if is_one:
            self.number, self.first = self.number + 1, self.first or line


def _answers(model: Loaded, lines: list[str], asked: Asked, threads: int | None) -> Iterator[Answer]:
    """Yield the answer to each line, or what replaces it if the line does not decode."""
    task = model.model.task
    good = [text_of(line, task).text for line in lines if not MARKS.search(line)]
    answers = model.family.answers(model.model, good, asked, threads)
    for line in lines:
        if not MARKS.search(line):
            yield next(answers)
            continue
        said = model.family.undecoded(asked)
        text = MARKS.sub("\ufffd", text_of(line, task).text)
        row = {"text": text, "is_unknown": True} | said.entries | {"error": UNDECODED}
        yield Answer(said.text, [row], decodes=False)
