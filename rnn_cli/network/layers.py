"""The layers of a network over all steps of a window: how tokens enter, then cells, in one direction or in both.

    a_t = U h_t + Q q_t + b_a        h_t: tokens (inputs.py), then the states of the layer below
    s_t = cell(a_t, s_{t-1})

q_t is a second input, of the first layer alone and only if `beside` says how wide it is; it may be the same at
all steps. With two directions each layer has a second set of parameters, U_rev and so on, which reads the steps
from a row's end to its start, and the layer above sees both states of a step side by side (Schuster and Paliwal
1997; the layers as in Graves, Mohamed and Hinton 2013).
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.cells.cell import Backward as IntoCell
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.products import Product, plain, times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import dropout_mask, glorot_uniform
from rnn_cli.network.inputs import Input, IntoLayer, feed
from rnn_cli.network.parameters import Parametrised, Table

REVERSE = "_rev"  # ends the names of the parameters that read from a row's end
Products = Mapping[str, Mapping[str, Product]]  # with the recurrent matrices, by layer and letter
NO_PRODUCTS: Products = {}
NO_GRADIENTS: Gradients = {}


class Steps(NamedTuple):
    """What goes through the layers: T steps of B rows.

    x: (T, B), ids.
    keep: (T, B), 0 where a line starts and s_{t-1} is dropped, else 1.
    turned: (T, B), the step that stands at each place of a row when it is read from its end: row b has the
        ids x[turned[:, b], b] then. Turning twice is no turn. Only where there are two directions.
    beside: (T or 1, B, `beside`), the second input.
    """

    x: Ids
    keep: Array
    turned: Ids | None = None
    beside: Array | None = None


class Derivatives(NamedTuple):
    """What the backward pass of the layers returns."""

    gradients: Gradients  # of their parameters
    before: State  # dE/d(state before the window)
    beside: Array | None  # dE/dq, as q


class Backward(Protocol):
    """The backward pass of `Layers.states`; it may be called once."""

    def __call__(
        self, dh: Array, d_after: State | None = None, of_output: Gradients = NO_GRADIENTS
    ) -> Derivatives:
        """Return the gradients of the cells' and the input's parameters, and those of what came in.

        dh: (T, B, width), dE/dh; overwritten.
        d_after: dE/d(state after the window); None stands for zeros.
        of_output: the output layer's gradients, which are returned with the others: a tied V has the sum of
            both its uses.
        """
        ...


class Way(NamedTuple):
    """One direction of a layer, as its backward pass needs it."""

    name: str  # what the names of its parameters end in
    into_cell: IntoCell
    into_below: IntoLayer


class Layers(Parametrised):
    """Layers of cells, and the input below them.

    m: vocabulary size. n: units of each layer and direction. embedding: its size, or 0.
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
        """What the names of each direction's parameters end in."""
        return ("", REVERSE) if self.bidirectional else ("",)

    @property
    def width(self) -> int:
        """How many numbers of a step the layers show."""
        return self.n * len(self.directions)

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
    def layer_shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of each parameter of the input and of the cells."""
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
        """Return first values of a parameter of `layer_shapes`, or of the table."""
        cell = CELLS[self.cell]
        if name in self.tables:
            return rng.normal(0, self.input.spread(cell, self.m, self.n), shape)
        of_cell = {
            letter + suffix + way: letter
            for suffix in self.suffixes
            for letter in self.letters
            for way in self.directions
        }
        return cell.initial(of_cell[name], rng, shape) if name in of_cell else glorot_uniform(rng, *shape)

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """Return s_0 = 0 for B rows."""
        names = (
            name + suffix + way
            for suffix in self.suffixes
            for way in self.directions
            for name in CELLS[self.cell].state
        )
        return {name: np.zeros((B, self.n), dtype) for name in names}

    def draw_masks(
        self, rng: np.random.Generator, rate: float, T: int, B: int, of_window: bool = False
    ) -> Masks:
        """Draw dropout masks where Zaremba et al. 2014 have them: for an embedding, for what each layer shows
        the next, and for what the output layer sees; never on the way from state to state.

        of_window: use one mask for all steps of a window (Gal and Ghahramani 2016).
        """
        if not rate:
            return NO_MASKS
        widths = {f"s{suffix}": self.width for suffix in self.suffixes} | self.input.masks(self.embedding)
        steps = 1 if of_window else T
        return {name: dropout_mask(rng, rate, steps, B, width) for name, width in widths.items()}

    def through(
        self, p: Parameters, steps: Steps, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[Array, State, Backward]:
        """Return the last layer's states h (T, B, width), dropout applied, the state after the window, and
        the backward pass. h is an array of `work`."""
        cell, n = CELLS[self.cell], self.n
        turn = _turning(steps.turned)
        after: State = {}
        passed: list[tuple[str, Array | None, list[Way]]] = []
        h, into_table = self.input.embed(p, steps.x, masks.get("x"), work)
        enter = self.input.enter
        into_beside: dict[str, Callable[[Array], tuple[Array, Array]]] = {}
        for suffix in self.suffixes:
            mask, shown, ways = masks.get(f"s{suffix}"), [], []
            for way in self.directions:
                name, room = suffix + way, work.room(suffix + way)
                seen = turn(h, room) if way else h
                a, into_below = enter(p[f"U{name}"], p[f"b_a{name}"], seen, room)
                if steps.beside is not None and not suffix:
                    q = turn(steps.beside, room) if way and len(steps.beside) > 1 else steps.beside
                    into_beside[way] = _add(a, p[f"Q{way}"], q, room)
                of_layer = {letter: p[letter + name] for letter in self.letters}
                before = {x: state[x + name] for x in cell.state}
                s, last, into_cell = cell.forward(of_layer, a, before, steps.keep, room)
                shown.append(turn(s, room) if way else s)
                after |= {x + name: array for x, array in last.items()}
                ways.append(Way(name, into_cell, into_below))
            room = work.room(suffix)
            h = shown[0]
            if self.bidirectional:
                h = np.concatenate(shown, axis=2, out=room("both", *h.shape[:2], 2 * n))
            if mask is not None:
                h = np.multiply(h, mask, out=room("h", *h.shape))
            passed.append((suffix, mask, ways))
            enter = feed

        def backward(
            dh: Array, d_after: State | None = None, of_output: Gradients = NO_GRADIENTS
        ) -> Derivatives:
            gradients: Gradients = {**of_output}
            d_before: State = {}
            d_beside = None
            for suffix, mask, ways in reversed(passed):
                ds = dh if mask is None else np.multiply(dh, mask, out=dh)
                below: list[Array] = []
                for k, way in enumerate(ways):
                    name, room, turns = way.name, work.room(way.name), k > 0
                    if self.bidirectional:
                        of_way = ds[..., k * n : (k + 1) * n]
                        ds_way = turn(of_way, room) if turns else _copy(of_way, room)
                    else:
                        ds_way = ds
                    d_last = None if d_after is None else {x: d_after[x + name] for x in cell.state}
                    da, of_cell, d_first = way.into_cell(ds_way, d_last)
                    gradients |= {letter + name: array for letter, array in of_cell.items()}
                    d_before |= {x + name: array for x, array in d_first.items()}
                    if not suffix and into_beside:
                        dq, gradients[f"Q{name}"] = into_beside[name](da)
                        dq = turn(dq, room) if turns and len(dq) > 1 else dq
                        d_beside = dq if d_beside is None else np.add(d_beside, dq, out=d_beside)
                    d_seen, gradients[f"U{name}"], gradients[f"b_a{name}"] = way.into_below(da)
                    below.append(turn(d_seen, room) if turns else d_seen)
                dh = below[0]
                for other in below[1:]:
                    np.add(dh, other, out=dh)
            return Derivatives(into_table(dh, gradients), {x: d_before[x] for x in state}, d_beside)

        return h, after, backward

    def products(self, p: Parameters, B: int) -> Products:
        """Return the products with each layer's recurrent matrices, for many steps of B rows."""
        return {
            suffix: {W: times(p[W + suffix], B, Workspace(p[W + suffix].dtype)) for W in self.recurrent}
            for suffix in self.suffixes
        }

    def advance(
        self, p: Parameters, a_t: Array, state: State, products: Products = NO_PRODUCTS
    ) -> tuple[Array, State]:
        """Return what the output layer sees after a step forward, (B, n), and the state then.

        a_t: (B, k), what enters the first layer (`Input.step`).
        products: what `products` returned for these parameters and B; it makes steps faster.
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


def turned(real: Array) -> Ids:
    """Return `Steps.turned` of rows whose real steps come first: those are turned, and padding stays.

    real: (T, B), 1 at real steps, 0 at padding.
    """
    T, _ = real.shape
    t, lengths = np.arange(T)[:, None], np.count_nonzero(real, axis=0)
    return np.where(t < lengths, lengths - 1 - t, t)


def _turning(turned: Ids | None) -> Callable[[Array, Workspace], Array]:
    """Return what turns an array of all steps, (T, B) or (T, B, d), into an array of the workspace."""
    if turned is None:
        return lambda array, work: array
    T, B = turned.shape
    places = (turned * B + np.arange(B)).ravel()

    def turn(array: Array, work: Workspace) -> Array:
        if array.ndim == 2:
            return array.ravel()[places].reshape(T, B)
        d = array.shape[2]
        if array.flags.c_contiguous:
            out = work(f"turned {d}", T * B, d)
            return np.take(array.reshape(T * B, d), places, axis=0, out=out, mode="clip").reshape(T, B, d)
        return array[turned, np.arange(B)]

    return turn


def _copy(array: Array, work: Workspace) -> Array:
    """Return a copy in the workspace, which is contiguous."""
    copied = work("copied", *array.shape)
    np.copyto(copied, array)
    return copied


def _add(
    a: Array, Q: Array, q: Array, work: Workspace
) -> Callable[[Array], tuple[Array, Array]]:
    """Add Q q_t to a_t (T, B, k), for q (T or 1, B, e); return the backward pass, da -> dq, dQ."""
    T, B, e = q.shape
    k = len(Q)
    Q_q = np.matmul(q.reshape(T * B, e), Q.T, out=work("beside", T * B, k))
    np.add(a, Q_q.reshape(T, B, k), out=a)

    def backward(da: Array) -> tuple[Array, Array]:
        da = da.reshape(-1, B, k)
        if len(da) > T:
            da = np.add.reduce(da, axis=0, keepdims=True, out=work("beside", T, B, k))  # one q for all steps
        da = da.reshape(T * B, k)
        dQ = np.matmul(da.T, q.reshape(T * B, e), out=work.gradient("Q", k, e))  # dQ = Σ_t da_t q_t^T
        dq = np.matmul(da, Q, out=work("d beside", T * B, e))  # dq_t = Q^T da_t
        return dq.reshape(T, B, e), dQ

    return backward
