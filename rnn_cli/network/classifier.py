"""The classifier: a sequence in, one label out (many to one, 多对一).

h_1 … h_L = encoder(x)                  encoder.py
s = pooling(h), g                       pooling.py; g is the mean of n-grams' embeddings (bags.py)
o = output(V s + b_y)                   labels.py
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
from rnn_cli.network.labels import LABELS
from rnn_cli.network.parameters import Table, WithoutState
from rnn_cli.network.pooling import POOLINGS, Rows


class Texts(NamedTuple):
    """A batch of B texts with their labels; T is the length of the longest, and at least 1.

    Without n-grams `grams` is empty and `starts` is zeros.
    """

    x: Ids  # (T, B)
    real: Array  # (T, B), 1 at a row's real steps, which come first, and 0 at padding
    y: Array  # as the output has it: ids (B,), yes and no (B, m), or scores (B,)
    weight: Array  # (T, B), how much a row's label counts, at its first step; 0 at all others
    grams: Ids  # the ids of all rows' n-grams, one row after another
    starts: Ids  # (B + 1,), where each row's begin and end


@dataclass(frozen=True)
class Classifier(WithoutState):
    """The choices that decide a classifier's parameters.

    Raises ValueError for choices that do not go together.
    """

    encoder: Encoder
    labels: int
    output: str = "softmax"  # a row of LABELS
    pooling: str = "last+max+mean"  # a row of POOLINGS
    buckets: int = 0  # of hashed n-grams; 0: without
    gram_size: int = 0  # of an n-gram's embedding
    most_grams: int = 0  # n-grams of a row

    def __post_init__(self) -> None:
        if self.output not in LABELS or self.pooling not in POOLINGS:
            raise ValueError(f"unknown output {self.output!r} or pooling {self.pooling!r}")
        if self.labels < 1 or (self.output == "score" and self.labels != 1):
            raise ValueError(f"{self.labels} labels do not go with {self.output}")
        if len({bool(self.buckets), bool(self.gram_size), bool(self.most_grams)}) > 1:
            raise ValueError("n-grams need buckets, a size and a most of a row")
        if self.encoder.beside:
            raise ValueError("nothing is there for the encoder's second input")

    @property
    def m(self) -> int:
        """A guess costs ln m nats."""
        return LABELS[self.output].classes(self.labels)

    @property
    def width(self) -> int:
        """The number of entries of s, which the output layer sees."""
        return POOLINGS[self.pooling].parts * self.encoder.width + self.gram_size

    def describe(self) -> str:
        """Return the network in words."""
        return f"{self.encoder.describe()}, {self.pooling}{', n-grams' if self.buckets else ''}"

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        grams = {"G": (self.gram_size, self.buckets)} if self.buckets else {}
        return self.encoder.shapes | grams | {"V": (self.labels, self.width), "b_y": (self.labels,)}

    @property
    def tables(self) -> Mapping[str, Table]:
        return {**self.encoder.tables} | ({"G": Table()} if self.buckets else {})

    def initialise(self, rng: np.random.Generator, share: Array) -> Parameters:
        """Return first values. share: (labels,), the share of rows that have each label (`Labels`)."""
        p = self.encoder.initialise(rng)
        if self.buckets:
            p["G"] = rng.normal(0, bags.SPREAD, self.shapes["G"])
        p["V"] = glorot_uniform(rng, *self.shapes["V"])
        p["b_y"] = LABELS[self.output].initial_bias(share)
        return self.lay_out(p)

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Draw the encoder's masks, and one of the n-grams' mean."""
        masks = self.encoder.draw_masks(rng, drop, T, B)
        if not drop.rate or not self.buckets:
            return masks
        return masks | {"g": dropout_mask(rng, drop.rate, 1, B, self.gram_size)}

    def loss(
        self, p: Parameters, batch: Texts, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E, summed over the texts, and the state, which has nothing in it."""
        return weighted_sum(self.nats(p, batch, work, masks), batch.weight[0]), {}

    def nats(self, p: Parameters, batch: Texts, work: Workspace, masks: Masks = NO_MASKS) -> Array:
        """Return E of each text, (B,), without its weight."""
        work.start()
        s, _ = self._features(p, batch, work, masks)
        return LABELS[self.output].nats(p, s, batch.y, work)

    def loss_and_gradients(
        self, p: Parameters, batch: Texts, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, summed over the texts; dE/dp for every parameter p; and the empty state."""
        work.start()
        weight = batch.weight[0]
        s, into_features = self._features(p, batch, work, masks)
        E, ds, of_output = LABELS[self.output].nats_and_gradients(p, s, batch.y, weight, work)
        gradients = into_features(ds) | of_output
        return weighted_sum(E, weight), {name: gradients[name] for name in self.shapes}, {}

    def probabilities(self, p: Parameters, batch: Texts, work: Workspace) -> Array:
        """Return o of each text, (B, labels), a new array; y and weight are not used."""
        s, _ = self._features(p, batch, work, NO_MASKS)
        return LABELS[self.output].probabilities(p, s)

    def _features(
        self, p: Parameters, batch: Texts, work: Workspace, masks: Masks
    ) -> tuple[Array, Callable[[Array], Gradients]]:
        """Return s (B, width), and the backward pass."""
        h, into_encoder = self.encoder.forward(p, Padded(batch.x, batch.real), work, masks)
        rows = Rows(batch.real, len(self.encoder.directions))
        v, into_states = POOLINGS[self.pooling].pool(h, rows, work)
        k, s = v.shape[1], v
        if self.buckets:
            g, into_grams = bags.mean(p["G"], Bags(batch.grams, batch.starts), work)
            mask = masks["g"][0] if "g" in masks else None
            s = np.concatenate([v, g if mask is None else g * mask], axis=1)

        def backward(ds: Array) -> Gradients:
            dh = work("dh of pooling", *h.shape)
            dh.fill(0)
            into_states(ds[:, :k], dh)
            work.lap("pooling")
            gradients, _ = into_encoder(dh)
            if not self.buckets:
                return gradients
            dg = ds[:, k:]
            return gradients | {"G": into_grams(dg if mask is None else dg * mask)}

        work.lap("pooling")
        return s, backward

    def rows(self, batch: Texts, k: slice) -> Texts:
        """Return some rows of a batch."""
        x, real, y, weight, grams, starts = batch
        cut = Bags(grams, starts).cut(k.start, k.stop)
        return Texts(x[:, k], real[:, k], y[k], weight[:, k], cut.ids, cut.starts)

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the rooms of a batch's arrays and of gradients by columns (`Trainable.rooms`)."""
        numbers, are_ids = LABELS[self.output].target(self.labels)
        grams = B * self.most_grams
        rooms = self.encoder.rooms(T, B) | {
            "y": (B * numbers, are_ids),
            "weight": (T * B, False),
            "grams": (grams, True),
            "starts": (B + 1, True),
        }
        if self.buckets:
            rooms |= rooms_of_columns("G", min(grams, self.buckets), self.gram_size)
        return rooms
