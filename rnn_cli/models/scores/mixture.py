"""Mixtures of predictors with one vocabulary: p(w) = Σ_i λ_i p_i(w) (Jelinek and Mercer 1980).

The weights λ_i are 0 or more and add up to 1. Those that make a text most likely are found by expectation
maximisation (Dempster, Laird and Rubin 1977): each predictor's weight becomes its mean share in the
probability of the text's tokens,

    λ_i ← 1/N Σ_t λ_i p_i(w_t) / Σ_j λ_j p_j(w_t)
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import UsageError

CLOSE = 1e-5  # converged once no weight changes by more
MOST_TURNS = 1000

Floats = NDArray[np.float64]


def mixed(nats: Sequence[Floats], weights: Floats) -> Floats:
    """Return -log Σ_i λ_i p_i of each token, (N,), from the predictors' -log p_i, each (N,)."""
    return -np.logaddexp.reduce(_joint(nats, weights), axis=0)


def equal(count: int) -> Floats:
    """Return equal weights."""
    return np.full(count, 1 / count)


def best_weights(nats: Sequence[Floats]) -> Floats:
    """Return the weights (K,) that make a text most likely. nats: the K predictors' -log p of it, each
    (N,)."""
    weights = equal(len(nats))
    for _ in range(MOST_TURNS):
        joint = _joint(nats, weights)
        share = np.exp(joint - np.logaddexp.reduce(joint, axis=0))
        before, weights = weights, share.mean(axis=1)
        if np.abs(weights - before).max() < CLOSE:
            break
    return weights


def parse_weights(text: str, count: int) -> Floats:
    """Return the weights in a text like "0.7,0.3", scaled to add up to 1. Raises UsageError."""
    try:
        weights = np.array([float(word) for word in text.split(",")])
    except ValueError as error:
        raise UsageError(f"--weights {text}: numbers with commas between are needed") from error
    if len(weights) != count:
        raise UsageError(f"--weights {text}: it has {len(weights)}, but {count} predictions are mixed")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise UsageError(f"--weights {text}: each must be 0 or more, and at least one above 0")
    return weights / weights.sum()


def _joint(nats: Sequence[Floats], weights: Floats) -> Floats:
    """Return log λ_i p_i, (K, N)."""
    with np.errstate(divide="ignore"):  # a weight may be 0
        return np.log(weights)[:, None] - np.array(nats)
