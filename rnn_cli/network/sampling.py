"""From logits to a token."""

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
    """
    largest = np.maximum.reduce(logits, axis=1, keepdims=True)
    if not np.isfinite(largest).all():
        raise FloatingPointError("a logit is not finite")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    z = logits - largest
    z /= max(temperature, COLDEST)
    if top_k is not None and top_k < z.shape[1]:
        likeliest = np.argpartition(-z, top_k - 1, axis=1)[:, :top_k]
        kept = np.full_like(z, -np.inf)
        np.put_along_axis(kept, likeliest, np.take_along_axis(z, likeliest, axis=1), axis=1)
        z = kept
    o = np.exp(z, out=z)  # the probabilities, but for their sum
    if top_p < 1:
        o /= o.sum(axis=1, keepdims=True)
        order = np.argsort(-o, axis=1, kind="stable")
        likeliest = np.take_along_axis(o, order, axis=1)
        beyond = np.cumsum(likeliest, axis=1, dtype=np.float64) - likeliest >= top_p
        beyond[:, 0] = False
        np.put_along_axis(o, order, np.where(beyond, 0, likeliest), axis=1)
    cumulative = np.add.accumulate(o, axis=1, dtype=np.float64)
    drawn = (1 - rng.random((len(o), 1))) * cumulative[:, -1:]  # above 0, and at most all
    return np.argmax(cumulative >= drawn, axis=1)
