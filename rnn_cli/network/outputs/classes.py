"""The two-level softmax over frequency classes of tokens (Goodman 2001; classes as in Mikolov et al. 2011,
section 4): exact probabilities at a fraction of the softmax's cost.

The head has the frequent tokens and one entry for each class of rarer ones (the clusters of clusters.py):

    o_t[y] = head_t[y]                                               y < c_1
    o_t[y] = head_t[c_1 + j - 1] softmax(V_j s_t + b_j)[y - c_j]     c_j <= y < c_{j+1}

    head_t = softmax((V_0, V_c) s_t + b_y)

V_j is rows c_j … c_{j+1} - 1 of V, V_0 is the rows below c_1, and V_c has a row for each class. As with the
softmax, every token has a row of V as wide as the state, so V can be a tied embedding and rare words are not
narrower, as they are in adaptive.py.
"""

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.outputs import clusters, softmax
from rnn_cli.network.outputs.clusters import Cluster, cutoffs_of, in_head, joined, rows_within

HAS_CUTOFFS = True
HAS_FULL_ROWS = True
initial_biases = clusters.initial_biases


def shapes(m: int, n: int, cutoffs: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    k = len(cutoffs)
    biases = {f"b_y{j}": (end - first,) for j, first, end in clusters.clusters(m, cutoffs)}
    return {"V": (m, n), "V_c": (k, n), "b_y": (cutoffs[0] + k,)} | biases


def cost(counts: Array, n: int, cutoffs: tuple[int, ...]) -> float:
    """Return the mean number of multiplications per token, given how often each class is entered."""
    return _cost(clusters.shares(counts), n, cutoffs)


def _cost(share: Array, n: int, cutoffs: tuple[int, ...]) -> float:
    of_classes = sum(
        float(share[end] - share[first]) * (end - first)
        for _, first, end in clusters.clusters(len(share) - 1, cutoffs)
    )
    return n * (cutoffs[0] + len(cutoffs) + of_classes)


def choose_cutoffs(counts: Array, n: int) -> tuple[int, ...]:
    """Return the cutoffs that need the fewest multiplications per token."""
    return clusters.cheapest(counts, lambda share, cutoffs: _cost(share, n, cutoffs))


def logits(p: Parameters, s: Array) -> Array:
    """Return the log probability of every token."""
    cutoffs = cutoffs_of(p)
    head = np.concatenate([s @ p["V"][: cutoffs[0]].T, s @ p["V_c"].T], axis=1) + p["b_y"]
    of_classes = clusters.clusters(len(p["V"]), cutoffs)
    return joined(head, [softmax.logits(_within(p, cluster), s) for cluster in of_classes], cutoffs)


def nats(p: Parameters, s: Array, y: Ids, work: Workspace) -> Array:
    cutoffs = cutoffs_of(p)
    E = softmax.nats(_head(p, cutoffs, work), s, in_head(y, cutoffs), work)
    for cluster, rows in rows_within(y, len(p["V"]), cutoffs):
        room = work.room(str(cluster.j))
        E[rows] += softmax.nats(_within(p, cluster), s[rows], y[rows] - cluster.first, room)
    return E


def nats_and_gradients(
    p: Parameters, s: Array, y: Ids, weight: Array, work: Workspace
) -> tuple[Array, Array, Parameters]:
    cutoffs = cutoffs_of(p)
    c_1, head = cutoffs[0], _head(p, cutoffs, work)
    dV, dV_c = work.gradient("V", *p["V"].shape), work.gradient("V_c", *p["V_c"].shape)
    d_head = work("d head", *head["V"].shape)
    room = work.room("", {"V": d_head})
    E, ds, of_head = softmax.nats_and_gradients(head, s, in_head(y, cutoffs), weight, room)
    dV[:c_1], dV_c[...] = d_head[:c_1], d_head[c_1:]
    gradients = {"V": dV, "V_c": dV_c, "b_y": of_head["b_y"]}
    for cluster, rows in rows_within(y, len(p["V"]), cutoffs):
        j, first, end = cluster
        room = work.room(str(j), {"V": dV[first:end]})
        E_j, ds_j, of_class = softmax.nats_and_gradients(
            _within(p, cluster), s[rows], y[rows] - first, weight[rows], room
        )
        E[rows] += E_j
        ds[rows] += ds_j
        gradients[f"b_y{j}"] = of_class["b_y"]
    return E, ds, gradients


def _head(p: Parameters, cutoffs: tuple[int, ...], work: Workspace) -> Parameters:
    """Return the parameters of the head: (V_0, V_c) and b_y."""
    V_0, V_c = p["V"][: cutoffs[0]], p["V_c"]
    rows = work("head", len(V_0) + len(V_c), V_c.shape[1])
    return {"V": np.concatenate([V_0, V_c], out=rows), "b_y": p["b_y"]}


def _within(p: Parameters, cluster: Cluster) -> Parameters:
    """Return the parameters of the softmax within a class: V_j and b_j."""
    return {"V": p["V"][cluster.first : cluster.end], "b_y": p[f"b_y{cluster.j}"]}
