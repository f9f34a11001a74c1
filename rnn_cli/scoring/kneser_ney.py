"""An n-gram model with modified Kneser-Ney smoothing: the baseline that a network is compared with.

An n-gram h w is a token w after a context h, which is an n-gram of one token less. The n-grams of each
length are numbered in the order of their keys, key(h w) = number(h) * m + w, so that a key fits into
64 bits however long the n-gram. START stands once before a text and nothing before START: an n-gram that
would reach beyond it counts as unseen.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.corpus import Corpus
from rnn_cli.text.vocabulary import START

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Order(NamedTuple):
    """The n-grams of one length, G of them, after C contexts. Unseen ones have number -1: the last entry."""

    keys: Numbers  # (G + 1,) rising; the last belongs to no n-gram
    discounted: Floats  # (G + 1,) (c(h w) - D(c(h w))) / c(h •) of each n-gram
    backoff: Floats  # (C + 1,) γ(h): the weight that each context gives to the context a token shorter


class KneserNey:
    """An interpolated modified Kneser-Ney model (Kneser and Ney 1995; Chen and Goodman 1998, section 3).

        p(w | h) = (c(h w) - D(c(h w))) / c(h •) + γ(h) p(w | h'),    γ(h) = Σ_w D(c(h w)) / c(h •)

    h' is h without its first token; below the empty context, p is uniform over the m - 1 ids other than
    START. For the longest n-grams and for those that begin with START, c counts occurrences; for the others,
    the different tokens that precede them. After a context that never occurred, p(w | h) = p(w | h').

    corpus: the text to learn from, in ids below m.
    order: the length of the longest n-grams, 1 or more.
    carry_state: whether contexts run on across line ends; otherwise each line begins at START.
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
        """Return -log p of each of corpus.ids given all ids before it, (N,)."""
        text = self._from_start(corpus)
        context = np.zeros_like(text)
        p = np.full(len(text), 1 / (self.m - 1))
        for keys, discounted, backoff in self.orders:
            number = _find(context * self.m + text, keys)
            p = discounted[number] + backoff[context] * p
            context = _context(text, number)
        return -np.log(p[text != START])

    def _from_start(self, corpus: Corpus) -> Numbers:
        """Return the targets, with a START wherever contexts begin."""
        begins = [0] if self.carry_state else corpus.starts[:-1]
        return np.insert(corpus.ids.astype(np.int64), begins, START)


def _context(text: Numbers, number: Numbers) -> Numbers:
    """Return the number of the context of each place, from the numbers of the n-grams that end at each; -1
    for START, before which nothing stands."""
    return np.where(text == START, -1, np.roll(number, 1))


def _find(key: Numbers, keys: Numbers) -> Numbers:
    """Return the numbers of n-grams by their keys; -1 for unseen ones and for keys below 0."""
    distinct, where = np.unique(key, return_inverse=True)  # a search in rising order is much faster
    number = np.searchsorted(keys, distinct)
    return np.where(keys[number] == distinct, number, -1)[where]


def _weigh(keys: Numbers, counts: Numbers, m: int, contexts: int) -> Order:
    """Return the n-grams of one length with their discounted counts and the weights of their contexts."""
    context = keys // m
    D = discounts(counts)[np.minimum(counts, 3)]  # (G,)
    total = np.bincount(context, counts, contexts)  # (C,) c(h •)
    removed = np.bincount(context, D, contexts)  # (C,) Σ_w D(c(h w))
    divisor = np.maximum(total, 1)  # (C,) where nothing follows, γ(h) is 1
    discounted = (counts - D) / divisor[context]  # (G,) (c(h w) - D(c(h w))) / c(h •)
    backoff = np.where(total > 0, removed / divisor, 1)  # (C,) γ(h)
    return Order(np.append(keys, np.iinfo(np.int64).max), np.append(discounted, 0), np.append(backoff, 1))


def discounts(counts: Numbers) -> Floats:
    """Return D(0), D(1), D(2) and D(3 or more) from the counts of counts (Chen and Goodman 1998).

    They are 0, 1/2, 1 and 3/2, as in KenLM, where a text is too small or too odd for an estimate: where no
    n-gram has a count of 1, 2, 3 or 4, or a discount would not be above 0.
    """
    n1, n2, n3, n4 = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].tolist()
    if n1 and n2 and n3 and n4:
        Y = n1 / (n1 + 2 * n2)
        D = np.array([0, 1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3])
        if (D[1:] > 0).all():
            return D
    return np.array([0, 0.5, 1, 1.5])
