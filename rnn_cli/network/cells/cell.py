"""The interface of a cell: what the architecture and the network need from a row of CELLS."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from rnn_cli.network.arrays import Array, Parameters, State
from rnn_cli.network.fast.products import Product
from rnn_cli.network.fast.workspace import Workspace

Step = Callable[[Array, State], State]


class Backward(Protocol):
    """The backward pass of one window; it may be called only once."""

    def __call__(self, ds: Array, d_after: State | None = None) -> tuple[Array, Parameters, State]:
        """Return da, the gradients of the cell's own parameters, and dE/d(state before the window).

        ds: (T, B, n), the derivatives of the states as the layer above sees them; overwritten.
        d_after: dE/d(state after the window), each array (B, n); None means zeros.
        da (T, B, k) and the gradients are arrays of the workspace; the third result is not.
        """
        ...


class Cell(Protocol):
    """A row of CELLS: how a layer of n units computes s_t from its input and s_{t-1}.

    The input arrives as a_t = U h_t + b_a, for all steps of a window at once, so every cell has a U and a
    b_a. All other parameters, such as W, depend on the cell. Names do not include the layer's number.

    state: the names of the arrays that one step hands to the next; the layer above sees the first.
    """

    @property
    def state(self) -> tuple[str, ...]: ...

    def shapes(self, d: int, n: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter, in the order in which they are drawn. U is (k, d) if h_t has d
        entries; b_a is (k,)."""
        ...

    def initial(self, name: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return initial values of a parameter."""
        ...

    def spread_of_U(self, m: int, n: int) -> float:
        """Return the standard deviation of U's initial values if U multiplies a one-hot x_t of m tokens."""
        ...

    def cost(self, d: int, n: int) -> int:
        """Return the number of multiplications in a step's matrix products; d = 0 leaves out U's."""
        ...

    def stepper(self, products: Mapping[str, Product]) -> Step:
        """Return a function for one step: from a_t (B, k), which it overwrites, and the state before to the
        state after, in new arrays.

        products: the products with the cell's own matrices, by name.
        """
        ...

    def forward(
        self, p: Parameters, a: Array, before: State, keep: Array, work: Workspace
    ) -> tuple[Array, State, Backward]:
        """Return the states of a window (T, B, n), the state after it, and its backward pass.

        p: the layer's parameters.
        a: (T, B, k), overwritten.
        keep: (T, B), 0 where a line starts from s_0 = 0; it multiplies the state before that step.
        The states of the window are an array of the workspace; the state after it is not.
        """
        ...
