"""Draw tokens from logits."""

import math
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array

COLDEST = 1e-6  # the lowest temperature used: float32 logits divided by a lower one could overflow


def choose(
    logits: Array,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
) -> NDArray[np.intp]:
    """Return one id drawn for each row of logits (B, m); an id whose logit is -inf is never drawn.

    temperature: divides the logits; 0: take the likeliest id.
    top_k: draw only from the k likeliest ids (Fan et al. 2018).
    top_p: draw only from the fewest likeliest ids that together have this probability (Holtzman et al. 2020).
    Raises FloatingPointError if a logit is nan or +inf.

    If each e_k is drawn from the exponential distribution, z_k - log e_k is largest for id k with probability
    softmax(z)_k (the Gumbel-max trick; Maddison, Tarlow and Minka 2014, section 2). This needs no
    exponential, which could overflow.
    """
    if not math.isfinite(logits.max()):
        raise FloatingPointError("a logit is not finite")
    if temperature == 0:
        return logits.argmax(axis=1)
    z = np.divide(logits, max(temperature, COLDEST), dtype=np.float64)
    if top_k is not None and top_k < z.shape[1]:
        z = _likeliest(z, top_k)
    if top_p < 1:
        z = _nucleus(z, top_p)
    e = rng.standard_exponential(z.shape)  # 0, which has no logarithm, is all but impossible in float64
    return np.subtract(z, np.log(e, out=e), out=e).argmax(axis=1)


def penalize(logits: Array, latest: Iterable[Collection[int]], penalty: float) -> None:
    """Make the latest ids of each row of logits (B, m) less likely, in place (Keskar et al. 2019).

    A logit above 0 is divided by the penalty, as in the paper; one below 0 is multiplied, as dividing would
    make it larger.
    """
    for z, ids in zip(logits, latest, strict=True):
        which = np.array(sorted(set(ids)), np.intp)
        z[which] = np.where(z[which] > 0, z[which] / penalty, z[which] * penalty)


def _likeliest(z: Array, k: int) -> Array:
    """Return z with all but the k largest of each row set to -inf."""
    likeliest = np.argpartition(-z, k - 1, axis=1)[:, :k]
    kept = np.full_like(z, -np.inf)
    np.put_along_axis(kept, likeliest, np.take_along_axis(z, likeliest, axis=1), axis=1)
    return kept


def _nucleus(z: Array, p: float) -> Array:
    """Return z with -inf for all but the fewest largest of each row that together have probability p."""
    order = np.argsort(-z, axis=1, kind="stable")
    falling = np.take_along_axis(z, order, axis=1)
    o = np.exp(falling - falling[:, :1])
    before = o.cumsum(axis=1) - o  # the probability of all larger ones
    beyond = before >= p * o.sum(axis=1, keepdims=True)
    beyond[:, 0] = False
    kept = np.empty_like(z)
    np.put_along_axis(kept, order, np.where(beyond, -np.inf, falling), axis=1)
    return kept
