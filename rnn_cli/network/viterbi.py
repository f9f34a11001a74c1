"""The legal sequence of tags with the highest probability (Viterbi 1967).

    best_1[j] = log o_1[j]                              for tags that may come first
    best_t[j] = log o_t[j] + max_i best_{t-1}[i]        over the tags i that j may follow

The sequence is traced back from the best last tag. Tags of the characters of words are an example: M (middle)
follows only B (begin) and M.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array, Ids

BREACH = 1e9  # nats, more than any tags cost; if no sequence is legal, one with the fewest breaches wins


class Legal(NamedTuple):
    """Which sequences of m tags are legal."""

    first: NDArray[np.bool_]  # (m,), which tags may come first
    following: NDArray[np.bool_]  # (m, m), following[i, j]: whether j may follow i
    last: NDArray[np.bool_]  # (m,), which tags may come last


def viterbi(log_p: Array, real: Array, legal: Legal) -> Ids:
    """Return the tags (T, B) of each row's best legal sequence; 0 at padding.

    log_p: (T, B, m). real: (T, B), 1 at a row's real steps, which come first, and 0 at padding.
    """
    T, B, _ = log_p.shape
    first, following, last = (np.where(allowed, 0.0, -BREACH) for allowed in legal)
    best = log_p[0] + first  # (B, m)
    came_from = np.zeros((T, *best.shape), np.intp)
    for t in range(1, T):
        ways = best[:, :, None] + following  # (B, i, j)
        came_from[t] = ways.argmax(axis=1)
        new = np.take_along_axis(ways, came_from[t][:, None], axis=1)[:, 0] + log_p[t]
        best = np.where(real[t, :, None] > 0, new, best)
    tag, b = (best + last).argmax(axis=1), np.arange(B)
    tags = np.zeros((T, B), np.intp)
    for t in reversed(range(T)):
        here = real[t] > 0
        tags[t, here] = tag[here]
        tag = np.where(here, came_from[t, b, tag], tag)
    return tags
