"""The network: its loss over a window, its gradients, one step of it.

Parameters are plain data, a dict of arrays under the tutorial's names, and gradients are the same
dict again. Nothing here is mutable but the arrays that are passed in.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from rnn_cli.network.architecture import Architecture, Gradients
from rnn_cli.network.arrays import Array, Ids, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.fast.products import Product, plain, times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import dropout_mask
from rnn_cli.network.inputs import Columns, Gradient, feed, look_up
from rnn_cli.network.outputs import OUTPUTS

Masks = dict[str, Array]  # of dropout, each (T or 1, B, width): "x" for an embedding, "s", "s2" … for states
NO_MASKS: Masks = {}
NO_PRODUCTS: Mapping[str, Product] = {}


class Batch(Protocol):
    """T steps of B sequences side by side, time-major: each array is (T, B)."""

    @property
    def x(self) -> Ids: ...  # inputs
    @property
    def y(self) -> Ids: ...  # targets
    @property
    def keep(self) -> Array: ...  # 0 where s_{t-1} is dropped, else 1
    @property
    def weight(self) -> Array: ...  # 0 where there is no target, else 1


class Sequences(NamedTuple):
    """A batch as plain arrays."""

    x: Ids
    y: Ids
    keep: Array
    weight: Array


class Network(Architecture):
    """s_t = cell(U x_t + b_a, W, s_{t-1}),  o_t = output(s_t),  E = Σ_t -log o_t[y_t]."""

    def draw_masks(
        self, rng: np.random.Generator, rate: float, T: int, B: int, of_window: bool = False
    ) -> Masks:
        """Dropout where Zaremba et al. 2014 have it: on an embedding, on what each layer's states show the
        next, and on what the output layer sees; never on the way from state to state.

        of_window: one mask for all steps of a window (Gal and Ghahramani 2016).
        """
        if not rate:
            return NO_MASKS
        widths = {f"s{suffix}": self.n for suffix in self.suffixes}
        if self.embedding:
            widths["x"] = self.embedding
        steps = 1 if of_window else T
        return {name: dropout_mask(rng, rate, steps, B, width) for name, width in widths.items()}

    def loss(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """E, summed over the window, and the state after it."""
        E_t, after = self.nats(p, batch, state, work, masks)
        return _sum(E_t.ravel(), batch.weight.ravel()), after

    def nats(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[Array, State]:
        """E_t of each target (T, B), an array of `work`, and the state after the window."""
        work.start()
        h, after, _ = self._states(p, batch, state, work, masks)
        E_t = OUTPUTS[self.output].nats(p, h.reshape(-1, self.n), batch.y.ravel(), work)
        return E_t.reshape(batch.y.shape), after

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
        h, after, backward = self._states(p, batch, state, work, masks)
        E_t, dh, of_output = OUTPUTS[self.output].nats_and_gradients(
            p, h.reshape(-1, self.n), y, weight, work
        )
        E, gradients = _sum(E_t, weight), backward(dh.reshape(h.shape)) | of_output
        d_table = gradients.pop("table")
        gradients[self.table] = _add_rows(of_output["V"], d_table) if self.tie else d_table
        return E, {name: gradients[name] for name in self.shapes}, after

    def _states(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks
    ) -> tuple[Array, State, Callable[[Array], Gradients]]:
        """What the output layer sees, (T, B, n), the state after the window, and the way back."""
        cell, layers = CELLS[self.cell], []
        after: State = {}
        h, table_backward = look_up(self._table(p), self._bias_of_table(p), batch.x, work)
        if "x" in masks:
            np.multiply(h, masks["x"], out=h)
        for suffix in self.suffixes:
            room, mask = work.room(suffix), masks.get(f"s{suffix}")
            a, feed_backward = h, None
            if suffix or self.embedding:
                a, feed_backward = feed(p[f"U{suffix}"], p[f"b_a{suffix}"], h, room)
            before = {name: state[name + suffix] for name in cell.state}
            s, last, cell_backward = cell.forward(p[f"W{suffix}"], a, before, batch.keep, room)
            h = s if mask is None else np.multiply(s, mask, out=room("h", *s.shape))
            after |= {name + suffix: array for name, array in last.items()}
            layers.append((suffix, mask, cell_backward, feed_backward))

        def backward(dh: Array) -> Gradients:
            gradients: Gradients = {}
            for suffix, mask, cell_backward, feed_backward in reversed(layers):
                ds = dh if mask is None else np.multiply(dh, mask, out=dh)
                dh, gradients[f"W{suffix}"] = cell_backward(ds)
                if feed_backward is not None:
                    dh, gradients[f"U{suffix}"], gradients[f"b_a{suffix}"] = feed_backward(dh)
            if "x" in masks:
                np.multiply(dh, masks["x"], out=dh)
            gradients["table"], db = table_backward(dh)
            return gradients if self.embedding else gradients | {"b_a": db}

        return h, after, backward

    def _table(self, p: Parameters) -> Array:
        """Of which x_t picks a column."""
        return p["V"].T if self.tie else p[self.table]

    def _bias_of_table(self, p: Parameters) -> Array | None:
        return None if self.embedding else p["b_a"]

    def products(self, p: Parameters, B: int) -> dict[str, Product]:
        """The products with W of each layer, for many steps of B rows."""
        return {f"W{suffix}": times(p[f"W{suffix}"], B, Workspace(p["W"].dtype)) for suffix in self.suffixes}

    def step(
        self, p: Parameters, x: Ids, state: State, products: Mapping[str, Product] = NO_PRODUCTS
    ) -> tuple[Array, State]:
        """One step for x (B,): the logarithms of the next token's probabilities, but for a constant in
        each row, (B, m), and the state after it."""
        cell = CELLS[self.cell]
        after: State = {}
        h = self._table(p).T.take(x, axis=0)
        for suffix in self.suffixes:
            if suffix or self.embedding:
                h = h @ p[f"U{suffix}"].T
            before = {name: state[name + suffix] for name in cell.state}
            W = products.get(f"W{suffix}") or plain(p[f"W{suffix}"])
            last = cell.step(W, h + p[f"b_a{suffix}"], before)
            h = last[cell.state[0]]
            after |= {name + suffix: array for name, array in last.items()}
        return OUTPUTS[self.output].log_probabilities(p, h), after


def _sum(E_t: Array, weight: Array) -> float:
    return float(np.dot(weight.astype(np.float64), E_t))


def _add_rows(dV: Array, dC: Gradient) -> Array:
    """dV + dC^T, in the memory of dV."""
    if isinstance(dC, Columns):
        dV[dC.tokens] += dC.values
    else:
        dV += dC.T
    return dV
