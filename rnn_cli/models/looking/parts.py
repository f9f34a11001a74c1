"""The visible parts of a sequence's computation: its steps and their results."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array, Ids
from rnn_cli.text.vocabulary import START, UNK

LIKELIEST = 5  # predictions shown per step


class Row(NamedTuple):
    """One step.

    token, id: what the network reads. unknown: whether the token is not in its vocabulary, so that it reads
    UNK.
    s: each layer's state after the step, by name.
    likeliest: the likeliest next tokens (or tags of this token), with their probabilities in descending
    order.
    target: the actual next token. nats: its cost E_t. Both are None if nothing is predicted.
    attention: how much the step looks at each token of the source; empty without attention.
    """

    token: str
    id: int
    unknown: bool
    s: dict[str, list[float]]
    likeliest: list[tuple[str, float]]
    target: str | None
    nats: float | None
    attention: list[float]


class Cost(NamedTuple):
    """What a text costs. spelling_nats: for its unknown tokens. characters: a line end counts as one."""

    nats: float
    spelling_nats: float
    tokens: int
    characters: int


class Norms(NamedTuple):
    """The sizes of derivatives (Euclidean norms).

    parameters: of dE/dp for each parameter p, where E is the sum over all steps.
    states: by the name of a state, of dE_T/ds_t for t = 1 … T, where E_T is the loss of the last step.
    """

    parameters: dict[str, float]
    states: dict[str, list[float]]


class Vector(NamedTuple):
    """A vector, or the rows of a matrix, under its name in the equations."""

    name: str
    values: list[float] | list[list[float]]


class Best(NamedTuple):
    """The likeliest ids at each step, (T, k), and their probabilities, in descending order."""

    ids: Ids
    p: Array

    @classmethod
    def of(cls, log_o: Array, k: int = LIKELIEST) -> "Best":
        """Return the likeliest k ids for log o_t, (T, m)."""
        ids = np.argsort(-log_o, axis=1, kind="stable")[:, :k]
        return cls(ids, np.exp(np.take_along_axis(log_o, ids, axis=1)))

    def spelled(self, names: list[str]) -> list[list[tuple[str, float]]]:
        """Return the likeliest tokens at each step, by name."""
        return [
            [(names[id], p) for id, p in zip(ids, ps, strict=True)]
            for ids, ps in zip(self.ids.tolist(), self.p.tolist(), strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A sequence as a model reads it.

    name: "source" or "target" for a translation, else "".
    tokens, ids: one for each of the T steps. states: each (T, n), by name.
    likeliest, targets, nats: as in `Row`, for each step; empty if nothing is predicted.
    attention: (T, S), or None. cost: of the text as a whole; None if nothing is predicted.
    pooled: the vector that labels are predicted from; None for tasks that have none.
    answers: the labels with their probabilities, or the score under the name "score".
    """

    tokens: list[str]
    ids: list[int]
    states: dict[str, Array]
    name: str = ""
    likeliest: list[list[tuple[str, float]]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    nats: NDArray[np.float64] | None = None
    attention: Array | None = None
    cost: Cost | None = None
    pooled: list[float] | None = None
    answers: list[tuple[str, float]] = field(default_factory=list)
    norms: Norms | None = None
    numbers: list[list[Vector]] | None = None

    @property
    def unknown(self) -> int:
        """The number of tokens that the model does not know."""
        return self.ids.count(UNK)

    @property
    def read(self) -> int:
        """The number of tokens, without START."""
        return len(self.ids) - self.ids.count(START)

    @property
    def largest(self) -> float:
        """The largest absolute value in a state; at least 1, as most cells stay within -1 and 1."""
        return max(1.0, *(float(np.abs(s).max(initial=0)) for s in self.states.values()))

    def rows(self) -> Iterator[Row]:
        """Yield the steps."""
        for t, (token, id) in enumerate(zip(self.tokens, self.ids, strict=True)):
            yield Row(
                token,
                id,
                id == UNK,
                {name: s[t].tolist() for name, s in self.states.items()},
                self.likeliest[t] if self.likeliest else [],
                self.targets[t] if self.targets else None,
                None if self.nats is None else float(self.nats[t]),
                [] if self.attention is None else self.attention[t].tolist(),
            )
