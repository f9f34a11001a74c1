"""rnn test: measure how good a model is on pairs."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from rnn_cli.cli.console import warn, write_json, write_text
from rnn_cli.cli.options.common import DEFAULT_MODEL, EncodingOption, JsonOption, ModelOption
from rnn_cli.cli.pair_scores import warn_of_empty, warn_of_long
from rnn_cli.cli.tasks import loaded
from rnn_cli.cli.tasks.family import beside_rivals
from rnn_cli.runs.encoding import check_encoding
from rnn_cli.runs.examine import examined


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
            help="Count the texts that are also in this file, and print the figures without them, too.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Compare with the simplest rivals, trained on this file.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Test a model on pairs that it was not trained on.

    Prints accuracy, macro-F1, a table with a row for each label, and which labels are mistaken for which; for
    scores, correlation and mean error; for translations, exact matches, token error rate, BLEU and chrF.
    """
    check_encoding(encoding)
    read, family = loaded(model)
    with tempfile.TemporaryDirectory() as folder:
        found = examined(read, files, Path(folder), columns, encoding, train, baseline)
    for row, way in found.headers:
        warn(f"{row} looks like a header, but is tested as data ({way})")
    warn_of_empty(len(found.empty), found.rows, found.empty[0] + 1 if found.empty else 0, read.task)
    warn_of_long(found.cut[0], found.rows, found.cut[1])
    if as_json:
        write_json(family.figures(read, found) | ({"rivals": found.rivals} if found.rivals else {}))
    else:
        write_text(family.report(read, found, train) + beside_rivals(found, baseline, family.names))
