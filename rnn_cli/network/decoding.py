"""Beam search: the most probable sequences that a network can write, for many sources at once.

    score = Σ_t log o_t[y_t] / ((5 + length) / 6)^α     α: strength of the length correction (Wu et al. 2016)

The search knows nothing of networks: a function gives it the log probabilities of the next tokens. With one
beam it is greedy: each step takes the most probable token. A source's result does not depend on the other
sources.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array, Ids, State

PIECE = 32  # tokens in a piece; the most probable one of each is found first

# each beam's last token (B, k), and the states before, each (B k, …) -> log o (B, k, m), the states after.
# At the first step there is only one beam, as all would be the same.
Step = Callable[[Ids, State], tuple[Array, State]]
StepOf = Callable[[Ids], Step]  # the sources still being searched, ascending -> their step
ENOUGH = 0.125  # once this share of the sources is done, the others continue without them


class Found(NamedTuple):
    """The sequences found for B sources, k for each, the best first."""

    ids: Ids  # (B, k, T), END included and repeated after the end
    lengths: Ids  # (B, k), END included; 0 where fewer than k were found
    scores: Array  # (B, k), float64; -inf where fewer than k were found


@dataclass(frozen=True)
class Beam:
    """A beam search with its settings."""

    k: int  # sequences kept at a time
    start: int  # the token before the first
    end: int  # the token that ends a sequence
    alpha: float = 1.0
    wanted: int = 0  # how many of the k the caller needs; 0: all

    def search(self, step_of: StepOf, first: State, longest: Ids) -> Found:
        """Return the best sequences for B sources. If none of a source's sequences ends in time, return its
        unfinished ones, at their greatest length.

        first: the states before the first step, each (B, …).
        longest: (B,), the most tokens that a sequence of each source may have, END included; at least 1.
        """
        B, k, T = len(longest), self.k, int(longest.max(initial=1))
        beams = _Beams(np.full((B, 1, 0), self.end, np.intp), np.zeros((B, 1)))
        result = Found(
            np.full((B, k, T), self.end, np.intp), np.zeros((B, k), np.intp), np.full((B, k), -np.inf)
        )
        rows, found = np.arange(B), result  # of the unfinished sources
        step, last, state = step_of(rows), np.full((B, 1), self.start, np.intp), first
        for t in range(1, T + 1):
            log_o, state = step(last, state)
            came_from, tokens, sums = self._candidates(beams.sums, log_o)
            ends = tokens == self.end
            found = self._keep(found, beams, came_from, np.where(_first(ends, k), sums, -np.inf), t)
            came_from, tokens, sums = _choose(~ends, k, came_from, tokens, sums)
            places = came_from + log_o.shape[1] * np.arange(len(rows))[:, None]  # rows of the states
            beams = _Beams(np.concatenate([_of(beams.ids, came_from), tokens[..., None]], axis=2), sums)
            over = (longest == t) & ~np.isfinite(found.scores[:, 0])
            if over.any():  # no sequence has ended in time
                beam = np.broadcast_to(np.arange(k), sums.shape)
                found = self._keep(found, beams, beam, np.where(over[:, None], sums, -np.inf), t)
            done = (longest <= t) | self._is_done(found, beams.sums[:, 0], t, longest)
            beams.sums[done] = -np.inf
            if done.all():
                break
            if done.mean() >= ENOUGH:
                for whole, part in zip(result, found, strict=True):
                    whole[rows[done]] = part[done]
                rows, longest, found = rows[~done], longest[~done], Found(*(each[~done] for each in found))
                beams, tokens, places = _Beams(*(each[~done] for each in beams)), tokens[~done], places[~done]
                step = step_of(rows)
            last, state = tokens, {name: array[places.ravel()] for name, array in state.items()}
        for whole, part in zip(result, found, strict=True):
            whole[rows] = part
        return result

    def _is_done(self, found: Found, best: Array, t: int, longest: Ids) -> NDArray[np.bool_]:
        """Return which sources are done after t steps, (B,): those for which no unfinished sequence can still
        beat the wanted ones, or for which k are found and the best unfinished one now beats none of them.

        best: (B,), the sum of each source's best unfinished sequence. As a sum is at most 0, its score is
        highest at full length.
        """
        at_most, now = (best / ((5 + length) / 6) ** self.alpha for length in (longest, t))
        worst = found.scores[:, -1]
        return (found.scores[:, (self.wanted or self.k) - 1] >= at_most) | (
            np.isfinite(worst) & (worst >= now)
        )

    def _candidates(self, sums: Array, log_o: Array) -> tuple[Ids, Ids, Array]:
        """Return the beam, the token and the sum of the best 2 k continuations of each source, best first; at
        most k of them end."""
        B, k, m = log_o.shape
        count = min(2 * self.k, k * m)
        best = _promising(sums, log_o, count)
        total = _of(sums, best // m) + _of(log_o.reshape(B, k * m), best)
        total[:, 1:][best[:, 1:] == best[:, :-1]] = -np.inf  # a place that occurs twice
        if count < total.shape[1]:
            likely = np.sort(np.argpartition(-total, count - 1, axis=1)[:, :count], axis=1)
            best, total = _of(best, likely), _of(total, likely)
        order = np.argsort(-total, axis=1, kind="stable")
        best = _of(best, order)
        return best // m, best % m, _of(total, order)

    def _keep(self, found: Found, beams: "_Beams", came_from: Ids, sums: Array, t: int) -> Found:
        """Return the best k of the sequences found so far and of those that end at step t."""
        B, k, T = found.ids.shape
        ids = np.full((B, came_from.shape[1], T), self.end, np.intp)
        so_far = _of(beams.ids, came_from)
        ids[..., : so_far.shape[2]] = so_far
        scores = np.concatenate([found.scores, sums / ((5 + t) / 6) ** self.alpha], axis=1)
        lengths = np.concatenate([found.lengths, np.where(np.isfinite(sums), t, 0)], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return Found(
            _of(np.concatenate([found.ids, ids], axis=1), best), _of(lengths, best), _of(scores, best)
        )


def _promising(sums: Array, log_o: Array, count: int) -> Ids:
    """Return, for each source, ascending places in (k m) that include the `count` best of the sums plus
    log_o.

    The best are in the `count` pieces of a row with the greatest maxima.
    """
    B, k, m = log_o.shape
    if k * m <= count * PIECE:
        return np.broadcast_to(np.arange(k * m), (B, k * m))
    pieces = -(-m // PIECE)
    greatest = np.maximum.reduceat(log_o, np.arange(0, m, PIECE), axis=2) + sums[..., None]  # (B, k, pieces)
    chosen = np.argpartition(-greatest.reshape(B, -1), count - 1, axis=1)[:, :count]
    beam, piece = np.divmod(np.sort(chosen, axis=1)[..., None], pieces)
    inside = np.minimum(piece * PIECE + np.arange(PIECE), m - 1)  # the last piece may be short
    return (beam * m + inside).reshape(B, -1)


class _Beams(NamedTuple):
    """The unfinished sequences."""

    ids: Ids  # (B, k, t)
    sums: Array  # (B, k), Σ log o; -inf where there is none


def _of(array: Array, places: Ids) -> Array:
    """Return array[b, places[b]] for each row b."""
    return array[np.arange(len(array))[:, None], places]


def _first(ends: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """Return which candidates end and are among the best k."""
    return ends & (np.arange(ends.shape[1]) < k)


def _choose(which: NDArray[np.bool_], k: int, *arrays: Array) -> list[Array]:
    """Return the first k chosen candidates of each row, from arrays (B, c); the last sums are -inf if fewer
    are chosen."""
    order = np.argsort(~which, axis=1, kind="stable")[:, :k]
    *others, sums = (_of(array, order) for array in arrays)
    short = k - order.shape[1]
    sums = np.where(_of(which, order), sums, -np.inf)
    if short:
        others = [np.pad(array, ((0, 0), (0, short))) for array in others]
        sums = np.pad(sums, ((0, 0), (0, short)), constant_values=-np.inf)
    return [*others, sums]
