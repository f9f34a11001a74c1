"""Sums of a table's columns over bags of ids: hashed n-grams of a text, or affixes of a word.

    v_k = c_k Σ_i G x_i              over the N_k ids of bag k; c_k = 1/N_k: the mean (Joulin et al. 2017)
    dG x_i += c_k dv_k               for each of them

The sum of an empty bag is 0. Ids are hashed elsewhere; G has a column for each bucket.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Ids
from rnn_cli.network.columns import Columns, sum_by_token
from rnn_cli.network.fast.workspace import Workspace

SPREAD = 0.1  # standard deviation of G's initial values


class Bags(NamedTuple):
    """Bags of ids, one after another."""

    ids: Ids  # (N,)
    starts: Ids  # (K + 1,); bag k is ids[starts[k] : starts[k + 1]]

    @property
    def sizes(self) -> Ids:
        """N_k of each bag, (K,)."""
        return np.diff(self.starts)

    def cut(self, first: int, end: int) -> "Bags":
        """Return the bags from `first` to `end` (exclusive), as views except for `starts`."""
        starts = self.starts[first : end + 1]
        return Bags(self.ids[starts[0] : starts[-1]], starts - starts[0])


Backward = Callable[[Array], Columns]  # dv (K, e) -> dG


def mean(G: Array, bags: Bags, work: Workspace) -> tuple[Array, Backward]:
    """Return the mean of each bag and the backward pass, as `weighted_sum` does."""
    return weighted_sum(G, bags, np.divide(1, np.maximum(bags.sizes, 1), dtype=G.dtype), work)


def weighted_sum(G: Array, bags: Bags, c: Array, work: Workspace) -> tuple[Array, Backward]:
    """Return v (K, e), an array of `work`, for a table G (e, buckets) and weights c (K,), and the backward
    pass."""
    ids, starts = bags
    (e, K), sizes = (len(G), len(starts) - 1), bags.sizes
    L = max(1, int(sizes.max(initial=0)))
    places = starts[:-1, None] + np.arange(L)  # row k: the places of bag k, padded to the longest
    inside = places < starts[1:, None]
    columns = work("in bags", K * L, e)
    if len(ids):
        filled = ids[np.minimum(places.ravel(), len(ids) - 1)]
        np.take(G.T, filled, axis=0, out=columns, mode="clip")
    else:
        columns.fill(0)
    weights = np.where(inside, c[:, None], G.dtype.type(0))[:, None]  # (K, 1, L)
    v = np.matmul(weights, columns.reshape(K, L, e), out=work("sums", K, 1, e))
    work.lap("look-up")

    def backward(dv: Array) -> Columns:
        of_bags = np.multiply(dv, c[:, None], out=work("of bags", K, e))
        dG = sum_by_token(ids, np.repeat(of_bags, sizes, axis=0))
        work.lap("weight gradients")
        return dG

    return v[:, 0], backward
