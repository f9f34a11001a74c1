"""The layers of a network over all steps of a window: the input, then cells, in one direction or both.

    a_t = U h_t + Q q_t + b_a        h_t: tokens (inputs.py), then the states of the layer below
    s_t = cell(a_t, s_{t-1})

In training, dropout multiplies h_t by a mask, and DropConnect multiplies W (Wan et al. 2013) by a mask that
is the same for the whole window (Merity et al. 2018).

q_t is an optional second input of the first layer; `beside` is its width, and it may be the same at all
steps. With two directions, each layer has a second set of parameters, U_rev and so on, that reads a row from
its end to its start; the layer above sees both states of a step side by side (Schuster and Paliwal 1997;
layers as in Graves, Mohamed and Hinton 2013).
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from rnn_cli.network.arrays import NO_MASKS, Array, Masks, Parameters, State
from rnn_cli.network.beside import add
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.products import Product, plain
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop, dropout_mask, glorot_uniform
from rnn_cli.network.inputs import Input, feed
from rnn_cli.network.parameters import Parametrised, Table
from rnn_cli.network.passes import NO_GRADIENTS, Backward, Derivatives, Given, IntoWay, Steps, Way
from rnn_cli.network.turning import Turn

REVERSE = "_rev"  # suffix of the parameters that read a row from its end
ProductOf = Callable[[Array], Product]  # a matrix -> the product with it
Advance = Callable[[Array, State], tuple[Array, State]]


class Layers(Parametrised):
    """Layers of cells, and the input below them.

    m: vocabulary size. n: units per layer and direction. embedding: its width, or 0.
    beside: the width of the second input, or 0.
    """

    m: int
    n: int
    cell: str
    layers: int
    embedding: int
    bidirectional: bool = False
    beside: int = 0

    @property
    @abstractmethod
    def input(self) -> Input:
        """The row of INPUTS by which tokens enter."""

    @property
    def directions(self) -> tuple[str, ...]:
        """The suffix of each direction's parameters."""
        return ("", REVERSE) if self.bidirectional else ("",)

    @property
    def width(self) -> int:
        """The number of entries of the last layer's output at each step."""
        return self.n * len(self.directions)

    @cached_property
    def suffixes(self) -> list[str]:
        """The suffix of each layer's parameters and states."""
        return ["", *(str(layer) for layer in range(2, self.layers + 1))]

    @property
    def ends(self) -> list[str]:
        """The suffix of the parameters and states of each direction of each layer."""
        return [suffix + way for suffix in self.suffixes for way in self.directions]

    @cached_property
    def letters(self) -> list[str]:
        """The names of a layer's parameters, without its suffix."""
        return [*CELLS[self.cell].shapes(self.n, self.n)]

    @cached_property
    def recurrent(self) -> list[str]:
        """The names of the matrices that multiply a layer's own state, without the layer's suffix."""
        return [letter for letter in self.letters if letter not in ("U", "b_a")]

    @cached_property
    def recurrent_names(self) -> list[str]:
        """The full names of the recurrent matrices of all layers."""
        return [letter + end for end in self.ends for letter in self.recurrent]

    @cached_property
    def layer_shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of each parameter of the input and the cells."""
        named = self.input.shapes(self.m, self.embedding)
        enters = self.input.width(self.m, self.embedding)
        for suffix in self.suffixes:
            for way in self.directions:
                of_layer = CELLS[self.cell].shapes(enters, self.n)
                named |= {letter + suffix + way: shape for letter, shape in of_layer.items()}
                if self.beside and not suffix:
                    named[f"Q{way}"] = (of_layer["U"][0], self.beside)
            enters = self.width
        return named

    @property
    def tables(self) -> Mapping[str, Table]:
        row = self.input
        ways = self.directions if row.table in self.letters else ("",)
        return {row.table + way: Table(row.order, row.by_columns(self.m)) for way in ways}

    def initial(self, rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> Array:
        """Return initial values of a table or of a parameter in `layer_shapes`."""
        cell = CELLS[self.cell]
        if name in self.tables:
            return rng.normal(0, self.input.spread(cell, self.m, self.n), shape)
        of_cell = {letter + end: letter for end in self.ends for letter in self.letters}
        return cell.initial(of_cell[name], rng, shape) if name in of_cell else glorot_uniform(rng, *shape)

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """Return s_0 = 0 for B rows."""
        names = (name + end for end in self.ends for name in CELLS[self.cell].state)
        return {name: np.zeros((B, self.n), dtype) for name in names}

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Draw dropout masks where Zaremba et al. 2014 place them: on the embedding and on each layer's
        output, never between one state and the next. DropConnect acts there: it has one mask for each W, used
        for the whole window."""
        masks: Masks = {}
        if drop.rate:
            widths = {f"s{suffix}": self.width for suffix in self.suffixes} | self.input.masks(self.embedding)
            steps = 1 if drop.of_window else T
            masks |= {name: dropout_mask(rng, drop.rate, steps, B, width) for name, width in widths.items()}
        if drop.weights:
            shapes = {name: self.layer_shapes[name] for name in self.recurrent_names}
            masks |= {name: dropout_mask(rng, drop.weights, *shape) for name, shape in shapes.items()}
        return masks

    def through(
        self, p: Parameters, steps: Steps, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[Array, State, Backward]:
        """Return the last layer's states h (T, B, width) with dropout applied, the state after the window,
        and the backward pass. h is an array of `work`."""
        given = Given(p, steps, None if steps.turned is None else Turn(steps.turned), state, work, masks)
        after: State = {}
        passed: list[tuple[Array | None, list[IntoWay]]] = []
        h, into_table = self.input.embed(p, steps.x, masks.get("x"), work)
        for suffix in self.suffixes:
            mask, room = masks.get(f"s{suffix}"), work.room(suffix)
            ways = [self._way(given, suffix, way, h) for way in self.directions]
            h = ways[0].s
            if self.bidirectional:
                out = room("both", *h.shape[:2], self.width)
                h = np.concatenate([way.s for way in ways], axis=2, out=out)
            if mask is not None:
                h = np.multiply(h, mask, out=room("h", *h.shape))
            for way in ways:
                after |= way.last
            passed.append((mask, [way.backward for way in ways]))

        def backward(
            dh: Array, d_after: State | None = None, of_output: Gradients = NO_GRADIENTS
        ) -> Derivatives:
            gradients: Gradients = {**of_output}
            d_before: State = {}
            d_beside = None
            for mask, into_ways in reversed(passed):
                ds = dh if mask is None else np.multiply(dh, mask, out=dh)
                found = [into_way(ds, d_after) for into_way in into_ways]
                dh = found[0][0]
                for other, _ in found[1:]:
                    np.add(dh, other, out=dh)
                for _, of_way in found:
                    gradients |= of_way.gradients
                    d_before |= of_way.before
                    if of_way.beside is not None:
                        d_beside = of_way.beside if d_beside is None else d_beside + of_way.beside
            return Derivatives(into_table(dh, gradients), {x: d_before[x] for x in state}, d_beside)

        return h, after, backward

    def _way(self, given: Given, suffix: str, way: str, h: Array) -> Way:
        """Run one direction of a layer over all steps; h is the layer's input."""
        p, steps, both, state, work, masks = given
        cell, n, name = CELLS[self.cell], self.n, suffix + way
        room, turn = work.room(name), both if way else None
        enter = feed if suffix else self.input.enter
        seen = turn(h, "seen", room) if turn else h
        a, into_below = enter(p[f"U{name}"], p[f"b_a{name}"], seen, room)
        into_beside = None
        if steps.beside is not None and not suffix:
            q = turn(steps.beside, "q", room) if turn and len(steps.beside) > 1 else steps.beside
            into_beside = add(a, p[f"Q{way}"], q, room)
        of_layer = {letter: p[letter + name] for letter in self.letters}
        dropped = {letter: masks[letter + name] for letter in self.recurrent if letter + name in masks}
        for letter, mask in dropped.items():
            of_layer[letter] = np.multiply(of_layer[letter], mask, out=room(f"{letter} left", *mask.shape))
        before = {x: state[x + name] for x in cell.state}
        s, last, into_cell = cell.forward(of_layer, a, before, steps.keep, room)
        shown = turn(s, "shown", room) if turn else s

        def backward(ds: Array, d_after: State | None) -> tuple[Array, Derivatives]:
            if turn:
                ds = turn.second_half(ds, "ds of way", room)
            elif both:
                ds = _copy(ds[..., :n], room)
            d_last = None if d_after is None else {x: d_after[x + name] for x in cell.state}
            da, of_cell, d_first = into_cell(ds, d_last)
            for letter, mask in dropped.items():
                np.multiply(of_cell[letter], mask, out=of_cell[letter])
            gradients: Gradients = {letter + name: array for letter, array in of_cell.items()}
            dq = None
            if into_beside:
                dq, gradients[f"Q{way}"] = into_beside(da)
                dq = turn(dq, "dq", room) if turn and len(dq) > 1 else dq
            d_seen, gradients[f"U{name}"], gradients[f"b_a{name}"] = into_below(da)
            d_below = turn(d_seen, "d seen", room) if turn else d_seen
            return d_below, Derivatives(gradients, {x + name: array for x, array in d_first.items()}, dq)

        return Way(shown, {x + name: array for x, array in last.items()}, backward)

    def advancer(self, p: Parameters, product: ProductOf = plain) -> Advance:
        """Return a function that takes all layers one step forward, in one direction: from a_t (B, k), the
        first layer's input (`Input.step`), and the state to what the output layer sees (B, n) and the new
        state.

        product: makes the products with the recurrent matrices; for many steps of B rows use `for_steps(B)`.
        """
        cell = CELLS[self.cell]
        seen = cell.state[0]
        first, *above = (
            cell.stepper({W: product(p[W + suffix]) for W in self.recurrent}) for suffix in self.suffixes
        )
        layers = [
            (step, p[f"U{suffix}"].T, p[f"b_a{suffix}"], {name + suffix: name for name in cell.state})
            for step, suffix in zip(above, self.suffixes[1:], strict=True)
        ]

        def advance(a_t: Array, state: State) -> tuple[Array, State]:
            after = first(a_t, state)  # the first layer, whose names have no suffix
            h = after[seen]
            for step, U_T, b_a, names in layers:
                last = step(h @ U_T + b_a, {name: state[own] for own, name in names.items()})
                h = last[seen]
                for own, name in names.items():
                    after[own] = last[name]
            return h, after

        return advance


def _copy(array: Array, work: Workspace) -> Array:
    """Return a contiguous copy in the workspace."""
    copied = work("ds of way", *array.shape)
    np.copyto(copied, array)
    return copied
