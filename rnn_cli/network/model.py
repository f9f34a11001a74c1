"""The network: what its parameters are, its loss over a window, its gradients, one step of it.

Parameters are plain data, a dict of arrays under the tutorial's names, and gradients are the same
dict again. Nothing here is mutable but the arrays that are passed in.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.cells import CELLS
from rnn_cli.network.functions import Array, Buffers, glorot_uniform
from rnn_cli.network.inputs import look_up
from rnn_cli.network.outputs import OUTPUTS

Parameters = dict[str, Array]
State = dict[str, Array]  # what one window hands to the next: {"s": (B, n)}


class Batch(Protocol):
    """T steps of B sequences side by side, time-major: each array is (T, B)."""

    @property
    def x(self) -> NDArray[np.intp]: ...  # inputs
    @property
    def y(self) -> NDArray[np.intp]: ...  # targets
    @property
    def keep(self) -> Array: ...  # 0 where s_{t-1} is dropped, else 1
    @property
    def weight(self) -> Array: ...  # 0 where there is no target, else 1


class Sequences(NamedTuple):
    """A batch as plain arrays."""

    x: NDArray[np.intp]
    y: NDArray[np.intp]
    keep: Array
    weight: Array


@dataclass(frozen=True)
class Network:
    """s_t = g1(U x_t + W s_{t-1} + b_a),  o_t = softmax(V s_t + b_y),  E = Σ_t -log o_t[y_t]."""

    m: int  # vocabulary size
    n: int  # hidden size
    cell: str = "tanh"
    output: str = "softmax"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each parameter's name and shape."""
        m, n = self.m, self.n
        return {"U": (n, m), "W": (n, n), "b_a": (n,), "V": (m, n), "b_y": (m,)}

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def initialise(self, rng: np.random.Generator, counts: Array) -> Parameters:
        """Fresh parameters.

        U is normal with standard deviation 0.5: a one-hot x_t reaches the state through one column
        of U, so its scale must not fall with m, as Glorot's does (measured in tests/benchmarks).
        W is as suits the cell, V after Glorot. b_y begins at the logarithm of how often each token
        occurs (`counts`, (m,)): the first loss is a unigram model's, and no step is spent on that.
        """
        m, n = self.m, self.n
        return self.lay_out(
            {
                "U": rng.normal(0, 0.5, (n, m)),
                "W": CELLS[self.cell].initial_W(rng, n),
                "b_a": np.zeros(n),
                "V": glorot_uniform(rng, m, n),
                "b_y": np.log((counts + 1) / (counts.sum() + m)),
            }
        )

    def lay_out(self, p: Parameters, dtype: type[np.floating] = np.float32) -> Parameters:
        """The same parameters as the layers want them in memory: U by columns, the rest by rows."""
        return {name: np.array(array, dtype, order="F" if name == "U" else "C") for name, array in p.items()}

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """s_0 = 0."""
        return {"s": np.zeros((B, self.n), dtype)}

    def loss(self, p: Parameters, batch: Batch, state: State, buffers: Buffers) -> tuple[float, State]:
        """E, summed over the window, and the state after it."""
        a, _ = look_up(p["U"], p["b_a"], batch.x, buffers)
        s, _ = CELLS[self.cell].forward(p["W"], a, state["s"], batch.keep, buffers)
        E = OUTPUTS[self.output].loss(
            p["V"], p["b_y"], s.reshape(-1, self.n), batch.y.ravel(), batch.weight.ravel(), buffers
        )
        return E, {"s": s[-1].copy()}

    def loss_and_gradients(
        self, p: Parameters, batch: Batch, state: State, buffers: Buffers
    ) -> tuple[float, Parameters, State]:
        """E, summed over the window; dE/dp for every parameter p; and the state after the window.

        The window's first state is a constant: gradients reach back to the window's start and no
        further (truncated backpropagation through time, Williams and Peng 1990). They are arrays
        of `buffers` and hold until the next call with the same ones.
        """
        a, input_backward = look_up(p["U"], p["b_a"], batch.x, buffers)
        s, cell_backward = CELLS[self.cell].forward(p["W"], a, state["s"], batch.keep, buffers)
        E, (ds, dV, db_y) = OUTPUTS[self.output].loss_and_gradients(
            p["V"], p["b_y"], s.reshape(-1, self.n), batch.y.ravel(), batch.weight.ravel(), buffers
        )
        da, dW = cell_backward(ds.reshape(s.shape))
        dU, db_a = input_backward(da)
        gradients = {"U": dU, "W": dW, "b_a": db_a, "V": dV, "b_y": db_y}
        return E, gradients, {"s": s[-1].copy()}

    def step(
        self, p: Parameters, x: NDArray[np.intp], keep: Array, state: State, buffers: Buffers
    ) -> tuple[Array, State]:
        """One step for x (B,), keep (B,): the logits V s_t + b_y (B, m), and the state s_t."""
        a, _ = look_up(p["U"], p["b_a"], x[None], buffers)
        s, _ = CELLS[self.cell].forward(p["W"], a, state["s"], keep[None], buffers)
        return s[0] @ p["V"].T + p["b_y"], {"s": s[0].copy()}
