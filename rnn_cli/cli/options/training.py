"""The options of a network and of its training, which several commands share. Where one is not given it
is None: a preset, or the command, says what it is."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from rnn_cli.cli.options.text import finite, one_of
from rnn_cli.network.cells import CELLS
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.runs.presets import ABOUT, preset_files
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.schedules import SCHEDULES


def option(panel: str, *names: str, help: str, **rest: Any) -> Any:
    """An option whose default only its help tells."""
    return typer.Option(*names, rich_help_panel=panel, help=help, show_default=False, **rest)


def _choice(panel: str, table: Mapping[str, Any], *names: str, help: str) -> Any:
    return option(panel, *names, help=help, **one_of(table))


NETWORK, TRAINING = "Network", "Training"

PresetOption = Annotated[
    str | None,
    _choice(
        NETWORK,
        preset_files(),
        "--preset",
        help="What is not given below: "
        + "; ".join(f"{name}, {file[ABOUT]}" for name, file in preset_files().items())
        + ". Default: by the size of the text.",
    ),
]
CellOption = Annotated[str | None, _choice(NETWORK, CELLS, "--cell", help="What computes a state.")]
HiddenOption = Annotated[
    int | None, option(NETWORK, "--hidden", "-n", min=1, max=1 << 20, help="Hidden size.")
]
LayersOption = Annotated[
    int | None, option(NETWORK, "--layers", min=1, max=64, help="Layers, one above the other.")
]
EmbeddingOption = Annotated[
    int | None,
    option(
        NETWORK,
        "--embedding",
        min=0,
        max=1 << 20,
        help="Tokens enter as vectors of this size; 0: straight through U.",
    ),
]
TieOption = Annotated[
    bool | None,
    option(
        NETWORK,
        "--tie/--no-tie",
        help="The output weights are the embedding, whose size is then the hidden size.",
    ),
]
OutputOption = Annotated[
    str | None,
    _choice(
        NETWORK,
        OUTPUTS,
        "--output",
        help="From states to probabilities; adaptive is for 20,000 words or more.",
    ),
]
BatchOption = Annotated[
    int | None, option(TRAINING, "--batch", "-b", min=1, max=1 << 16, help="Sequences side by side.")
]
BpttOption = Annotated[
    int | None, option(TRAINING, "--bptt", min=1, max=1 << 16, help="Steps that a gradient reaches back.")
]
OptimizerOption = Annotated[
    str | None, _choice(TRAINING, OPTIMIZERS, "--optimizer", help="How gradients become steps.")
]
LrOption = Annotated[
    float | None,
    option(TRAINING, "--lr", min=0, max=1000, callback=finite, help="Highest learning rate."),
]
ScheduleOption = Annotated[
    str | None,
    _choice(TRAINING, SCHEDULES, "--schedule", help="How the learning rate goes on after the warm-up."),
]
ClipOption = Annotated[
    float | None,
    option(
        TRAINING, "--clip", min=0, callback=finite, help="Scale a gradient down to this norm; 0 does not."
    ),
]
DropoutOption = Annotated[
    float | None,
    option(
        TRAINING,
        "--dropout",
        min=0,
        max=0.9,
        callback=finite,
        help="Leave out this share of what enters each layer and the output.",
    ),
]
VariationalOption = Annotated[
    bool | None,
    option(
        TRAINING,
        "--variational/--no-variational",
        help="Leave out the same at all steps of a window. Default: another at each.",
    ),
]
WeightDecayOption = Annotated[
    float | None,
    option(TRAINING, "--weight-decay", min=0, max=100, callback=finite, help="Shrink the weights."),
]
ThreadsOption = Annotated[
    int | None,
    option(
        TRAINING,
        "--threads",
        min=1,
        max=1024,
        help="Cores to compute on. Default: those this process may use.",
    ),
]
