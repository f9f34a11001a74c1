"""The classifier: a sequence in, one label out (many to one, 多对一).

    h_1 … h_L = encoder(x)                       encoder.py
    z = V s + b_y,  s = pooling(h)               pooling.py: logits from the states
    w = κ/√N Σ_i G x_i + b_g                     bags.py: logits from the N n-grams x_i, a linear model
    o = output(λ z + (1 - λ) w)                  labels.py; λ is the array `mix`

o is a product of two experts (Hinton 2002). Each is trained separately, on E = (E(z) + E(w))/2. If both were
trained on E of o, neither would learn what the other has memorised, and unseen texts would be classified
worse (sst2: 0.402 nats per text, against 0.379 when trained separately). λ is not trained. It is fitted to
texts that are not trained on (`fitted_mix`), as the n-grams memorise the training texts. Without n-grams, o
is output(z).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import check_known
from rnn_cli.network import bags
from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters, State
from rnn_cli.network.bags import Bags
from rnn_cli.network.columns import Gradients
from rnn_cli.network.columns import rooms as rooms_of_columns
from rnn_cli.network.encoder import Encoder, Padded
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop, glorot_uniform, weighted_sum
from rnn_cli.network.labels import LABELS
from rnn_cli.network.parameters import Table, WithoutState
from rnn_cli.network.pooling import POOLINGS, Rows

KAPPA = 4.0  # the factor by which the linear model learns faster than the optimizer's steps alone allow

MIXES = np.arange(21) / 20  # values of λ to try

# dE/dz of each expert, (B, labels) -> the gradients
Backward = Callable[[list[Array]], Gradients]


class Texts(NamedTuple):
    """A batch of B texts with their labels. T is the length of the longest, at least 1.

    Without n-grams, `grams` is empty and `starts` is zeros.
    """

    x: Ids  # (T, B)
    real: Array  # (T, B), 1 at a row's real steps, which come first, and 0 at padding
    y: Array  # depends on the output: ids (B,), yes and no (B, m), or scores (B,)
    weight: Array  # (T, B), the weight of a row's label at its first step; 0 at all other steps
    grams: Ids  # the ids of all rows' n-grams, one row after another
    starts: Ids  # (B + 1,), where each row's n-grams begin and end


@dataclass(frozen=True)
class Classifier(WithoutState):
    """A classifier, defined by the choices that determine its parameters.

    Raises ValueError for choices that cannot be combined.
    """

    encoder: Encoder
    labels: int
    output: str = "softmax"  # a row of LABELS
    pooling: str = "last+max+mean"  # a row of POOLINGS
    buckets: int = 0  # for hashed n-grams; 0: no n-grams
    most_grams: int = 0  # the most n-grams of a row

    def __post_init__(self) -> None:
        check_known("output", self.output, LABELS)
        check_known("pooling", self.pooling, POOLINGS)
        if self.labels < 1 or (self.output == "score" and self.labels != 1):
            raise ValueError(f"{self.labels} labels do not go with {self.output}")
        if bool(self.buckets) != bool(self.most_grams):
            raise ValueError("n-grams need buckets and a most of a row")
        if self.encoder.beside:
            raise ValueError("nothing is there for the encoder's second input")

    @property
    def m(self) -> int:
        """The number of classes: a guess costs ln m nats."""
        return LABELS[self.output].classes(self.labels)

    @property
    def width(self) -> int:
        """The number of entries of s."""
        return POOLINGS[self.pooling].parts * self.encoder.width

    def describe(self) -> str:
        """Return the network in words."""
        return f"{self.encoder.describe()}, {self.pooling}{', n-grams' if self.buckets else ''}"

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        m = self.labels
        grams = {"G": (m, self.buckets), "b_g": (m,), "mix": (1,)} if self.buckets else {}
        return self.encoder.shapes | {"V": (m, self.width), "b_y": (m,)} | grams

    @property
    def tables(self) -> Mapping[str, Table]:
        return {**self.encoder.tables} | ({"G": Table()} if self.buckets else {})

    def initialise(self, rng: np.random.Generator, share: Array) -> Parameters:
        """Return initial values. share: (labels,), the share of rows with each label (`Labels`)."""
        p = self.encoder.initialise(rng)
        p["V"] = glorot_uniform(rng, *self.shapes["V"])
        p["b_y"] = LABELS[self.output].initial_bias(share)
        if self.buckets:
            p["G"], p["b_g"], p["mix"] = np.zeros(self.shapes["G"]), p["b_y"], np.array([0.5])
        return self.lay_out(p)

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Draw the encoder's masks; the n-grams have none."""
        return self.encoder.draw_masks(rng, drop, T, B)

    def loss(
        self, p: Parameters, batch: Texts, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return the training loss E, summed over the texts, and an empty state."""
        work.start()
        said, _ = self._experts(p, batch, work, masks)
        return weighted_sum(self._mean_nats(said, batch.y), batch.weight[0]), {}

    def evaluate(self, p: Parameters, batch: Texts, state: State, work: Workspace) -> tuple[float, State]:
        """Return E of o, summed over the texts, and an empty state."""
        return weighted_sum(self.nats(p, batch, work), batch.weight[0]), {}

    def nats(self, p: Parameters, batch: Texts, work: Workspace) -> Array:
        """Return E of o for each text, (B,), unweighted."""
        return LABELS[self.output].nats(self._logits(p, batch, work), batch.y)

    def probabilities(self, p: Parameters, batch: Texts, work: Workspace) -> Array:
        """Return o for each text, (B, labels), in a new array; y and weight are not used."""
        return LABELS[self.output].probabilities(self._logits(p, batch, work))

    def loss_and_gradients(
        self, p: Parameters, batch: Texts, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return the training loss E, summed over the texts; dE/dp for every parameter p; and an empty
        state."""
        work.start()
        weight = batch.weight[0]
        said, backward = self._experts(p, batch, work, masks)
        E = weighted_sum(self._mean_nats(said, batch.y), weight)
        share = (weight / len(said))[:, None]
        gradients = backward([LABELS[self.output].slopes(z, batch.y) * share for z in said])
        return E, {name: gradients[name] for name in self.shapes}, {}

    def _mean_nats(self, said: list[Array], y: Array) -> Array:
        """Return the experts' mean E for each text, (B,)."""
        nats = [LABELS[self.output].nats(z, y) for z in said]
        return sum(nats[1:], nats[0]) / len(nats)

    def _logits(self, p: Parameters, batch: Texts, work: Workspace) -> Array:
        """Return λ z + (1 - λ) w for each text, (B, labels)."""
        z, *others = self.experts(p, batch, work)
        return mixed(p["mix"], z, *others) if others else z

    def experts(self, p: Parameters, batch: Texts, work: Workspace) -> list[Array]:
        """Return z and, with n-grams, w for each text, each (B, labels); y and weight are not used."""
        work.start()
        return self._experts(p, batch, work, NO_MASKS)[0]

    def _experts(
        self, p: Parameters, batch: Texts, work: Workspace, masks: Masks
    ) -> tuple[list[Array], Backward]:
        """Return z and, with n-grams, w, each (B, labels), and the backward pass."""
        z, into_states = self._of_states(p, batch, work, masks)
        if not self.buckets:
            return [z], lambda of_each: into_states(of_each[0])
        grams = Bags(batch.grams, batch.starts)
        root = np.sqrt(np.maximum(grams.sizes, 1)).astype(p["G"].dtype)
        total, into_grams = bags.weighted_sum(p["G"], grams, KAPPA / root, work)
        w = total + p["b_g"]  # w = κ/√N Σ_i G x_i + b_g

        def backward(of_each: list[Array]) -> Gradients:
            dz, dw = of_each
            db_g = np.add.reduce(dw, axis=0, out=work.gradient("b_g", self.labels))
            d_mix = work.gradient("mix", 1)
            d_mix.fill(0)
            return into_states(dz) | {"G": into_grams(dw), "b_g": db_g, "mix": d_mix}

        return [z, w], backward

    def _of_states(
        self, p: Parameters, batch: Texts, work: Workspace, masks: Masks
    ) -> tuple[Array, Callable[[Array], Gradients]]:
        """Return z (B, labels) and the backward pass, dz -> the gradients."""
        h, into_encoder = self.encoder.forward(p, Padded(batch.x, batch.real), work, masks)
        rows = Rows(batch.real, len(self.encoder.directions))
        s, into_h = POOLINGS[self.pooling].pool(h, rows, work)
        work.lap("pooling")
        V = p["V"]
        z = s @ V.T + p["b_y"]  # z = V s + b_y
        work.lap("output layer")

        def backward(dz: Array) -> Gradients:
            dV = np.matmul(dz.T, s, out=work.gradient("V", *V.shape))  # dV = Σ dz s^T
            db_y = np.add.reduce(dz, axis=0, out=work.gradient("b_y", self.labels))
            dh = work("dh of pooling", *h.shape)
            dh.fill(0)
            into_h(dz @ V, dh)  # ds = V^T dz
            work.lap("pooling")
            gradients, _ = into_encoder(dh)
            return gradients | {"V": dV, "b_y": db_y}

        return z, backward

    def rows(self, batch: Texts, k: slice) -> Texts:
        """Return some rows of a batch."""
        x, real, y, weight, grams, starts = batch
        cut = Bags(grams, starts).cut(k.start, k.stop)
        return Texts(x[:, k], real[:, k], y[k], weight[:, k], cut.ids, cut.starts)

    def rooms(self, T: int, B: int) -> dict[str, tuple[int, bool]]:
        """Return the rooms of a batch's arrays and of the gradients by columns (`Trainable.rooms`)."""
        numbers, are_ids = LABELS[self.output].target(self.labels)
        grams = B * self.most_grams
        rooms = self.encoder.rooms(T, B) | {
            "y": (B * numbers, are_ids),
            "weight": (T * B, False),
            "grams": (grams, True),
            "starts": (B + 1, True),
        }
        if self.buckets:
            rooms |= rooms_of_columns("G", min(grams, self.buckets), self.labels)
        return rooms


def mixed(λ: Array, z: Array, w: Array) -> Array:
    """Return λ z + (1 - λ) w."""
    return λ * z + (1 - λ) * w


def fitted_mix(output: str, z: Array, w: Array, y: Array) -> float:
    """Return the λ in MIXES with the lowest E on some texts. z, w: (N, labels). output: a row of LABELS."""
    return float(min(MIXES, key=lambda λ: LABELS[output].nats(mixed(λ, z, w), y).sum()))
