"""The language model's network: the loss of a window, its gradients, and a single step.

Parameters are plain data, a dict of arrays under the tutorial's names; gradients are a dict with the same
names. Nothing here is mutable except the arrays that are passed in.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from rnn_cli.network import columns
from rnn_cli.network.architecture import Architecture
from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.products import plain
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import weighted_sum
from rnn_cli.network.layers import ProductOf
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.parameters import Learner
from rnn_cli.network.passes import Steps

Step = Callable[[Ids, State], tuple[Array, State]]  # tokens (B,), state -> logits (B, m), state


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


class Network(Architecture, Learner):
    """s_t = cell(U x_t + b_a, W, s_{t-1}),  o_t = output(s_t),  E = Σ_t -log o_t[y_t]."""

    def loss(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E, summed over the window, and the state after the window."""
        E_t, after = self.nats(p, batch, state, work, masks)
        return weighted_sum(E_t.ravel(), batch.weight.ravel()), after

    def nats(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[Array, State]:
        """Return E_t of each target (an array of `work`, (T, B)) and the state after the window."""
        work.start()
        h, after, _ = self.through(p, Steps(batch.x, batch.keep), state, work, masks)
        E_t = OUTPUTS[self.output].nats(p, h.reshape(-1, self.n), batch.y.ravel(), work)
        return E_t.reshape(batch.y.shape), after

    def loss_and_gradients(
        self, p: Parameters, batch: Batch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, summed over the window; dE/dp for every parameter p; and the state after the window.

        The state before the window counts as a constant, so gradients reach back only to the window's start
        (truncated backpropagation through time, Williams and Peng 1990). Dense gradients are arrays of
        `work.gradient`; all gradients are valid until the next call with the same workspace.
        """
        work.start()
        y, weight = batch.y.ravel(), batch.weight.ravel()
        h, after, backward = self.through(p, Steps(batch.x, batch.keep), state, work, masks)
        E_t, dh, of_output = OUTPUTS[self.output].nats_and_gradients(
            p, h.reshape(-1, self.n), y, weight, work
        )
        E = weighted_sum(E_t, weight)
        gradients = backward(dh.reshape(h.shape), of_output={**of_output}).gradients
        return E, {name: gradients[name] for name in self.shapes}, after

    def states(self, p: Parameters, x: Ids, before: State | None = None) -> State:
        """Return the states after each step of one sequence x (T,), in new arrays (T, n): `s` for the first
        layer, `s2` for the second and so on; an lstm also has `c`, `c2` ….

        before: the state before the first step, each array (1, n); None: s_0.
        """
        enter, advance = self.input.step, self.advancer(p)
        state = self.zero_state(1, p["V"].dtype.type) if before is None else before
        after: list[State] = []
        for x_t in x[:, None]:
            _, state = advance(enter(p, x_t), state)
            after.append(state)
        return {
            name: np.concatenate([s[name] for s in after]) if after else s_0[:0]
            for name, s_0 in state.items()
        }

    def seen(self, states: State) -> Array:
        """Return the part of `states` that the output layer sees: the last layer's, (T, n)."""
        return states[f"{CELLS[self.cell].state[0]}{self.suffixes[-1]}"]

    def log_o(self, p: Parameters, states: State) -> Array:
        """Return log o_t after each step of `states`, (T, m), in a new array."""
        z = OUTPUTS[self.output].logits(p, self.seen(states))
        z = z - z.max(axis=1, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=1, keepdims=True))

    def step(self, p: Parameters, x: Ids, state: State) -> tuple[Array, State]:
        """Take a step with tokens x (B,); return the logits of the next tokens, (B, m), and the new state."""
        return self.stepper(p)(x, state)

    def stepper(self, p: Parameters, product: ProductOf = plain) -> Step:
        """Return `step` with these parameters prepared, which is faster over many steps.

        product: makes the products with the recurrent matrices; for steps of B rows use `for_steps(B)`.
        """
        enter, advance, logits = self.input.step, self.advancer(p, product), OUTPUTS[self.output].logits

        def step(x: Ids, state: State) -> tuple[Array, State]:
            h, after = advance(enter(p, x), state)
            return logits(p, h), after

        return step

    def rows(self, batch: Batch, k: slice) -> Sequences:
        """Return some rows of a batch, as views."""
        return Sequences(batch.x[:, k], batch.y[:, k], batch.keep[:, k], batch.weight[:, k])

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the room that the arrays of a batch of T steps and B rows need, by name: how many numbers,
        and whether they are ids (else floats). The arrays are those of the batch, of its state and, if the
        table's gradient is `Columns`, of that gradient."""
        floats = {"keep": T * B, "weight": T * B} | {s: array.size for s, array in self.zero_state(B).items()}
        rooms = dict.fromkeys(("x", "y"), (T * B, True)) | {name: (k, False) for name, k in floats.items()}
        if not self.is_dense(self.table):
            rooms |= columns.rooms(self.table, min(T * B, self.m), self.width_of_table)
        return rooms
