"""The adaptive softmax (Grave et al. 2017, section 4): exact probabilities of a large vocabulary, most of
which are seldom computed.

Ids number tokens by falling count, and `cutoffs` (c_1, c_2, …) divide them: those below c_1 are in the head,
c_1 … c_2 - 1 in the first cluster of rarer ones, and so on. The head is a softmax over its tokens and one
more entry for each cluster; a token of cluster j costs that entry and then a softmax within the cluster, of
a state that P_j has made narrower:

    o_t[y] = head_t[y]                                            y < c_1
    o_t[y] = head_t[c_1 + j - 1] softmax(V_j P_j s_t + b_j)[y - c_j]     c_j <= y < c_{j+1}

    head_t = softmax(V s_t + b_y)
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.outputs import softmax

HAS_CUTOFFS = True
NARROWER = 4  # by this factor each cluster is narrower than the one before
NARROWEST = 8
CLUSTERS = 2
GRID = 40  # candidates for a cutoff


class Cluster(NamedTuple):
    """Ids first … end - 1."""

    j: int  # from 1; its parameters are V1, P1, b_y1 …
    first: int
    end: int


def clusters(m: int, cutoffs: tuple[int, ...]) -> list[Cluster]:
    return [Cluster(j, *ends) for j, ends in enumerate(itertools.pairwise((*cutoffs, m)), 1)]


def width(n: int, j: int) -> int:
    """Return the width of the states as cluster j sees them."""
    return max(min(NARROWEST, n), n // NARROWER**j)


def shapes(m: int, n: int, cutoffs: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    head = cutoffs[0] + len(cutoffs)
    named: dict[str, tuple[int, ...]] = {"V": (head, n), "b_y": (head,)}
    for j, first, end in clusters(m, cutoffs):
        n_j = width(n, j)
        named |= {f"P{j}": (n_j, n), f"V{j}": (end - first, n_j), f"b_y{j}": (end - first,)}
    return named


def initial_biases(counts: Array, cutoffs: tuple[int, ...]) -> Parameters:
    """Return the logarithms of the frequencies of the tokens, and of each cluster as a whole."""
    parts = clusters(len(counts), cutoffs)
    head = np.append(counts[: cutoffs[0]], [counts[first:end].sum() for _, first, end in parts])
    named = {"b_y": head} | {f"b_y{j}": counts[first:end] for j, first, end in parts}
    return {name: softmax.initial_biases(part, ())["b_y"] for name, part in named.items()}


def cost(counts: Array, n: int, cutoffs: tuple[int, ...]) -> float:
    """Return the multiplications per token, by how often each cluster is entered."""
    return _cost(_shares(counts), n, cutoffs)


def _cost(share: Array, n: int, cutoffs: tuple[int, ...]) -> float:
    of_head = n * (cutoffs[0] + len(cutoffs))
    return of_head + sum(
        float(share[end] - share[first]) * width(n, j) * (n + end - first)
        for j, first, end in clusters(len(share) - 1, cutoffs)
    )


def _shares(counts: Array) -> Array:
    """Return which share of a text has an id below each, (m + 1,)."""
    return np.append(0, np.cumsum(counts)) / counts.sum()


def choose_cutoffs(counts: Array, n: int) -> tuple[int, ...]:
    """Return the cutoffs with which a token costs the fewest multiplications (Grave et al., section 4.3,
    minimise their time in the same way).

    counts: (m,), how often each id occurs, falling from id 3 on.
    """
    m = len(counts)
    places = sorted({int(place) for place in np.geomspace(4, m - 1, GRID)}) if m > 5 else [m - 1]
    choices, share = itertools.combinations(places, min(CLUSTERS, len(places))), _shares(counts + 1)
    return min(choices, key=lambda cutoffs: _cost(share, n, cutoffs))


def logits(p: Parameters, s: Array) -> Array:
    """Return the logarithm of every token's probability."""
    cutoffs = _cutoffs(p)
    head = _log_softmax(softmax.logits(p, s))
    parts = [head[:, : cutoffs[0]]]
    for j in range(1, len(cutoffs) + 1):
        of_cluster = head[:, cutoffs[0] + j - 1, None]
        parts.append(of_cluster + _log_softmax(softmax.logits(*_within(p, s, j))))
    return np.concatenate(parts, axis=1)


def nats(p: Parameters, s: Array, y: Ids, work: Workspace) -> Array:
    cutoffs = _cutoffs(p)
    E = softmax.nats(p, s, _in_head(y, cutoffs), work)
    for j, first, rows in _rows(p, y):
        room = work.room(str(j))
        p_j, h = _within(p, s[rows], j)
        E[rows] += softmax.nats(p_j, h, y[rows] - first, room)
    return E


def nats_and_gradients(
    p: Parameters, s: Array, y: Ids, weight: Array, work: Workspace
) -> tuple[Array, Array, Parameters]:
    E, ds, gradients = softmax.nats_and_gradients(p, s, _in_head(y, _cutoffs(p)), weight, work)
    for j, first, rows in _rows(p, y):
        room = work.room(str(j))
        p_j, h = _within(p, s[rows], j)
        E_j, dh, of_cluster = softmax.nats_and_gradients(p_j, h, y[rows] - first, weight[rows], room)
        E[rows] += E_j
        ds[rows] += dh @ p[f"P{j}"]  # ds_t += P_j^T dh_t
        dP = np.matmul(dh.T, s[rows], out=room.gradient("P", *p[f"P{j}"].shape))  # dP_j = Σ_t dh_t s_t^T
        gradients |= {f"P{j}": dP, f"V{j}": of_cluster["V"], f"b_y{j}": of_cluster["b_y"]}
        work.lap("output layer")
    return E, ds, gradients


def _cutoffs(p: Parameters) -> tuple[int, ...]:
    """Return the cutoffs, which the shapes imply."""
    sizes = [len(p[name]) for name in p if name.startswith("b_y")]
    return tuple(itertools.accumulate(sizes[1:-1], initial=sizes[0] - len(sizes) + 1))


def _in_head(y: Ids, cutoffs: tuple[int, ...]) -> Ids:
    """Return the head's entry for each token: its own, or its cluster's."""
    return np.where(y < cutoffs[0], y, cutoffs[0] + np.searchsorted(cutoffs, y, side="right") - 1)


def _rows(p: Parameters, y: Ids) -> Iterator[tuple[int, int, Ids]]:
    """Yield each cluster's number, its first id, and the rows whose token is in it."""
    cluster = np.searchsorted(cutoffs := _cutoffs(p), y, side="right")
    for j, first in enumerate(cutoffs, 1):
        yield j, first, np.flatnonzero(cluster == j)


def _within(p: Parameters, s: Array, j: int) -> tuple[Parameters, Array]:
    """Return the parameters of the softmax within cluster j, and the states as it sees them, P_j s_t."""
    return {"V": p[f"V{j}"], "b_y": p[f"b_y{j}"]}, s @ p[f"P{j}"].T


def _log_softmax(z: Array) -> Array:
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
