"""The options that `rnn train` alone has. Where one is not given it is None: a run that goes on takes it from
its state, and one that begins has the default that the help tells."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from rnn_cli.cli.options.text import finite
from rnn_cli.cli.options.training import NETWORK, TRAINING, option
from rnn_cli.runs.saving import Every

TEXT, FILES = "Text", "Files"
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}  # of memory, in bytes


def an_interval(value: str | None) -> str | None:
    """Refuse what is no interval to save at."""
    try:
        Every.parse("1" if value is None else value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return value


def bytes_of(size: str | None) -> int | None:
    """Bytes of "2G" or "500M". Raises typer.BadParameter."""
    if size is None:
        return None
    number, unit = (size[:-1], size[-1].upper()) if size[-1:].upper() in UNITS else (size, "")
    with suppress(ValueError):
        count = float(number) * UNITS.get(unit, 1)
        if 1 <= count < 1 << 63:
            return int(count)
    raise typer.BadParameter(f"{size!r} is no size of memory (500M, 2G)")


def a_size(value: str | None) -> str | None:
    """Refuse what is no size of memory."""
    bytes_of(value)
    return value


ValidOption = Annotated[str | None, option(TEXT, metavar="FILE", help="Validate on this text.")]
ValidFractionOption = Annotated[
    float | None,
    option(
        TEXT,
        min=0,
        max=0.9,
        callback=finite,
        help="The share of lines held out to validate on. Default: 0.1.",
    ),
]
VocabOption = Annotated[
    Path | None,
    option(
        TEXT, metavar="FILE", help="Take the vocabulary and the tokenizer from this file (rnn vocab --out)."
    ),
]
CarryStateOption = Annotated[
    bool | None,
    option(TEXT, "--carry-state", help="Let the state run on from line to line, as suits books and plays."),
]
InitOption = Annotated[
    Path | None,
    option(
        NETWORK,
        metavar="FILE",
        help="Begin from this model: its network and weights, its tokenizer and vocabulary.",
    ),
]
EpochsOption = Annotated[
    int | None,
    option(
        TRAINING,
        "--epochs",
        "-e",
        min=1,
        max=1_000_000,
        help="Passes over the text. Default: as many as make the preset's steps.",
    ),
]
PatienceOption = Annotated[
    int | None,
    option(
        TRAINING,
        min=1,
        max=1_000_000,
        help="Stop after this many epochs without a better loss. Default: a quarter, at least 4.",
    ),
]
MaxRollbacksOption = Annotated[
    int | None,
    option(
        TRAINING,
        min=0,
        max=1000,
        help="How often a run that diverges goes back and halves the learning rate. Default: 3.",
    ),
]
SeedOption = Annotated[
    int | None,
    option(TRAINING, "--seed", "-s", min=0, max=2**64 - 1, help="Decides all chance. Default: 0."),
]
LogOption = Annotated[
    Path | None, option(FILES, metavar="FILE", help="Append one JSON object a line to this file.")
]
SaveEveryOption = Annotated[
    str | None,
    option(
        FILES,
        metavar="TIME|STEPS",
        callback=an_interval,
        help="Save so often (30s, 10m, 2h, or a number of steps) and after each epoch. "
        "Default: as often as costs less than 2 % of the time.",
    ),
]
MaxMemoryOption = Annotated[
    str | None,
    option(
        TRAINING,
        metavar="SIZE",
        callback=a_size,
        help="Refuse a run that would take more than this (500M, 2G). Default: what the machine has.",
    ),
]
PlanOption = Annotated[
    bool, option(TRAINING, "--plan", help="Tell what the run would take, memory and time, and stop.")
]
