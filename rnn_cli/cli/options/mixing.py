"""The options for mixing models, which several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.options.common import a_file

PANEL: dict[str, Any] = {"rich_help_panel": "Mixing models"}


def some_files(paths: list[Path]) -> list[Path]:
    """Refuse an empty name among several."""
    return [a_file(path) for path in paths]


ModelsOption = Annotated[
    list[Path],
    typer.Option(
        "--model", "-m", metavar="FILE", callback=some_files, help="The model file; repeat it for --mix."
    ),
]
MixOption = Annotated[
    bool,
    typer.Option(
        "--mix", help="Mix the predictions of several --model, and of --baseline if it is given.", **PANEL
    ),
]
ValidOption = Annotated[
    str | None,
    typer.Option(
        "--valid",
        metavar="FILE",
        show_default=False,
        help="Find the --mix weights that make this text likeliest. Default: equal weights.",
        **PANEL,
    ),
]
WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="NUMBERS",
        show_default=False,
        help="The --mix weights, separated by commas: one for each --model in order, then one for "
        "--baseline.",
        **PANEL,
    ),
]
BaselineOption = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="TRAIN.txt",
        show_default=False,
        help="Mix with the n-grams of this text, which should be the model's training text.",
        **PANEL,
    ),
]
