"""Clusters of tokens by frequency, into which a two-level softmax divides a vocabulary.

Ids number tokens by falling count, and `cutoffs` (c_1, c_2, …) divide them: ids below c_1 are in the head,
c_1 … c_2 - 1 in the first cluster of rarer tokens, and so on. The head is a softmax over its own tokens and
one entry for each cluster; a token of cluster j costs that entry and a softmax within the cluster.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.outputs import softmax

CLUSTERS = 2
GRID = 40  # candidates for a cutoff


class Cluster(NamedTuple):
    """Ids first … end - 1."""

    j: int  # from 1; its biases are b_y1 …
    first: int
    end: int


def clusters(m: int, cutoffs: tuple[int, ...]) -> list[Cluster]:
    return [Cluster(j, *ends) for j, ends in enumerate(itertools.pairwise((*cutoffs, m)), 1)]


def initial_biases(counts: Array, cutoffs: tuple[int, ...]) -> Parameters:
    """Return the log frequencies of the tokens, and of each cluster as a whole."""
    parts = clusters(len(counts), cutoffs)
    head = np.append(counts[: cutoffs[0]], [counts[first:end].sum() for _, first, end in parts])
    named = {"b_y": head} | {f"b_y{j}": counts[first:end] for j, first, end in parts}
    return {name: softmax.initial_biases(part, ())["b_y"] for name, part in named.items()}


def shares(counts: Array) -> Array:
    """Return, for each id from 0 to m, the share of the text with a lower id, (m + 1,)."""
    return np.append(0, np.cumsum(counts)) / counts.sum()


def cheapest(counts: Array, cost: Callable[[Array, tuple[int, ...]], float]) -> tuple[int, ...]:
    """Return the cutoffs that need the fewest multiplications per token (Grave et al. 2017, section 4.3,
    minimise computing time in the same way).

    counts: (m,), how often each id occurs, falling from id 3 on. cost: (shares (m + 1,), cutoffs) -> the
    multiplications.
    """
    m = len(counts)
    places = sorted({int(place) for place in np.geomspace(4, m - 1, GRID)}) if m > 5 else [m - 1]
    choices, share = itertools.combinations(places, min(CLUSTERS, len(places))), shares(counts + 1)
    return min(choices, key=lambda cutoffs: cost(share, cutoffs))


def cutoffs_of(p: Parameters) -> tuple[int, ...]:
    """Return the cutoffs, inferred from the sizes of the biases."""
    sizes = [len(p[name]) for name in p if name.startswith("b_y")]
    return tuple(itertools.accumulate(sizes[1:-1], initial=sizes[0] - len(sizes) + 1))


def in_head(y: Ids, cutoffs: tuple[int, ...]) -> Ids:
    """Return the head's entry for each token: its own, or its cluster's."""
    return np.where(y < cutoffs[0], y, cutoffs[0] + np.searchsorted(cutoffs, y, side="right") - 1)


def rows_within(y: Ids, m: int, cutoffs: tuple[int, ...]) -> Iterator[tuple[Cluster, Ids]]:
    """Yield each cluster with the rows whose token is in it."""
    own = np.searchsorted(cutoffs, y, side="right")
    for cluster in clusters(m, cutoffs):
        yield cluster, np.flatnonzero(own == cluster.j)


def joined(head: Array, within: list[Array], cutoffs: tuple[int, ...]) -> Array:
    """Return the log probability of every token, (N, m), from the logits of the head and of each cluster."""
    log_head = _log_softmax(head)
    parts = [log_head[:, : cutoffs[0]]]
    for j, z in enumerate(within):
        parts.append(log_head[:, cutoffs[0] + j, None] + _log_softmax(z))
    return np.concatenate(parts, axis=1)


def _log_softmax(z: Array) -> Array:
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
