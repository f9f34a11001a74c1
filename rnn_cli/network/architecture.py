"""What a network is made of: its parameters, their shapes, their first values, their place in memory."""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rnn_cli.network.arrays import Array, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.functions import glorot_uniform
from rnn_cli.network.inputs import ONE_HOT_UP_TO, Columns, Gradient
from rnn_cli.network.outputs import OUTPUTS

Gradients = dict[str, Gradient]


@dataclass(frozen=True)
class Architecture:
    """The choices that decide what the parameters are, as a model file holds them.

    With more layers than one, the states of each are what enters the next: its parameters are U2, W2
    and b_a2, and so on. With an embedding C (after Bengio et al. 2003), C x_t enters the first.
    Raises ValueError for choices that do not go together.
    """

    m: int  # vocabulary size
    n: int  # hidden size
    cell: str = "tanh"
    output: str = "softmax"
    layers: int = 1
    embedding: int = 0  # its size; 0 for none: x_t enters the states straight through U
    tie: bool = False  # the output layer's V is the embedding, C^T (Press and Wolf 2017): sizes are equal
    cutoffs: tuple[int, ...] = ()  # of the adaptive output layer

    def __post_init__(self) -> None:
        object.__setattr__(self, "cutoffs", tuple(self.cutoffs))  # of JSON it is a list
        sizes = (self.m, self.n, self.layers, self.embedding, *self.cutoffs)
        if not all(isinstance(size, int) and size >= 0 for size in sizes) or 0 in sizes[:3]:
            raise ValueError(f"a size is no positive integer: {sizes}")
        if self.cell not in CELLS or self.output not in OUTPUTS:
            raise ValueError(f"unknown cell {self.cell!r} or output layer {self.output!r}")
        if not isinstance(self.tie, bool):
            raise ValueError(f"tie is {self.tie!r}, neither true nor false")
        if self.tie and (self.embedding != self.n or self.output != "softmax"):
            raise ValueError("an embedding is tied to a softmax, and where its size is the hidden size")
        rising = all(a < b for a, b in itertools.pairwise((0, *self.cutoffs, self.m)))
        if not rising or bool(self.cutoffs) != (self.output == "adaptive"):
            raise ValueError(f"cutoffs {self.cutoffs} are not those of {self.output} and {self.m} tokens")

    def describe(self) -> str:
        """In a few words."""
        layers = f"{self.layers} layers of " if self.layers > 1 else ""
        entrance = f", {'tied ' * self.tie}embedding {self.embedding}" if self.embedding else ""
        output = "" if self.output == "softmax" else f", {self.output} output"
        return f"{self.cell}, {layers}hidden {self.n}{entrance}, vocabulary {self.m:,}{output}"

    @cached_property
    def suffixes(self) -> list[str]:
        """What the names of each layer's parameters and states end in."""
        return ["", *(str(layer) for layer in range(2, self.layers + 1))]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each parameter's name and shape."""
        m, n, k = self.m, self.n, len(CELLS[self.cell].gates)
        named: dict[str, tuple[int, ...]] = {}
        if self.embedding and not self.tie:
            named["C"] = (self.embedding, m)
        enters = self.embedding or m
        for suffix in self.suffixes:
            named |= {f"U{suffix}": (k * n, enters), f"W{suffix}": (k * n, n), f"b_a{suffix}": (k * n,)}
            enters = n
        return named | OUTPUTS[self.output].shapes(m, n, self.cutoffs)

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(self.sizes.values())

    @property
    def sizes(self) -> dict[str, int]:
        """The number of entries of each parameter."""
        return {name: math.prod(shape) for name, shape in self.shapes.items()}

    @property
    def table(self) -> str:
        """The name of the parameter of which x_t picks a column; tied, V, of which it picks a row."""
        return "V" if self.tie else "C" if self.embedding else "U"

    def is_dense(self, name: str) -> bool:
        """Whether a parameter's gradient is an array, as it is itself, and not by columns."""
        return self.tie or name != self.table or self.m <= ONE_HOT_UP_TO

    def flops(self, counts: Array) -> float:
        """Floating-point operations of the products of a training step, a token: forward, and backward to
        what went in and to the weights, each a multiplication and an addition for every weight. counts
        (m,): how often each token occurs, which decides how much of an adaptive output layer is used."""
        by_one_hot = 2 * self.m * self.width_of_table if self.m <= ONE_HOT_UP_TO else 0
        recurrent = sum(self.sizes[name] for name in self.shapes if name[0] in "UW" and name != self.table)
        return 6 * (recurrent + OUTPUTS[self.output].cost(counts, self.n, self.cutoffs)) + by_one_hot

    @property
    def width_of_table(self) -> int:
        """How many numbers a look-up gives."""
        return self.embedding or self.shapes["U"][0]

    def initialise(self, rng: np.random.Generator, counts: Array) -> Parameters:
        """Fresh parameters, for a text in which each token occurs so often (`counts`, (m,)).

        U is normal, with the spread that suits the cell, where it meets a one-hot x_t, which reaches the
        state through one column of U: its scale must not fall with m, as Glorot's does (measured in
        tests/benchmarks). An embedding has 0.5; one that is V too is smaller, so that the first logits are.
        The other weights are after Glorot, gate by gate, but for W, which is as suits the cell.
        """
        cell, n = CELLS[self.cell], self.n
        p: Parameters = OUTPUTS[self.output].initial_biases(counts, self.cutoffs)
        for name, shape in self.shapes.items():
            if name in p:
                continue
            if name.startswith("b_a"):
                p[name] = np.repeat([*cell.gates.values()], n)
            elif name == self.table:
                spread = 0.1 if self.tie else 0.5 if self.embedding else cell.spread_of_U(self.m, n)
                p[name] = rng.normal(0, spread, shape)
            elif name[0] == "W":
                p[name] = np.concatenate([cell.initial_W(rng, n) for _ in cell.gates])
            elif name[0] == "U":
                p[name] = np.concatenate([glorot_uniform(rng, n, shape[1]) for _ in cell.gates])
            else:
                p[name] = glorot_uniform(rng, *shape)
        return self.lay_out(p)

    def lay_out(self, p: Parameters, dtype: type[np.floating] = np.float32) -> Parameters:
        """The same parameters in the order of `shapes` and as the layers want them in memory: the table
        by columns, the rest by rows."""
        return {name: np.array(p[name], dtype, order=self._order(name)) for name in self.shapes}

    def _order(self, name: str) -> Literal["F", "C"]:
        return "F" if name == self.table and not self.tie else "C"

    def dense(self, gradients: Gradients) -> Parameters:
        """Copies of gradients, all as arrays."""
        return {
            name: g.dense(self.m) if isinstance(g, Columns) else g.copy(order="K")
            for name, g in gradients.items()
        }

    def view(self, name: str, flat: Array) -> Array:
        """A parameter in its shape, of its entries in the order in which they lie in memory."""
        return flat.reshape(self.shapes[name], order=self._order(name))

    def views(self, flat: Parameters) -> Parameters:
        """Parameters in their shapes."""
        return {name: self.view(name, array) for name, array in flat.items()}

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """s_0 = 0."""
        names = (name + suffix for suffix in self.suffixes for name in CELLS[self.cell].state)
        return {name: np.zeros((B, self.n), dtype) for name in names}
