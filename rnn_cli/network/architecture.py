"""The architecture of a language model: its parameters, their shapes and their initial values."""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnn_cli.errors import check_known
from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.cells import CELLS
from rnn_cli.network.inputs import INPUTS, Input
from rnn_cli.network.layers import Layers
from rnn_cli.network.outputs import OUTPUTS


@dataclass(frozen=True)
class Architecture(Layers):
    """The choices that determine the parameters, as stored in a model file.

    With several layers, the states of each are the input of the next, whose parameters are U2, W2, b_a2 and
    so on. With an embedding, the first layer's input is C x_t (inputs.py).
    Raises ValueError for choices that cannot be combined.
    """

    m: int  # vocabulary size
    n: int  # hidden size
    cell: str = "tanh"
    output: str = "softmax"
    layers: int = 1
    embedding: int = 0  # its width; 0: x_t enters the first layer directly, through U
    tie: bool = False  # whether C = V^T, the output layer's V; the embedding then has the hidden size
    cutoffs: tuple[int, ...] = ()  # of a two-level output layer

    def __post_init__(self) -> None:
        object.__setattr__(self, "cutoffs", tuple(self.cutoffs))  # a list in JSON
        sizes = (self.m, self.n, self.layers, self.embedding, *self.cutoffs)
        if not all(isinstance(size, int) and size >= 0 for size in sizes) or 0 in sizes[:3]:
            raise ValueError(f"each size must be a positive integer: {sizes}")
        check_known("cell", self.cell, CELLS)
        check_known("output layer", self.output, OUTPUTS)
        if not isinstance(self.tie, bool):
            raise ValueError(f"tie is {self.tie!r}, neither true nor false")
        if refusal := self.input.refusal(self.n, self.embedding, self.output):
            raise ValueError(refusal)
        rising = all(a < b for a, b in itertools.pairwise((0, *self.cutoffs, self.m)))
        if not rising or bool(self.cutoffs) != OUTPUTS[self.output].has_cutoffs:
            raise ValueError(f"cutoffs {self.cutoffs} do not go with {self.output} and {self.m} tokens")

    def describe(self) -> str:
        """Return a short description."""
        layers = f"{self.layers} layers of " if self.layers > 1 else ""
        entrance = self.input.describe(self.embedding)
        output = "" if self.output == "softmax" else f", {self.output} output"
        return f"{self.cell}, {layers}hidden {self.n}{entrance}, vocabulary {self.m:,}{output}"

    @property
    def input(self) -> Input:
        """The row of INPUTS by which tokens enter."""
        return INPUTS["tied" if self.tie else "embedding" if self.embedding else "one_hot"]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each parameter's name and shape."""
        return self.layer_shapes | OUTPUTS[self.output].shapes(self.m, self.n, self.cutoffs)

    @property
    def table(self) -> str:
        """The name of the parameter whose column x_t selects (for a tied V, whose row)."""
        return self.input.table

    @property
    def width_of_table(self) -> int:
        """The number of entries that a look-up returns."""
        return self.embedding or self.shapes["U"][0]

    def flops(self, counts: Array) -> float:
        """Return the floating-point operations per token in the products of a training step: forward,
        backward to the inputs and backward to the weights, each with a multiplication and an addition per
        weight.

        counts: (m,), how often each token occurs, which decides how much of a two-level output is computed.
        """
        cell, widths = CELLS[self.cell], [self.embedding, *[self.n] * (self.layers - 1)]
        recurrent = sum(cell.cost(width, self.n) for width in widths)
        output = OUTPUTS[self.output].cost(counts, self.n, self.cutoffs)
        return 6 * (recurrent + output) + self.input.flops(self.m, self.width_of_table)

    def initialise(self, rng: np.random.Generator, counts: Array) -> Parameters:
        """Return initial values for a text whose tokens occur as often as `counts` (m,) says.

        The input determines those of the table, the cell those of the cells' parameters. The output layer's
        biases fit the counts; its weights are Glorot's.
        """
        p: Parameters = OUTPUTS[self.output].initial_biases(counts, self.cutoffs)
        return self.lay_out(
            {
                name: p[name] if name in p else self.initial(rng, name, shape)
                for name, shape in self.shapes.items()
            }
        )
