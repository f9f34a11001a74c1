"""From one sequence to another (many to many, 多对多): an encoder reads a source, a decoder writes a target.

    h_1 … h_S = encoder(x)                             encoder.py
    s_0 = tanh(F v + b_f)                              first_state.py; v: the last state of each direction
    s_1 … s_T = decoder(y_0 … y_{T-1}, s_0)            network.py; y_0 is START
    c_t = Σ_i α_ti h_i                                 attention.py, of s_t and h
    z_t = tanh(K (c_t, s_t) + b_k)                     concatenated (Luong et al. 2015, equation 5)
    o_t = output(z_t),  E = Σ_t -log o_t[y_t]

In training, the decoder is given the true target up to each step. Backward, with du_t = dz_t (1 - z_t^2),

    dK = Σ_t du_t (c_t, s_t)^T,  (dc_t, ds_t) = K^T du_t

The names of the decoder's parameters end in _dec. Its output layer may be tied to its embedding.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import check_known
from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters, State
from rnn_cli.network.attention import ATTENTIONS, Memory, attend
from rnn_cli.network.cells.recurrence import ALPHABET
from rnn_cli.network.columns import Gradients
from rnn_cli.network.columns import rooms as rooms_of_columns
from rnn_cli.network.encoder import CALM, Encoder, Padded
from rnn_cli.network.fast.products import Product, for_steps
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.first_state import first_state
from rnn_cli.network.first_state import shapes as first_state_shapes
from rnn_cli.network.functions import Drop, glorot_uniform, weighted_sum
from rnn_cli.network.layers import Advance
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.outputs.output import Output
from rnn_cli.network.parameters import Table, WithoutState
from rnn_cli.network.passes import Steps
from rnn_cli.network.pooling import Rows, last

DECODER = "_dec"  # suffix of the decoder's parameters and masks


class Pairs(NamedTuple):
    """A batch of B pairs; S and T are the lengths of the longest source and target, each at least 1."""

    x: Ids  # (S, B), the source
    real: Array  # (S, B), 1 at the source's real steps, which come first, and 0 at padding
    given: Ids  # (T, B), START and the target
    y: Ids  # (T, B), the target and END
    weight: Array  # (max(S, T), B), 1 at the target's steps, 0 at all others


class Sources(NamedTuple):
    """What the decoder's steps need from B sources, for up to k targets each."""

    first: State  # s_0, each array (B, n)
    memory: Memory  # of K_c h_i instead of h_i, as K_c Σ α_ti h_i = Σ α_ti K_c h_i
    advance: Advance  # the decoder's layers
    join: Product  # K_s s_t; K is K_c and K_s side by side
    entering: Array | None  # (m, …), the first layer's input for each token; None where it costs too much
    work: Workspace

    def of(self, rows: Ids) -> "Sources":
        """Return the same for some of the sources."""
        first = {name: array[rows] for name, array in self.first.items()}
        return self._replace(first=first, memory=Memory(*(array[rows] for array in self.memory)))


# dz (R, n), the output layer's gradients -> all gradients
IntoAll = Callable[[Array, Gradients], Gradients]


@dataclass(frozen=True)
class EncoderDecoder(WithoutState):
    """An encoder and a decoder, defined by the choices that determine their parameters.

    Raises ValueError for choices that cannot be combined.
    """

    encoder: Encoder
    decoder: Network
    attention: str = "luong"  # a row of ATTENTIONS

    def __post_init__(self) -> None:
        check_known("attention", self.attention, ATTENTIONS)
        if self.encoder.beside:
            raise ValueError("nothing is there for the encoder's second input")

    @property
    def m(self) -> int:
        """The size of the target's vocabulary."""
        return self.decoder.m

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        d, n = self.encoder.width, self.decoder.n
        between = first_state_shapes(len(self._states), n, d) | {"K": (n, d + n), "b_k": (n,)}
        of_decoder = {name + DECODER: shape for name, shape in self.decoder.shapes.items()}
        return self.encoder.shapes | between | ATTENTIONS[self.attention].shapes(n, d) | of_decoder

    @property
    def tables(self) -> Mapping[str, Table]:
        return {**self.encoder.tables} | {name + DECODER: row for name, row in self.decoder.tables.items()}

    def initialise(self, rng: np.random.Generator, counts: Array) -> Parameters:
        """Return initial values. counts: (m,), how often each token occurs in the targets."""
        p = self.encoder.initialise(rng)
        p |= {name + DECODER: array for name, array in self.decoder.initialise(rng, counts).items()}
        if "U" in self.decoder.tables and self.m <= ALPHABET:
            p[f"U{DECODER}"] *= CALM
        for name, shape in self.shapes.items():
            if name not in p:
                p[name] = glorot_uniform(rng, *shape) if len(shape) == 2 else np.zeros(shape)
        return self.lay_out(p)

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Draw the encoder's and the decoder's masks, for T steps of each."""
        masks = self.encoder.draw_masks(rng, drop, T, B)
        of_decoder = self.decoder.draw_masks(rng, drop, T, B)
        return masks | {name + DECODER: mask for name, mask in of_decoder.items()}

    def loss(
        self, p: Parameters, batch: Pairs, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E, summed over the targets, and an empty state."""
        return weighted_sum(self.nats(p, batch, work, masks).ravel(), _weight(batch).ravel()), {}

    def nats(self, p: Parameters, batch: Pairs, work: Workspace, masks: Masks = NO_MASKS) -> Array:
        """Return E_t of each target, (B, T); 0 where the weight is 0."""
        work.start()
        z, _, _ = self._forward(p, batch, work, masks)
        counted, y = _counted(batch), batch.y.T
        E = np.zeros(y.shape, z.dtype)
        E.ravel()[counted] = self._output.nats(self._of_decoder(p), z, y.ravel()[counted], work.room(DECODER))
        return E

    def loss_and_gradients(
        self, p: Parameters, batch: Pairs, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, summed over the targets; dE/dp for every parameter p; and an empty state."""
        work.start()
        counted = _counted(batch)
        y, weight = batch.y.T.ravel()[counted], _weight(batch).ravel()[counted]
        z, _, into_all = self._forward(p, batch, work, masks)
        E, dz, of_output = self._output.nats_and_gradients(
            self._of_decoder(p), z, y, weight, work.room(DECODER)
        )
        gradients = into_all(dz, {**of_output})
        return weighted_sum(E, weight), {name: gradients[name] for name in self.shapes}, {}

    def alignments(self, p: Parameters, batch: Pairs, work: Workspace) -> Array:
        """Return α (B, T, S), an array of `work`: where each step of the given targets looks."""
        return self._forward(p, batch, work, NO_MASKS)[1]

    def begin(self, p: Parameters, x: Ids, real: Array, k: int) -> Sources:
        """Return what the decoder's steps need from B sources x (S, B), for up to k targets each."""
        work = Workspace(real.dtype, keeps=False)
        h, _ = self.encoder.forward(p, Padded(x, real), work)
        v, _ = last(h, Rows(real, len(self.encoder.directions)), work)
        first, _ = first_state(p, v, self._states, work)
        of_decoder, K, (S, B, d) = self._of_decoder(p), p["K"], h.shape
        product = for_steps(B * k)
        is_small = self.m <= B * k  # costs as much as a step or two
        entering = self.decoder.input.step(of_decoder, np.arange(self.m)) if is_small else None
        memory = Memory.of(self.attention, p, h, real, work)
        joined = memory.h.reshape(B * S, d) @ K[:, :d].T
        memory = memory._replace(h=joined.reshape(B, S, -1))
        advance = self.decoder.advancer(of_decoder, product)
        return Sources(first, memory, advance, product(K[:, d:]), entering, work)

    def step(self, p: Parameters, ids: Ids, state: State, sources: Sources) -> tuple[Array, State]:
        """Return the logits (B, k, m) of the next tokens, for k targets of each of B sources, and the states.

        ids: (B, k), the previous tokens. state: each array (B k, n), a source's k targets one after another.
        """
        of_decoder, entering, (B, k) = self._of_decoder(p), sources.entering, ids.shape
        a_t = self.decoder.input.step(of_decoder, ids.ravel()) if entering is None else entering[ids.ravel()]
        s, after = sources.advance(a_t, state)
        z = sources.join(s)
        c, _, _ = attend(self.attention, p, s.reshape(B, k, -1), sources.memory, sources.work)
        z += c.reshape(z.shape)  # K_c c_t
        z += p["b_k"]
        np.tanh(z, out=z)
        return self._output.logits(of_decoder, z).reshape(B, k, -1), after

    @property
    def _states(self) -> list[str]:
        """The names of the decoder's states."""
        return [*self.decoder.zero_state(1)]

    @property
    def _output(self) -> Output:
        return OUTPUTS[self.decoder.output]

    def _of_decoder(self, p: Parameters) -> Parameters:
        return {name: p[name + DECODER] for name in self.decoder.shapes}

    def _forward(
        self, p: Parameters, batch: Pairs, work: Workspace, masks: Masks
    ) -> tuple[Array, Array, IntoAll]:
        """Return z (R, n) for the R steps that count, α (B, T, S), and the backward pass."""
        x, real, given, y, _ = batch
        (S, B), T, n, d = x.shape, len(y), self.decoder.n, self.encoder.width
        cut = {
            name: mask[: T if name.endswith(DECODER) else S] if mask.ndim == 3 else mask
            for name, mask in masks.items()
        }
        of_encoder = {name: mask for name, mask in cut.items() if not name.endswith(DECODER)}
        of_decoder = {k.removesuffix(DECODER): mask for k, mask in cut.items() if k.endswith(DECODER)}
        h, into_encoder = self.encoder.forward(p, Padded(x, real), work, of_encoder)
        v, into_last = last(h, Rows(real, len(self.encoder.directions)), work)
        s_0, into_first = first_state(p, v, self._states, work)
        ones = np.ones(y.shape, h.dtype)
        steps, room = Steps(given, ones), work.room(DECODER)
        s_t, _, into_decoder = self.decoder.through(self._of_decoder(p), steps, s_0, room, of_decoder)
        s = work("by row", B, T, n)
        np.copyto(s, s_t.swapaxes(0, 1))
        memory = Memory.of(self.attention, p, h, real, work)
        c, α, into_attention = attend(self.attention, p, s, memory, work)
        z, into_joined = self._join(p, c, s, _counted(batch), work)

        def backward(dz: Array, of_output: Gradients) -> Gradients:
            dc, ds, of_join = into_joined(dz)
            ds_attending, dh_by_row, of_attention = into_attention(dc)
            ds += ds_attending
            ds_t = work("ds by step", T, B, n)
            np.copyto(ds_t, ds.swapaxes(0, 1))
            derivatives = into_decoder(ds_t, of_output=of_output)
            dv, of_first = into_first(derivatives.before)
            dh = work("dh by step", S, B, d)
            np.copyto(dh, dh_by_row.swapaxes(0, 1))
            into_last(dv, dh)
            gradients, _ = into_encoder(dh)
            gradients |= {name + DECODER: g for name, g in derivatives.gradients.items()}
            return gradients | of_join | of_attention | of_first

        return z, α, backward

    def _join(
        self, p: Parameters, c: Array, s: Array, counted: Ids, work: Workspace
    ) -> tuple[Array, Callable[[Array], tuple[Array, Array, Parameters]]]:
        """Return z_t = tanh(K (c_t, s_t) + b_k), (R, n), for the R of the (B, T) steps listed in `counted`,
        and the backward pass, dz -> dc, ds, gradients."""
        K, b_k, (B, T, d), R = p["K"], p["b_k"], c.shape, len(counted)
        n = len(b_k)
        c_s = work("c, s", R, d + n)
        c_s[:, :d], c_s[:, d:] = c.reshape(B * T, d)[counted], s.reshape(B * T, n)[counted]
        z = np.matmul(c_s, K.T, out=work("z", R, n))
        np.add(z, b_k, out=z)
        np.tanh(z, out=z)
        work.lap("attention")

        def backward(dz: Array) -> tuple[Array, Array, Parameters]:
            du = np.multiply(z, z, out=work("du", R, n))
            np.subtract(1, du, out=du)
            du *= dz
            dK = np.matmul(du.T, c_s, out=work.gradient("K", *K.shape))
            db_k = np.add.reduce(du, axis=0, out=work.gradient("b_k", n))
            work.lap("weight gradients")
            dc_s = np.matmul(du, K, out=work("d c, s", R, d + n))
            dc, ds = work("dc of z", B * T, d), work("ds of z", B * T, n)
            for whole, part in ((dc, dc_s[:, :d]), (ds, dc_s[:, d:])):
                whole.fill(0)
                whole[counted] = part
            work.lap("attention")
            return dc.reshape(B, T, d), ds.reshape(B, T, n), {"K": dK, "b_k": db_k}

        return z, backward

    def rows(self, batch: Pairs, k: slice) -> Pairs:
        """Return some rows of a batch, as views."""
        return Pairs(*(array[:, k] for array in batch))

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the rooms of a batch's arrays and of the gradients by columns (`Trainable.rooms`)."""
        rooms = self.encoder.rooms(T, B) | dict.fromkeys(("given", "y"), (T * B, True))
        table = self.decoder.table
        if not self.decoder.is_dense(table):
            rooms |= rooms_of_columns(table + DECODER, min(T * B, self.m), self.decoder.width_of_table)
        return rooms | {"weight": (T * B, False)}


def _weight(batch: Pairs) -> Array:
    """Return the weight of each target, (B, T)."""
    return batch.weight[: len(batch.y)].T


def _counted(batch: Pairs) -> Ids:
    """Return the flat indices in (B, T) of the targets that count; the output layer never sees padding."""
    return np.flatnonzero(_weight(batch))
