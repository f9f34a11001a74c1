"""The adaptive softmax (Grave et al. 2017, section 4): exact probabilities over a large vocabulary, most of
which are rarely computed.

The head and each cluster of rarer tokens (clusters.py) have their own matrices; P_j makes the state narrower
for cluster j:

    o_t[y] = head_t[y]                                                   y < c_1
    o_t[y] = head_t[c_1 + j - 1] softmax(V_j P_j s_t + b_j)[y - c_j]     c_j <= y < c_{j+1}

    head_t = softmax(V s_t + b_y)
"""

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.outputs import clusters, softmax
from rnn_cli.network.outputs.clusters import cutoffs_of, in_head, joined, rows_within

HAS_CUTOFFS = True
HAS_FULL_ROWS = False
NARROWER = 4  # the factor by which each cluster is narrower than the one before
NARROWEST = 8
initial_biases = clusters.initial_biases


def width(n: int, j: int) -> int:
    """Return the width of the states in cluster j."""
    return max(min(NARROWEST, n), n // NARROWER**j)


def shapes(m: int, n: int, cutoffs: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    head = cutoffs[0] + len(cutoffs)
    named: dict[str, tuple[int, ...]] = {"V": (head, n), "b_y": (head,)}
    for j, first, end in clusters.clusters(m, cutoffs):
        n_j = width(n, j)
        named |= {f"P{j}": (n_j, n), f"V{j}": (end - first, n_j), f"b_y{j}": (end - first,)}
    return named


def cost(counts: Array, n: int, cutoffs: tuple[int, ...]) -> float:
    """Return the mean number of multiplications per token, given how often each cluster is entered."""
    return _cost(clusters.shares(counts), n, cutoffs)


def _cost(share: Array, n: int, cutoffs: tuple[int, ...]) -> float:
    of_head = n * (cutoffs[0] + len(cutoffs))
    return of_head + sum(
        float(share[end] - share[first]) * width(n, j) * (n + end - first)
        for j, first, end in clusters.clusters(len(share) - 1, cutoffs)
    )


def choose_cutoffs(counts: Array, n: int) -> tuple[int, ...]:
    """Return the cutoffs that need the fewest multiplications per token."""
    return clusters.cheapest(counts, lambda share, cutoffs: _cost(share, n, cutoffs))


def logits(p: Parameters, s: Array) -> Array:
    """Return the log probability of every token."""
    cutoffs = cutoffs_of(p)
    within = [softmax.logits(*_within(p, s, j)) for j in range(1, len(cutoffs) + 1)]
    return joined(softmax.logits(p, s), within, cutoffs)


def nats(p: Parameters, s: Array, y: Ids, work: Workspace) -> Array:
    cutoffs = cutoffs_of(p)
    E = softmax.nats(p, s, in_head(y, cutoffs), work)
    for (j, first, _), rows in rows_within(y, _size(p, cutoffs), cutoffs):
        p_j, h = _within(p, s[rows], j)
        E[rows] += softmax.nats(p_j, h, y[rows] - first, work.room(str(j)))
    return E


def nats_and_gradients(
    p: Parameters, s: Array, y: Ids, weight: Array, work: Workspace
) -> tuple[Array, Array, Parameters]:
    cutoffs = cutoffs_of(p)
    E, ds, gradients = softmax.nats_and_gradients(p, s, in_head(y, cutoffs), weight, work)
    for (j, first, _), rows in rows_within(y, _size(p, cutoffs), cutoffs):
        room = work.room(str(j))
        p_j, h = _within(p, s[rows], j)
        E_j, dh, of_cluster = softmax.nats_and_gradients(p_j, h, y[rows] - first, weight[rows], room)
        E[rows] += E_j
        ds[rows] += dh @ p[f"P{j}"]  # ds_t += P_j^T dh_t
        dP = np.matmul(dh.T, s[rows], out=room.gradient("P", *p[f"P{j}"].shape))  # dP_j = Σ_t dh_t s_t^T
        gradients |= {f"P{j}": dP, f"V{j}": of_cluster["V"], f"b_y{j}": of_cluster["b_y"]}
        work.lap("output layer")
    return E, ds, gradients


def _size(p: Parameters, cutoffs: tuple[int, ...]) -> int:
    """Return m."""
    return cutoffs[-1] + len(p[f"b_y{len(cutoffs)}"])


def _within(p: Parameters, s: Array, j: int) -> tuple[Parameters, Array]:
    """Return the parameters of the softmax within cluster j, and its states P_j s_t."""
    return {"V": p[f"V{j}"], "b_y": p[f"b_y{j}"]}, s @ p[f"P{j}"].T
