"""Text from a label (one to many, 一对多): the language model (network.py), given the label at each step.

    l = L x_label                                the label's vector
    s_0 = tanh(F l + b_f)                        first_state.py
    a_t = U h_t + Q l + b_a                      in the first layer, at every step (layers.py)
    o_t = output(s_t),  E = Σ_t -log o_t[y_t]

dl is the sum of the derivatives that reach l through F, and through Q at all steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnn_cli.network import bags
from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters, State
from rnn_cli.network.bags import Bags
from rnn_cli.network.columns import Gradients
from rnn_cli.network.columns import rooms as rooms_of_columns
from rnn_cli.network.fast.products import plain
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.first_state import first_state
from rnn_cli.network.first_state import shapes as first_state_shapes
from rnn_cli.network.functions import Drop, glorot_uniform, weighted_sum
from rnn_cli.network.layers import ProductOf
from rnn_cli.network.network import Network, Step
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.outputs.output import Output
from rnn_cli.network.parameters import Table, WithoutState
from rnn_cli.network.passes import Steps

SPREAD = 0.5  # standard deviation of L's initial values


class Labelled(NamedTuple):
    """A batch of B texts, each from its start, with their labels."""

    x: Ids  # (T, B), START and the text
    y: Ids  # (T, B), the text and END
    weight: Array  # (T, B), 0 where there is no target, else 1
    label: Ids  # (B,)


@dataclass(frozen=True)
class Guided(Network):
    """A language model with a second input of width `beside`."""

    beside: int = 0


@dataclass(frozen=True)
class OfLabel(Network):
    """The language model of the texts with one label: Q l is added to its b_a, and s_0 is not zero.

    For single steps from s_0 (`zero_state`), not for windows, in which `keep` = 0 makes the state zero.
    """

    first: Mapping[str, Array] = field(default_factory=dict, compare=False)  # s_0, each array (1, n)

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """Return s_0 for B texts."""
        return {name: np.repeat(s_0, B, axis=0).astype(dtype) for name, s_0 in self.first.items()}


class Label(NamedTuple):
    """What the steps of B texts need from their labels."""

    first: State  # s_0, each array (B, n)
    enters: Array  # Q l, (B, k)


@dataclass(frozen=True)
class Conditional(WithoutState):
    """A language model of labelled texts, defined by the choices that determine its parameters.

    A label's vector is as wide as the language model's second input.
    Raises ValueError for choices that cannot be combined.
    """

    language: Guided
    labels: int

    def __post_init__(self) -> None:
        if self.labels < 1 or not self.language.beside:
            raise ValueError("at least one label is needed, and a language model with a second input")

    @property
    def m(self) -> int:
        """The vocabulary size."""
        return self.language.m

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        n, e = self.language.n, self.language.beside
        return self.language.shapes | {"L": (e, self.labels)} | first_state_shapes(len(self._states), n, e)

    @property
    def tables(self) -> Mapping[str, Table]:
        return {**self.language.tables, "L": Table()}

    def initialise(self, rng: np.random.Generator, counts: Array) -> Parameters:
        """Return initial values. counts: (m,), how often each token occurs."""
        p = self.language.initialise(rng, counts)
        p["L"] = rng.normal(0, SPREAD, self.shapes["L"])
        p |= {"F": glorot_uniform(rng, *self.shapes["F"]), "b_f": np.zeros(self.shapes["b_f"])}
        return self.lay_out(p)

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Draw the language model's masks."""
        return self.language.draw_masks(rng, drop, T, B)

    def loss(
        self, p: Parameters, batch: Labelled, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E, summed over the texts, and an empty state."""
        return weighted_sum(self.nats(p, batch, work, masks).ravel(), batch.weight.ravel()), {}

    def nats(self, p: Parameters, batch: Labelled, work: Workspace, masks: Masks = NO_MASKS) -> Array:
        """Return E_t of each target: an array of `work`, (T, B)."""
        work.start()
        h, _ = self._forward(p, batch, work, masks)
        E = self._output.nats(p, h.reshape(-1, h.shape[2]), batch.y.ravel(), work)
        return E.reshape(batch.y.shape)

    def loss_and_gradients(
        self, p: Parameters, batch: Labelled, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, summed over the texts; dE/dp for every parameter p; and an empty state."""
        work.start()
        y, weight = batch.y.ravel(), batch.weight.ravel()
        h, backward = self._forward(p, batch, work, masks)
        E, dh, of_output = self._output.nats_and_gradients(p, h.reshape(len(y), -1), y, weight, work)
        gradients = backward(dh.reshape(h.shape), {**of_output})
        return weighted_sum(E, weight), {name: gradients[name] for name in self.shapes}, {}

    def begin(self, p: Parameters, label: Ids) -> Label:
        """Return what the steps of texts with these labels (B,) need."""
        l = p["L"].T[label]  # noqa: E741
        s_0, _ = first_state(p, l, self._states, Workspace(l.dtype))
        return Label(s_0, l @ p["Q"].T)

    def of_label(self, p: Parameters, label: int) -> tuple[OfLabel, Parameters]:
        """Return a network that writes texts with a label, and its parameters."""
        first, enters = self.begin(p, np.array([label]))
        values = asdict(self.language)
        values.pop("beside")
        network = OfLabel(**values, first=first)
        return network, {name: p[name] for name in network.shapes} | {"b_a": p["b_a"] + enters[0]}

    def stepper(self, p: Parameters, label: Label, product: ProductOf = plain) -> Step:
        """Return a function for one step of texts with these labels: from tokens x (B,) and the state to the
        logits of the next tokens (B, m) and the new state.

        product: makes the products with the recurrent matrices; for steps of B rows use `for_steps(B)`.
        """
        enter, advance, logits = (
            self.language.input.step,
            self.language.advancer(p, product),
            self._output.logits,
        )

        def step(x: Ids, state: State) -> tuple[Array, State]:
            h, after = advance(enter(p, x) + label.enters, state)
            return logits(p, h), after

        return step

    @property
    def _output(self) -> Output:
        return OUTPUTS[self.language.output]

    @property
    def _states(self) -> list[str]:
        return [*self.language.zero_state(1)]

    def _forward(
        self, p: Parameters, batch: Labelled, work: Workspace, masks: Masks
    ) -> tuple[Array, Callable[[Array, Gradients], Gradients]]:
        """Return h (T, B, n) and the backward pass: dh, the output layer's gradients -> all gradients."""
        one_each = Bags(batch.label, np.arange(len(batch.label) + 1))
        l, into_L = bags.mean(p["L"], one_each, work)  # noqa: E741
        s_0, into_first = first_state(p, l, self._states, work)
        steps = Steps(batch.x, np.ones_like(batch.weight), beside=l[None])
        h, _, into_layers = self.language.through(p, steps, s_0, work, masks)

        def backward(dh: Array, of_output: Gradients) -> Gradients:
            derivatives = into_layers(dh, of_output=of_output)
            dl, of_first = into_first(derivatives.before)
            assert derivatives.beside is not None
            dl += derivatives.beside[0]
            return derivatives.gradients | of_first | {"L": into_L(dl)}

        return h, backward

    def rows(self, batch: Labelled, k: slice) -> Labelled:
        """Return some rows of a batch, as views."""
        return Labelled(batch.x[:, k], batch.y[:, k], batch.weight[:, k], batch.label[k])

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the rooms of a batch's arrays and of the gradients by columns (`Trainable.rooms`)."""
        rooms = {"x": (T * B, True), "y": (T * B, True), "weight": (T * B, False), "label": (B, True)}
        rooms |= rooms_of_columns("L", min(B, self.labels), self.language.beside)
        table = self.language.table
        if not self.is_dense(table):
            rooms |= rooms_of_columns(table, min(T * B, self.m), self.language.width_of_table)
        return rooms
