"""Presets: values for settings that are not given, by size of text. Each is a file in this folder;
tests/benchmarks/README.md has the measurements behind them."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any, Self

from rnn_cli.network.arrays import Array
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.training.optimizers import OPTIMIZERS

ABOUT, LETTERS, WORDS = "about", "letters", "words"
UP_TO, STEPS = "up_to_tokens", "steps"
MOST_LETTERS = 1000  # tokens in a vocabulary; Chinese characters are more, and are treated like words
LEAST_EPOCHS, MOST_EPOCHS = 2, 200


@dataclass(frozen=True)
class Choices:
    """The network and the recipe of a run: the settings of these names, all decided."""

    cell: str
    hidden: int
    layers: int
    embedding: int
    tie: bool
    output: str
    batch: int
    bptt: int
    optimizer: str
    lr: float
    schedule: str
    clip: float
    dropout: float
    dropconnect: float
    weight_decay: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the choices in a mapping. Raises KeyError if one is missing, ValueError if it is None."""
        chosen = {name: values[name] for name in NAMES}
        if undecided := [name for name, value in chosen.items() if value is None]:
            raise ValueError(f"{undecided[0]} is not decided")
        return cls(**chosen)

    def given(self, settings: Mapping[str, Any]) -> Self:
        """Return these choices with the given settings in their place, and adjusted to them: another
        optimizer has its own rates, and a tied embedding rules out another size or output."""
        own: dict[str, Any] = {name: value for name, value in settings.items() if name in NAMES}
        untied = not OUTPUTS[own.get("output", self.output)].has_full_rows or "embedding" in own
        if untied and not own.get("tie"):
            own["tie"] = False
        if own.get("optimizer", self.optimizer) != self.optimizer:
            own = {"lr": OPTIMIZERS[own["optimizer"]].lr, "weight_decay": 0.0} | own
        return replace(self, **own)

    def network(self, m: int, cutoffs: tuple[int, ...]) -> Network:
        """Return the network for a vocabulary of m tokens. cutoffs: of its output layer."""
        embedding = self.hidden if self.tie else self.embedding
        return Network(m, self.hidden, self.cell, self.output, self.layers, embedding, self.tie, cutoffs)

    def cutoffs(self, counts: Array) -> tuple[int, ...]:
        """Return the cutoffs of the output layer for tokens with these counts, (m,)."""
        return OUTPUTS[self.output].choose_cutoffs(counts, self.hidden)


NAMES = tuple(each.name for each in fields(Choices))


def choices_of(network: Network) -> dict[str, Any]:
    """Return the choices that give this network, by name."""
    names = ("cell", "layers", "embedding", "tie", "output")
    return {name: getattr(network, name) for name in names} | {"hidden": network.n}


@dataclass(frozen=True)
class Preset:
    """A file in this folder, as read for a vocabulary of letters or of words.

    steps: in the whole run.
    """

    name: str
    choices: Choices
    steps: int

    def epochs(self, steps_an_epoch: int) -> int:
        """Return the number of epochs that makes about `steps` steps."""
        return min(max(LEAST_EPOCHS, round(self.steps / steps_an_epoch)), MOST_EPOCHS)


@cache
def preset_files() -> dict[str, dict[str, Any]]:
    """Return the contents of the files by name, ordered by the size of text that they are for; those for no
    particular size come last.

    A file has a description (`about`), a table for vocabularies of letters and one for words. UP_TO in a
    table is the largest text that it is for, in tokens.
    """
    folder = resources.files(__name__)
    files = {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
    return dict(sorted(files.items(), key=lambda item: _size(item[1])))


def _size(file: dict[str, Any]) -> tuple[float, bool]:
    """Return the sort key of a file: its largest text, with files for no particular size last."""
    words = file[WORDS]
    return words.get(UP_TO, math.inf), UP_TO not in words


def kind(m: int) -> str:
    """Return the name of the table for a vocabulary of m tokens."""
    return LETTERS if m <= MOST_LETTERS else WORDS


def preset_for(tokens: int, m: int) -> str:
    """Return the name of the preset for a text of `tokens` tokens, m of them different."""
    files = preset_files().items()
    return next(name for name, file in files if tokens <= file[kind(m)].get(UP_TO, -1))


def load_preset(name: str, m: int) -> Preset:
    """Return a preset as read for a vocabulary of m tokens."""
    table = preset_files()[name][kind(m)]
    return Preset(name, Choices.of(table), table[STEPS])


@cache
def highest_lr() -> float:
    """Return the highest learning rate in any preset."""
    return max(file[table]["lr"] for file in preset_files().values() for table in (LETTERS, WORDS))
