"""The network: its loss over a window, its gradients, one step of it.

Parameters are plain data, a dict of arrays under the tutorial's names, and gradients are the same dict
again. Nothing here is mutable except the arrays that are passed in.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from rnn_cli.network.architecture import Architecture
from rnn_cli.network.arrays import Array, Ids, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.products import Product, plain, times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import dropout_mask
from rnn_cli.network.inputs import feed
from rnn_cli.network.outputs import OUTPUTS

Masks = dict[str, Array]  # of dropout, each (T or 1, B, width): "x" for an embedding, "s", "s2" … for states
NO_MASKS: Masks = {}
Products = Mapping[str, Mapping[str, Product]]  # with the recurrent matrices, by layer and letter
NO_PRODUCTS: Products = {}
NO_GRADIENTS: Gradients = {}


class Batch(Protocol):
    """T steps of B rows side by side, time-major: each array is (T, B)."""

    @property
    def x(self) -> Ids: ...  # inputs
    @property
    def y(self) -> Ids: ...  # targets
    @property
    def keep(self) -> Array: ...  # 0 where a line starts and s_{t-1} is dropped, else 1
    @property
    def weight(self) -> Array: ...  # 0 where there is no target, else 1


class Sequences(NamedTuple):
    """A batch as plain arrays."""

    x: Ids
    y: Ids
    keep: Array
    weight: Array


class Backward(Protocol):
    """The backward pass of `Network.states`; it may be called once."""

    def __call__(
        self, dh: Array, d_after: State | None = None, of_output: Gradients = NO_GRADIENTS
    ) -> tuple[Gradients, State]:
        """Return the gradients of the cells' and the input's parameters, and dE/d(state before the window).

        dh: (T, B, n), dE/dh; overwritten.
        d_after: dE/d(state after the window); None stands for zeros.
        of_output: the output layer's gradients, which are returned with the others: a tied V has the sum of
            both its uses.
        """
        ...


class Network(Architecture):
    """s_t = cell(U x_t + b_a, W, s_{t-1}),  o_t = output(s_t),  E = Σ_t -log o_t[y_t]."""

    def draw_masks(
        self, rng: np.random.Generator, rate: float, T: int, B: int, of_window: bool = False
    ) -> Masks:
        """Draw dropout masks where Zaremba et al. 2014 have them: for an embedding, for what each layer shows
        the next, and for what the output layer sees; never on the way from state to state.

        of_window: use one mask for all steps of a window (Gal and Ghahramani 2016).
        """
        if not rate:
            return NO_MASKS
        widths = {f"s{suffix}": self.n for suffix in self.suffixes} | self.input.masks(self.embedding)
        steps = 1 if of_window else T
        return {name: dropout_mask(rng, rate, steps, B, width) for name, width in widths.items()}

    def loss(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E, summed over the window, and the state after it."""
        E_t, after = self.nats(p, batch, state, work, masks)
        return _sum(E_t.ravel(), batch.weight.ravel()), after

    def nats(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[Array, State]:
        """Return E_t of each target, (T, B), an array of `work`, and the state after the window."""
        work.start()
        h, after, _ = self.states(p, batch, state, work, masks)
        E_t = OUTPUTS[self.output].nats(p, h.reshape(-1, self.n), batch.y.ravel(), work)
        return E_t.reshape(batch.y.shape), after

    def loss_and_gradients(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, summed over the window; dE/dp for every parameter p; and the state after the window.

        The window's first state is a constant: gradients reach back to the window's start and no further
        (truncated backpropagation through time, Williams and Peng 1990). Those that are dense lie in
        `work.gradient`; all hold until the next call with the same workspace.
        """
        work.start()
        y, weight = batch.y.ravel(), batch.weight.ravel()
        h, after, backward = self.states(p, batch, state, work, masks)
        E_t, dh, of_output = OUTPUTS[self.output].nats_and_gradients(
            p, h.reshape(-1, self.n), y, weight, work
        )
        E = _sum(E_t, weight)
        gradients, _ = backward(dh.reshape(h.shape), of_output={**of_output})
        return E, {name: gradients[name] for name in self.shapes}, after

    def states(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[Array, State, Backward]:
        """Return the last layer's states h (T, B, n), dropout applied, the state after the window, and the
        backward pass. h is an array of `work`; of the batch only x and keep are used."""
        cell, layers = CELLS[self.cell], []
        after: State = {}
        h: Array = batch.x  # what enters a layer: tokens, then the states of the layer below
        a, into_input = self.input.forward(p, h, masks.get("x"), work)
        into_below = None
        for suffix in self.suffixes:
            room, mask = work.room(suffix), masks.get(f"s{suffix}")
            if suffix:
                a, into_below = feed(p[f"U{suffix}"], p[f"b_a{suffix}"], h, room)
            of_layer = {letter: p[letter + suffix] for letter in self.letters}
            before = {name: state[name + suffix] for name in cell.state}
            s, last, into_cell = cell.forward(of_layer, a, before, batch.keep, room)
            h = s if mask is None else np.multiply(s, mask, out=room("h", *s.shape))
            after |= {name + suffix: array for name, array in last.items()}
            layers.append((suffix, mask, into_cell, into_below))

        def backward(
            dh: Array, d_after: State | None = None, of_output: Gradients = NO_GRADIENTS
        ) -> tuple[Gradients, State]:
            gradients: Gradients = {**of_output}
            d_before: State = {}
            for suffix, mask, into_cell, into_below in reversed(layers):
                ds = dh if mask is None else np.multiply(dh, mask, out=dh)
                d_last = None if d_after is None else {name: d_after[name + suffix] for name in cell.state}
                da, of_cell, d_first = into_cell(ds, d_last)
                gradients |= {letter + suffix: array for letter, array in of_cell.items()}
                d_before |= {name + suffix: array for name, array in d_first.items()}
                if into_below is not None:
                    dh, gradients[f"U{suffix}"], gradients[f"b_a{suffix}"] = into_below(da)
            return into_input(da, gradients), {name: d_before[name] for name in state}

        return h, after, backward

    def products(self, p: Parameters, B: int) -> Products:
        """Return the products with each layer's recurrent matrices, for many steps of B rows."""
        return {
            suffix: {W: times(p[W + suffix], B, Workspace(p[W + suffix].dtype)) for W in self.recurrent}
            for suffix in self.suffixes
        }

    def step(
        self, p: Parameters, x: Ids, state: State, products: Products = NO_PRODUCTS
    ) -> tuple[Array, State]:
        """Return the logits of the next tokens, (B, m), after a step with tokens x (B,), and the state then.

        products: what `products` returned for these parameters and B; it makes steps faster.
        """
        h, after = self.advance(p, self.input.step(p, x), state, products)
        return OUTPUTS[self.output].logits(p, h), after

    def advance(
        self, p: Parameters, a_t: Array, state: State, products: Products = NO_PRODUCTS
    ) -> tuple[Array, State]:
        """Return what the output layer sees after a step, (B, n), and the state then.

        a_t: (B, k), what enters the first layer (`Input.step`). products: as for `step`.
        """
        cell = CELLS[self.cell]
        after: State = {}
        h: Array = a_t
        for suffix in self.suffixes:
            if suffix:
                a_t = h @ p[f"U{suffix}"].T + p[f"b_a{suffix}"]
            before = {name: state[name + suffix] for name in cell.state}
            own = products.get(suffix) or {W: plain(p[W + suffix]) for W in self.recurrent}
            last = cell.step(own, a_t, before)
            h = last[cell.state[0]]
            after |= {name + suffix: array for name, array in last.items()}
        return h, after

    def rows(self, batch: Batch, k: slice) -> Sequences:
        """Return some rows of a batch, as views."""
        return Sequences(batch.x[:, k], batch.y[:, k], batch.keep[:, k], batch.weight[:, k])

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the room that the arrays of a batch of T steps and B rows need, by name: how many numbers,
        and whether they are ids (else floats). They are the batch's, its state's and, where the table's
        gradient is `Columns`, that gradient's."""
        floats = {"keep": T * B, "weight": T * B} | {s: array.size for s, array in self.zero_state(B).items()}
        ids = {"x": T * B, "y": T * B}
        if not self.is_dense(self.table):
            ids["tokens"] = min(T * B, self.m)
            floats["values"] = ids["tokens"] * self.width_of_table
        return {name: (size, name in ids) for name, size in (ids | floats).items()}


def _sum(E_t: Array, weight: Array) -> float:
    return float(np.dot(weight.astype(np.float64), E_t))
