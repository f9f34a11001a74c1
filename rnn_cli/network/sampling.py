"""From logits to a token."""

import math

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array

COLDEST = 1e-6  # below it a temperature is taken for this one: float32 logits over less could overflow


def choose(
    logits: Array,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
) -> NDArray[np.intp]:
    """One id drawn for each row of logits (B, m); a logit of -inf is never drawn.

    temperature: divides the logits; 0 takes the likeliest.
    top_k: draw from the k likeliest only (Fan et al. 2018).
    top_p: draw from the fewest likeliest ids that hold this much probability (Holtzman et al. 2020).
    Raises FloatingPointError where a logit is nan or +inf.

    Of z_k - log e_k, with each e_k drawn from the exponential distribution, the largest is k's as often as
    softmax(z)_k says (the Gumbel-max trick; Maddison, Tarlow and Minka 2014, section 2): no exponential,
    which could overflow, is taken.
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
    e = rng.standard_exponential(z.shape)  # in float64 0, which has no logarithm, takes centuries to come
    return np.subtract(z, np.log(e, out=e), out=e).argmax(axis=1)


def _likeliest(z: Array, k: int) -> Array:
    """z, with -inf for all but the k largest of each row."""
    likeliest = np.argpartition(-z, k - 1, axis=1)[:, :k]
    kept = np.full_like(z, -np.inf)
    np.put_along_axis(kept, likeliest, np.take_along_axis(z, likeliest, axis=1), axis=1)
    return kept


def _nucleus(z: Array, p: float) -> Array:
    """z, with -inf beyond the largest of each row that hold the probability p together."""
    order = np.argsort(-z, axis=1, kind="stable")
    falling = np.take_along_axis(z, order, axis=1)
    o = np.exp(falling - falling[:, :1])
    before = o.cumsum(axis=1) - o  # what those ahead of each hold
    beyond = before >= p * o.sum(axis=1, keepdims=True)
    beyond[:, 0] = False
    kept = np.empty_like(z)
    np.put_along_axis(kept, order, np.where(beyond, -np.inf, falling), axis=1)
    return kept
