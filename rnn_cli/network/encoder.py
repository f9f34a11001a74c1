"""The encoder: the states of rows of different lengths, in one direction or both (layers.py).

    h_t = the last layer's states of step t, those that read from the start and those that read from the end

A row's real steps come first and are followed by padding, where h and its derivative are 0. A row that is
read from its end starts at its own last real step.
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

CALM = 0.25  # of a language model's initial U for letters, at which gates would forget too soon


class Padded(NamedTuple):
    """Rows of different lengths."""

    x: Ids  # (T, B)
    real: Array  # (T, B), 1 at a row's real steps, which come first, and 0 at padding
    beside: Array | None = None  # (T or 1, B, `beside`), the second input


# dh (T, B, width), overwritten -> the gradients, and dE/dq if there is a second input
Backward = Callable[[Array], tuple[Gradients, Array | None]]


@dataclass(frozen=True)
class Encoder(Layers):
    """An encoder, defined by the choices that determine its parameters.

    Raises ValueError for choices that cannot be combined.
    """

    m: int  # vocabulary size
    n: int  # units of each layer and direction
    cell: str = "tanh"
    layers: int = 1
    embedding: int = 0  # its width; 0: x_t enters the first layer directly, through U
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
        """Return initial values."""
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
        """Return the rooms of the ids, the mask and the gradients by columns (`Trainable.rooms`)."""
        rooms = {"x": (T * B, True), "real": (T * B, False)}
        for name, table in self.tables.items():
            if table.by_columns:
                rooms |= rooms_of_columns(name, min(T * B, self.m), self.shapes[name][0])
        return rooms
