"""The tagger: a tag for each step of a sequence (synchronous many to many, 同步多对多).

q_t = 1/N_t Σ_i G x_i                 the mean embedding of the token's affixes, if it has any (bags.py)
h_1 … h_L = encoder(x, q)             encoder.py, usually in both directions
o_t = softmax(V h_t + b_y)            E = Σ_t -log o_t[y_t]
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnn_cli.network import bags
from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters, State
from rnn_cli.network.bags import Bags
from rnn_cli.network.columns import Gradients
from rnn_cli.network.columns import rooms as rooms_of_columns
from rnn_cli.network.encoder import Encoder, Padded
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop, dropout_mask, glorot_uniform, weighted_sum
from rnn_cli.network.outputs import softmax
from rnn_cli.network.parameters import Table, WithoutState


class Tagged(NamedTuple):
    """A batch of B sequences with a tag at each step. T is the length of the longest, at least 1.

    Without affixes, `affixes` is empty and `starts` is zeros.
    """

    x: Ids  # (T, B)
    real: Array  # (T, B), 1 at a row's real steps, which come first, and 0 at padding
    y: Ids  # (T, B)
    weight: Array  # (T, B), 0 where there is no tag, else 1
    affixes: Ids  # the ids of all tokens' affixes, row by row, each step by step
    starts: Ids  # (B T + 1,), where each token's affixes begin and end


@dataclass(frozen=True)
class Tagger(WithoutState):
    """A tagger, defined by the choices that determine its parameters.

    The encoder's second input is the mean of the affixes' embeddings.
    Raises ValueError for choices that cannot be combined.
    """

    encoder: Encoder
    tags: int
    buckets: int = 0  # for hashed affixes; 0: no affixes
    most_affixes: int = 0  # the most affixes of a token

    def __post_init__(self) -> None:
        if self.tags < 1:
            raise ValueError(f"{self.tags} tags: at least one is needed")
        if len({bool(self.buckets), bool(self.encoder.beside), bool(self.most_affixes)}) > 1:
            raise ValueError("affixes need buckets, a most of a token and an encoder with a second input")

    @property
    def m(self) -> int:
        """The number of tags."""
        return self.tags

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        affixes = {"G": (self.encoder.beside, self.buckets)} if self.buckets else {}
        return self.encoder.shapes | affixes | softmax.shapes(self.tags, self.encoder.width, ())

    @property
    def tables(self) -> Mapping[str, Table]:
        return {**self.encoder.tables} | ({"G": Table()} if self.buckets else {})

    def initialise(self, rng: np.random.Generator, counts: Array) -> Parameters:
        """Return initial values. counts: (tags,), how often each tag occurs."""
        p = self.encoder.initialise(rng)
        if self.buckets:
            p["G"] = rng.normal(0, bags.SPREAD, self.shapes["G"])
        p["V"] = glorot_uniform(rng, *self.shapes["V"])
        return self.lay_out(p | softmax.initial_biases(counts, ()))

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Draw the encoder's masks, and one for the affixes' means."""
        masks = self.encoder.draw_masks(rng, drop, T, B)
        if not drop.rate or not self.buckets:
            return masks
        steps = 1 if drop.of_window else T
        return masks | {"q": dropout_mask(rng, drop.rate, steps, B, self.encoder.beside)}

    def loss(
        self, p: Parameters, batch: Tagged, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E, summed over all steps, and an empty state."""
        return weighted_sum(self.nats(p, batch, work, masks).ravel(), batch.weight.ravel()), {}

    def nats(self, p: Parameters, batch: Tagged, work: Workspace, masks: Masks = NO_MASKS) -> Array:
        """Return E_t of each step, unweighted: an array of `work`, (T, B)."""
        work.start()
        h, _ = self.states(p, batch, work, masks)
        E = softmax.nats(p, h.reshape(-1, h.shape[2]), batch.y.ravel(), work)
        return E.reshape(batch.y.shape)

    def loss_and_gradients(
        self, p: Parameters, batch: Tagged, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, summed over all steps; dE/dp for every parameter p; and an empty state."""
        work.start()
        y, weight = batch.y.ravel(), batch.weight.ravel()
        h, into_states = self.states(p, batch, work, masks)
        E, dh, of_output = softmax.nats_and_gradients(p, h.reshape(len(y), -1), y, weight, work)
        gradients = into_states(dh.reshape(h.shape)) | of_output
        return weighted_sum(E, weight), {name: gradients[name] for name in self.shapes}, {}

    def log_probabilities(self, p: Parameters, batch: Tagged, work: Workspace) -> Array:
        """Return log o_t, (T, B, tags), in a new array; y and weight are not used."""
        h, _ = self.states(p, batch, work, NO_MASKS)
        z = softmax.logits(p, h)
        z -= z.max(axis=2, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=2, keepdims=True))

    def states(
        self, p: Parameters, batch: Tagged, work: Workspace, masks: Masks
    ) -> tuple[Array, Callable[[Array], Gradients]]:
        """Return h (T, B, width) and the backward pass."""
        if not self.buckets:
            h, into_encoder = self.encoder.forward(p, Padded(batch.x, batch.real), work, masks)
            return h, lambda dh: into_encoder(dh)[0]
        T, B = batch.x.shape
        v, into_affixes = bags.mean(p["G"], Bags(batch.affixes, batch.starts), work)  # (B T, e)
        mask = masks.get("q")
        q = np.ascontiguousarray(v.reshape(B, T, -1).swapaxes(0, 1))
        if mask is not None:
            np.multiply(q, mask, out=q)
        h, into_encoder = self.encoder.forward(p, Padded(batch.x, batch.real, q), work, masks)

        def backward(dh: Array) -> Gradients:
            gradients, dq = into_encoder(dh)
            assert dq is not None
            if mask is not None:
                np.multiply(dq, mask, out=dq)
            return gradients | {"G": into_affixes(dq.swapaxes(0, 1).reshape(B * T, -1))}

        return h, backward

    def rows(self, batch: Tagged, k: slice) -> Tagged:
        """Return some rows of a batch."""
        x, real, y, weight, affixes, starts = batch
        T = len(x) if self.buckets else 0  # without affixes there are no starts to cut
        cut = Bags(affixes, starts).cut(k.start * T, k.stop * T)
        return Tagged(x[:, k], real[:, k], y[:, k], weight[:, k], cut.ids, cut.starts)

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the rooms of a batch's arrays and of the gradients by columns (`Trainable.rooms`)."""
        affixes = T * B * self.most_affixes
        rooms = self.encoder.rooms(T, B) | {
            "y": (T * B, True),
            "weight": (T * B, False),
            "affixes": (affixes, True),
            "starts": (T * B + 1, True),
        }
        if self.buckets:
            rooms |= rooms_of_columns("G", min(affixes, self.buckets), self.encoder.beside)
        return rooms
