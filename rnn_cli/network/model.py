"""The network: what its parameters are, its loss over a window, its gradients, one step of it.

Parameters are plain data, a dict of arrays under the tutorial's names, and gradients are the same
dict again. Nothing here is mutable but the arrays that are passed in.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.cells import CELLS
from rnn_cli.network.functions import Array, dropout_mask, glorot_uniform
from rnn_cli.network.inputs import ONE_HOT_UP_TO, Columns, look_up
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.workspace import Workspace

Parameters = dict[str, Array]
Gradients = dict[str, Array | Columns]
State = dict[str, Array]  # what one window hands to the next: {"s": (B, n)}
Masks = dict[str, Array]  # of dropout, each (T, B, n): "a" for what enters the states, "s" for what leaves
NO_MASKS: Masks = {}


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
        return sum(self.sizes.values())

    @property
    def sizes(self) -> dict[str, int]:
        """The number of entries of each parameter."""
        return {name: math.prod(shape) for name, shape in self.shapes.items()}

    def is_dense(self, name: str) -> bool:
        """Whether a parameter's gradient is an array, as it is itself, and not by columns."""
        return name != "U" or self.m <= ONE_HOT_UP_TO

    @property
    def flops(self) -> int:
        """Floating-point operations of the products of a training step, a token: forward, and backward
        to what went in and to the weights, each a multiplication and an addition for every weight."""
        by_one_hot = 2 * self.sizes["U"] if self.is_dense("U") else 0
        return 6 * (self.sizes["W"] + self.sizes["V"]) + by_one_hot

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

    def dense(self, gradients: Gradients) -> Parameters:
        """Copies of gradients, all as arrays."""
        return {
            name: g.dense(self.m) if isinstance(g, Columns) else g.copy(order="K")
            for name, g in gradients.items()
        }

    def view(self, name: str, flat: Array) -> Array:
        """A parameter in its shape, of its entries in the order in which they lie in memory."""
        return flat.reshape(self.shapes[name], order="F" if name == "U" else "C")

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """s_0 = 0."""
        return {"s": np.zeros((B, self.n), dtype)}

    def draw_masks(self, rng: np.random.Generator, rate: float, T: int, B: int) -> Masks:
        """Dropout where Zaremba et al. 2014 have it: on what enters the states (U x_t + b_a) and on what
        the output layer sees of them, never on the way from state to state."""
        return {name: dropout_mask(rng, rate, T, B, self.n) for name in ("a", "s")} if rate else NO_MASKS

    def loss(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """E, summed over the window, and the state after it."""
        work.start()
        y, weight = batch.y.ravel(), batch.weight.ravel()
        s, h, _ = self._states(p, batch, state, work, masks)
        E = OUTPUTS[self.output].loss(p["V"], p["b_y"], h.reshape(-1, self.n), y, weight, work)
        return E, {"s": s[-1].copy()}

    def loss_and_gradients(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """E, summed over the window; dE/dp for every parameter p; and the state after the window.

        The window's first state is a constant: gradients reach back to the window's start and no
        further (truncated backpropagation through time, Williams and Peng 1990). They are arrays
        of `work` and hold until the next call with the same one.
        """
        work.start()
        y, weight = batch.y.ravel(), batch.weight.ravel()
        s, h, backward = self._states(p, batch, state, work, masks)
        E, (dh, dV, db_y) = OUTPUTS[self.output].loss_and_gradients(
            p["V"], p["b_y"], h.reshape(-1, self.n), y, weight, work
        )
        return E, backward(dh.reshape(s.shape)) | {"V": dV, "b_y": db_y}, {"s": s[-1].copy()}

    def _states(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks
    ) -> tuple[Array, Array, Callable[[Array], Gradients]]:
        """The states s (T, B, n), what the output layer sees of them, and the way back from there."""
        a, input_backward = look_up(p["U"], p["b_a"], batch.x, work)
        if masks:
            np.multiply(a, masks["a"], out=a)
        s, cell_backward = CELLS[self.cell].forward(p["W"], a, state["s"], batch.keep, work)
        h = np.multiply(s, masks["s"], out=work("h", *s.shape)) if masks else s

        def backward(dh: Array) -> Gradients:
            ds = np.multiply(dh, masks["s"], out=dh) if masks else dh
            da, dW = cell_backward(ds)
            if masks:
                np.multiply(da, masks["a"], out=da)
            dU, db_a = input_backward(da)
            return {"U": dU, "W": dW, "b_a": db_a}

        return s, h, backward

    def step(self, p: Parameters, x: NDArray[np.intp], state: State) -> tuple[Array, State]:
        """One step for x (B,): the logits V s_t + b_y (B, m), and the state s_t."""
        a_t = p["U"].T.take(x, axis=0) + p["b_a"]
        s_t = CELLS[self.cell].step(p["W"], a_t, state["s"], out=np.empty_like(a_t))
        return s_t @ p["V"].T + p["b_y"], {"s": s_t}
