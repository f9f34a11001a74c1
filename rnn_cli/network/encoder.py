"""The encoder: states of rows of unlike length, in one direction or in both (layers.py).

    h_t = the last layer's states of step t, those that read from the start and those that read from the end

A row's real steps come first. Padding stands after them: there h is 0 and takes no derivative. A row read
from its end begins with its own last real step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import check_known
from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters
from rnn_cli.network.cells import CELLS
from rnn_cli.network.cells.recurrence import ALPHABET
from rnn_cli.network.columns import Gradients
from rnn_cli.network.columns import rooms as rooms_of_columns
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.inputs import INPUTS, Input
from rnn_cli.network.layers import Layers
from rnn_cli.network.passes import Steps
from rnn_cli.network.turning import turned

CALM = 0.25  # of a language model's first U of letters: gates that these open or close at once soon forget


class Padded(NamedTuple):
    """Rows of unlike length."""

    x: Ids  # (T, B)
    real: Array  # (T, B), 1 at a row's real steps, which come first, and 0 at padding
    beside: Array | None = None  # (T or 1, B, `beside`), the second input


# dh (T, B, width), overwritten -> the gradients, and dE/dq where there is a second input
Backward = Callable[[Array], tuple[Gradients, Array | None]]


@dataclass(frozen=True)
class Encoder(Layers):
    """The choices that decide an encoder's parameters.

    Raises ValueError for choices that do not go together.
    """

    m: int  # vocabulary size
    n: int  # units of each layer and direction
    cell: str = "tanh"
    layers: int = 1
    embedding: int = 0  # its size; 0: x_t enters the states straight through U
    bidirectional: bool = False
    beside: int = 0  # the width of a second input, or 0

    def __post_init__(self) -> None:
        sizes = (self.m, self.n, self.layers, self.embedding, self.beside)
        if not all(isinstance(size, int) and size >= 0 for size in sizes) or 0 in sizes[:3]:
            raise ValueError(f"each size must be a positive integer: {sizes}")
        check_known("cell", self.cell, CELLS)

    def describe(self) -> str:
        """Return the encoder in words."""
        ways = "bidirectional " if self.bidirectional else ""
        layers = f"{self.layers} layers, " if self.layers > 1 else ""
        return f"{ways}{self.cell}, {layers}hidden {self.n}, embedding {self.embedding}"

    @property
    def input(self) -> Input:
        return INPUTS["embedding" if self.embedding else "one_hot"]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return self.layer_shapes

    def initialise(self, rng: np.random.Generator) -> Parameters:
        """Return first values."""
        p = {name: self.initial(rng, name, shape) for name, shape in self.shapes.items()}
        if not self.embedding and self.m <= ALPHABET:
            for name in self.tables:
                p[name] *= CALM
        return self.lay_out(p)

    def forward(
        self, p: Parameters, rows: Padded, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[Array, Backward]:
        """Return h (T, B, width), an array of `work`, and the backward pass."""
        x, real, beside = rows
        turning = turned(real) if self.bidirectional else None
        first = self.zero_state(x.shape[1], work.dtype.type)
        steps = Steps(x, np.ones_like(real), turning, beside)
        h, _, into_layers = self.through(p, steps, first, work, masks)
        padding = real == 0
        h[padding] = 0

        def backward(dh: Array) -> tuple[Gradients, Array | None]:
            dh[padding] = 0
            derivatives = into_layers(dh)
            return derivatives.gradients, derivatives.beside

        return h, backward

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the rooms of its ids, its mask and its gradients by columns (`Trainable.rooms`)."""
        rooms = {"x": (T * B, True), "real": (T * B, False)}
        for name, table in self.tables.items():
            if table.by_columns:
                rooms |= rooms_of_columns(name, min(T * B, self.m), self.shapes[name][0])
        return rooms
