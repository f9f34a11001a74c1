"""What a network is made of: its parameters, their shapes, their first values, their place in memory."""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rnn_cli.network.arrays import Array, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Columns, Gradients
from rnn_cli.network.functions import glorot_uniform
from rnn_cli.network.inputs import INPUTS, Input
from rnn_cli.network.outputs import OUTPUTS


@dataclass(frozen=True)
class Architecture:
    """The choices that decide what the parameters are, as a model file holds them.

    With several layers, the states of each are what enters the next, whose parameters are U2, W2 and b_a2,
    and so on. With an embedding, C x_t enters the first (inputs.py).
    Raises ValueError for choices that do not go together.
    """

    m: int  # vocabulary size
    n: int  # hidden size
    cell: str = "tanh"
    output: str = "softmax"
    layers: int = 1
    embedding: int = 0  # its size; 0: x_t enters the states straight through U
    tie: bool = False  # the embedding is the output layer's V, C = V^T; its size is the hidden size
    cutoffs: tuple[int, ...] = ()  # of the adaptive output layer

    def __post_init__(self) -> None:
        object.__setattr__(self, "cutoffs", tuple(self.cutoffs))  # JSON has it as a list
        sizes = (self.m, self.n, self.layers, self.embedding, *self.cutoffs)
        if not all(isinstance(size, int) and size >= 0 for size in sizes) or 0 in sizes[:3]:
            raise ValueError(f"each size must be a positive integer: {sizes}")
        if self.cell not in CELLS or self.output not in OUTPUTS:
            raise ValueError(f"unknown cell {self.cell!r} or output layer {self.output!r}")
        if not isinstance(self.tie, bool):
            raise ValueError(f"tie is {self.tie!r}, neither true nor false")
        if refusal := self.input.refusal(self.n, self.embedding, self.output):
            raise ValueError(refusal)
        rising = all(a < b for a, b in itertools.pairwise((0, *self.cutoffs, self.m)))
        if not rising or bool(self.cutoffs) != OUTPUTS[self.output].has_cutoffs:
            raise ValueError(f"cutoffs {self.cutoffs} do not go with {self.output} and {self.m} tokens")

    def describe(self) -> str:
        """Return it in a few words."""
        layers = f"{self.layers} layers of " if self.layers > 1 else ""
        entrance = self.input.describe(self.embedding)
        output = "" if self.output == "softmax" else f", {self.output} output"
        return f"{self.cell}, {layers}hidden {self.n}{entrance}, vocabulary {self.m:,}{output}"

    @property
    def input(self) -> Input:
        """The row of INPUTS by which tokens enter."""
        return INPUTS["tied" if self.tie else "embedding" if self.embedding else "one_hot"]

    @cached_property
    def suffixes(self) -> list[str]:
        """What the names of each layer's parameters and states end in."""
        return ["", *(str(layer) for layer in range(2, self.layers + 1))]

    @cached_property
    def letters(self) -> list[str]:
        """The names of a layer's parameters, without its suffix."""
        return [*CELLS[self.cell].shapes(self.n, self.n)]

    @cached_property
    def recurrent(self) -> list[str]:
        """The names of a layer's matrices that multiply its own state."""
        return [letter for letter in self.letters if letter not in ("U", "b_a")]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each parameter's name and shape."""
        named = self.input.shapes(self.m, self.embedding)
        enters = self.input.width(self.m, self.embedding)
        for suffix in self.suffixes:
            of_layer = CELLS[self.cell].shapes(enters, self.n)
            named |= {letter + suffix: shape for letter, shape in of_layer.items()}
            enters = self.n
        return named | OUTPUTS[self.output].shapes(self.m, self.n, self.cutoffs)

    @property
    def size(self) -> int:
        """The number of entries of all parameters."""
        return sum(self.sizes.values())

    @property
    def sizes(self) -> dict[str, int]:
        """The number of entries of each parameter."""
        return {name: math.prod(shape) for name, shape in self.shapes.items()}

    @property
    def table(self) -> str:
        """The name of the parameter of which x_t picks a column (or a row, of a tied V)."""
        return self.input.table

    @property
    def width_of_table(self) -> int:
        """How many numbers a look-up gives."""
        return self.embedding or self.shapes["U"][0]

    def is_dense(self, name: str) -> bool:
        """Return whether a parameter's gradient is an array of its shape, and not `Columns`."""
        return name != self.table or not self.input.by_columns(self.m)

    def flops(self, counts: Array) -> float:
        """Return the floating-point operations per token of the products of a training step: forward, and
        backward to what entered and to the weights, each a multiplication and an addition per weight.

        counts: (m,), how often each token occurs, which decides how much of an adaptive output layer is used.
        """
        cell, widths = CELLS[self.cell], [self.embedding, *[self.n] * (self.layers - 1)]
        recurrent = sum(cell.cost(width, self.n) for width in widths)
        output = OUTPUTS[self.output].cost(counts, self.n, self.cutoffs)
        return 6 * (recurrent + output) + self.input.flops(self.m, self.width_of_table)

    def initialise(self, rng: np.random.Generator, counts: Array) -> Parameters:
        """Return first values, for a text in which each token occurs as often as `counts` (m,) says.

        The table is as suits the input, the cells' parameters as suits the cell; the output layer's biases
        fit the counts, and its weights are after Glorot.
        """
        cell = CELLS[self.cell]
        of_cell = {letter + suffix: letter for suffix in self.suffixes for letter in self.letters}
        p: Parameters = OUTPUTS[self.output].initial_biases(counts, self.cutoffs)
        for name, shape in self.shapes.items():
            if name == self.table:
                p[name] = rng.normal(0, self.input.spread(cell, self.m, self.n), shape)
            elif name in of_cell:
                p[name] = cell.initial(of_cell[name], rng, shape)
            elif name not in p:
                p[name] = glorot_uniform(rng, *shape)
        return self.lay_out(p)

    def lay_out(self, p: Parameters, dtype: type[np.floating] = np.float32) -> Parameters:
        """Return copies in the order of `shapes`, and in memory as the layers want them: the table by columns
        (unless it is V), the others by rows."""
        return {name: np.array(p[name], dtype, order=self._order(name)) for name in self.shapes}

    def _order(self, name: str) -> Literal["F", "C"]:
        return self.input.order if name == self.table else "C"

    def dense(self, gradients: Gradients) -> Parameters:
        """Return copies of gradients, all as arrays."""
        return {
            name: g.dense(self.m) if isinstance(g, Columns) else g.copy(order="K")
            for name, g in gradients.items()
        }

    def view(self, name: str, flat: Array) -> Array:
        """Return a parameter in its shape; `flat` has its entries in the order of the memory."""
        return flat.reshape(self.shapes[name], order=self._order(name))

    def views(self, flat: Parameters) -> Parameters:
        """Return flat arrays as parameters: views in their shapes and memory order."""
        return {name: self.view(name, array) for name, array in flat.items()}

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """Return s_0 = 0 for B rows."""
        names = (name + suffix for suffix in self.suffixes for name in CELLS[self.cell].state)
        return {name: np.zeros((B, self.n), dtype) for name in names}
