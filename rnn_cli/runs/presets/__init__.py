"""Presets: how to train a text of some size, where the command line does not say. Each is a file of
rnn_cli/presets; tests/benchmarks/README.md has the measurements behind them."""

import math
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from rnn_cli.cli.console import UsageError
from rnn_cli.network.arrays import Array
from rnn_cli.network.network import Network
from rnn_cli.network.outputs.adaptive import choose_cutoffs
from rnn_cli.training.optimizers import OPTIMIZERS

ABOUT, LETTERS, WORDS = "about", "letters", "words"
UP_TO = "up_to_tokens"
MOST_LETTERS = 1000  # tokens in a vocabulary; Chinese characters are more, and like words
LEAST_EPOCHS, MOST_EPOCHS = 2, 200


@dataclass(frozen=True)
class Preset:
    """What the options of the same names are where they are not given."""

    cell: str
    hidden: int
    layers: int
    embedding: int
    tie: bool
    output: str
    batch: int
    bptt: int
    steps: int  # of the whole run: --epochs is as many as they make
    optimizer: str
    lr: float
    schedule: str
    clip: float
    dropout: float
    weight_decay: float

    def given(self, **options: Any) -> "Preset":
        """This preset, but for the options that are not None, and for what does not go with them."""
        said = {name: value for name, value in options.items() if value is not None}
        untied = said.get("output", "softmax") != "softmax" or "embedding" in said
        if untied and not said.get("tie"):
            said["tie"] = False
        if said.get("optimizer", self.optimizer) != self.optimizer:  # whose the preset's rates are
            said = {"lr": OPTIMIZERS[said["optimizer"]].lr, "weight_decay": 0.0} | said
        return replace(self, **said)

    def network(self, m: int, counts: Array) -> Network:
        """The network for a vocabulary whose ids occur so often, (m,)."""
        cutoffs = choose_cutoffs(counts, self.hidden) if self.output == "adaptive" else ()
        embedding = self.hidden if self.tie else self.embedding
        return Network(m, self.hidden, self.cell, self.output, self.layers, embedding, self.tie, cutoffs)

    def epochs(self, steps_an_epoch: int) -> int:
        return min(max(LEAST_EPOCHS, round(self.steps / steps_an_epoch)), MOST_EPOCHS)


def refuse_tying(tie: bool | None, output: str | None, embedding: int | None, hidden: int | None) -> None:
    """Raises UsageError where --tie is asked for beside options that it does not go with."""
    if tie and (output not in (None, "softmax") or embedding not in (None, hidden)):
        raise UsageError("--tie needs --output softmax, and an --embedding of the hidden size")


@cache
def preset_files() -> dict[str, dict[str, Any]]:
    """The files by their names, those for small texts first and those for no size last. A file says what it
    is `about`, and has a table for each kind of vocabulary, of which UP_TO is the size of the text."""
    folder = resources.files("rnn_cli.runs.presets")
    files = {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
    return dict(sorted(files.items(), key=lambda item: item[1][WORDS].get(UP_TO, math.inf)))


def kind(m: int) -> str:
    """The table of a preset that is for a vocabulary of this size."""
    return LETTERS if m <= MOST_LETTERS else WORDS


def for_size(tokens: int, m: int) -> str:
    """The name of the preset for a text of so many tokens, m of them different."""
    files = preset_files().items()
    return next(name for name, file in files if tokens <= file[kind(m)].get(UP_TO, -1))


def load(name: str, m: int) -> Preset:
    """A preset, as it is for a vocabulary of this size."""
    return Preset(**{key: value for key, value in preset_files()[name][kind(m)].items() if key != UP_TO})
