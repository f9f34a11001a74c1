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
        "--model", "-m", metavar="FILE", callback=some_files, help="The model file; for --mix, each."
    ),
]
MixOption = Annotated[
    bool,
    typer.Option(
        "--mix", help="Mix what several --model predict, and the --baseline if it is given.", **PANEL
    ),
]
ValidOption = Annotated[
    str | None,
    typer.Option(
        "--valid",
        metavar="FILE",
        show_default=False,
        help="Find the weights of --mix that make this text likeliest. Default: they are equal.",
        **PANEL,
    ),
]
WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="NUMBERS",
        show_default=False,
        help="The weights of --mix, with commas: of each --model in order, then of the --baseline.",
        **PANEL,
    ),
]
BaselineOption = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="TRAIN.txt",
        show_default=False,
        help="Mix with the n-grams of this text, the one that the model was trained on.",
        **PANEL,
    ),
]
