"""How well counting alone predicts a text: the n-grams of Kneser and Ney, to judge a network beside them.

An n-gram h w is a token w and the context h before it, an n-gram of one token less. Those of each
length are numbered in the order of their keys, key(h w) = number(h) * m + w, so that a key fits into
64 bits whatever the length. START stands once before a text, and nothing before START: an n-gram that
would reach beyond it is as one never seen.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.corpus import Corpus
from rnn_cli.text.vocabulary import START

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Order(NamedTuple):
    """The n-grams of one length, G of them, after C contexts. Number -1 is what was never seen."""

    keys: Numbers  # (G + 1,) rising; the last is no n-gram's
    share: Floats  # (G + 1,) what each n-gram has for itself of p(w | h)
    rest: Floats  # (C + 1,) what each context leaves to the one a token shorter


class KneserNey:
    """Interpolated modified Kneser-Ney smoothing (Kneser and Ney 1995; Chen and Goodman 1998, section 3).

        p(w | h) = (c(h w) - D(c(h w))) / c(h •) + γ(h) p(w | h'),    γ(h) = Σ_w D(c(h w)) / c(h •)

    h' is h without its first token; below no context at all, p is uniform over the m - 1 ids that are
    not START. c counts how often the longest n-grams occur, and those that begin at START; of others,
    how many different tokens precede them. After a context that never occurred, p(w | h) = p(w | h').

    corpus: the text to count, in ids below m.
    order: the length of the longest n-grams, 1 or more.
    carry_state: whether contexts run on over line ends, or each line begins at START.
    """

    def __init__(self, corpus: Corpus, m: int, order: int, carry_state: bool):
        self.m, self.carry_state = m, carry_state
        self.orders: list[Order] = []
        text = self._from_start(corpus)
        number, keys, contexts = text, np.arange(m), 1
        occurs = np.bincount(corpus.ids, minlength=m)
        for _ in range(order - 1):
            context = _context(text, number)
            ends = np.flatnonzero(context >= 0)  # where a longer n-gram ends
            longer, first, longer_number, longer_occurs = np.unique(
                context[ends] * m + text[ends], return_index=True, return_inverse=True, return_counts=True
            )
            precede = np.bincount(number[ends[first]], minlength=len(keys))  # 0: it begins at START
            self.orders.append(_weigh(keys, np.where(precede == 0, occurs, precede), m, contexts))
            contexts, keys, occurs = len(keys), longer, longer_occurs
            number = np.full(len(text), -1)
            number[ends] = longer_number
        self.orders.append(_weigh(keys, occurs, m, contexts))

    def nats(self, corpus: Corpus) -> Floats:
        """-log p of each of corpus.ids, given what stands before it there: (N,)."""
        text = self._from_start(corpus)
        context = np.zeros_like(text)
        p = np.full(len(text), 1 / (self.m - 1))
        for keys, share, rest in self.orders:
            number = _find(context * self.m + text, keys)
            p = share[number] + rest[context] * p
            context = _context(text, number)
        return -np.log(p[text != START])

    def _from_start(self, corpus: Corpus) -> Numbers:
        """The targets, after one START for each time that the text begins."""
        begins = [0] if self.carry_state else corpus.starts[:-1]
        return np.insert(corpus.ids.astype(np.int64), begins, START)


def _context(text: Numbers, number: Numbers) -> Numbers:
    """The number of what stands before each place, from those of the n-grams that end at each.

    Nothing stands before START: -1."""
    return np.where(text == START, -1, np.roll(number, 1))


def _find(key: Numbers, keys: Numbers) -> Numbers:
    """The numbers of n-grams by their keys; -1, whose own key is below 0, for those never seen."""
    distinct, where = np.unique(key, return_inverse=True)  # in order they are found much sooner
    number = np.searchsorted(keys, distinct)
    return np.where(keys[number] == distinct, number, -1)[where]


def _weigh(keys: Numbers, counts: Numbers, m: int, contexts: int) -> Order:
    context = keys // m
    D = discounts(counts)[np.minimum(counts, 3)]  # (G,)
    total = np.bincount(context, counts, contexts)  # (C,) c(h •)
    discounted = np.bincount(context, D, contexts)
    followed = np.maximum(total, 1)
    share = (counts - D) / followed[context]  # (c(h w) - D(c(h w))) / c(h •)
    rest = np.where(total > 0, discounted / followed, 1)  # γ(h)
    return Order(np.append(keys, np.iinfo(np.int64).max), np.append(share, 0), np.append(rest, 1))


def discounts(counts: Numbers) -> Floats:
    """D(0), D(1), D(2) and D(3 or more), from how many n-grams have each count (Chen and Goodman 1998).

    0, 1/2, 1 and 3/2, KenLM's fallback, where a text is too small or too odd to tell: where one of
    those numbers is 0, or one of the discounts would not be above 0.
    """
    n1, n2, n3, n4 = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].tolist()
    if n1 and n2 and n3 and n4:
        Y = n1 / (n1 + 2 * n2)
        D = np.array([0, 1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3])
        if (D[1:] > 0).all():
            return D
    return np.array([0, 0.5, 1, 1.5])
