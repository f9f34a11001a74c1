"""An n-gram model with modified Kneser-Ney smoothing: the baseline that a network is compared with.

An n-gram h w is a token w after a context h, which is an n-gram with one token less. The n-grams of each
length are numbered in the order of their keys, key(h w) = number(h) * m + w, so a key fits into 64 bits
however long the n-gram is. One START precedes a text and nothing precedes START: an n-gram that would reach
beyond START counts as unseen.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.corpus import Corpus
from rnn_cli.text.vocabulary import START

BLOCK = 1 << 16  # places that are packed at once

Ids = NDArray[np.int32]
Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Order(NamedTuple):
    """The n-grams of one length, G of them, after C contexts. Unseen ones have number -1: the last entry."""

    keys: Numbers  # (G + 1,) ascending; the last belongs to no n-gram
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
    carry_state: whether contexts continue across line ends; otherwise each line begins at START.
    """

    def __init__(self, corpus: Corpus, m: int, order: int, carry_state: bool):
        self.m, self.order, self.carry_state = m, order, carry_state
        self.orders: list[Order] = []
        text = _with_starts(corpus.ids, self._begins(corpus))
        number, keys, contexts = text, np.arange(m), 1
        occurs = np.bincount(corpus.ids, minlength=m)
        for _ in range(order - 1):
            longer = _number_longer(text, number, m)
            precede = np.bincount(number[longer.first], minlength=len(keys))  # 0: it begins with START
            self.orders.append(_weigh(keys, np.where(precede == 0, occurs, precede), m, contexts))
            contexts, (keys, occurs, _, number) = len(keys), longer
        self.orders.append(_weigh(keys, occurs, m, contexts))

    def nats(self, corpus: Corpus) -> Floats:
        """Return -log p of each of corpus.ids given all ids before it, (N,)."""
        return self.read(corpus.ids, self._begins(corpus), np.empty(0, np.int32))[0]

    def read(self, ids: NDArray[np.integer[Any]], begins: Numbers, before: Ids) -> tuple[Floats, Ids]:
        """Return -log p of each id in a piece of a text, (N,), and the `before` for the next piece.

        begins: the places at which contexts begin. before: the earlier ids that the first contexts need.
        """
        text = np.concatenate([before, _with_starts(ids, begins)])
        context = np.zeros(len(text), np.int32)
        p = np.full(len(text), 1 / (self.m - 1))
        for keys, discounted, backoff in self.orders:
            number = _find(context.astype(np.int64) * self.m + text, keys)
            p = discounted[number] + backoff[context] * p
            context = _context(text, number)
        of_piece = slice(len(before), None)
        reach = text[max(0, len(text) - self.order + 1) :]
        return -np.log(p[of_piece][text[of_piece] != START]), reach

    def following(self, contexts: NDArray[np.integer[Any]]) -> Floats:
        """Return p of each id after some contexts, (B, m).

        contexts: (B, k) the last tokens before the id, with START where a line begins, after padding with -1.
        """
        p = np.full((len(contexts), self.m), 1 / (self.m - 1))
        p[:, START] = 0
        for row, tokens in zip(
            p, contexts[:, max(0, contexts.shape[1] - self.order + 1) :].tolist(), strict=True
        ):
            known = [token for token in tokens[_last(tokens, START) :] if token >= 0]
            for length in range(min(len(known), self.order - 1) + 1):
                number = self._number(known[len(known) - length :])
                if number < 0:  # longer contexts never occurred either
                    break
                keys, discounted, backoff = self.orders[length]
                first, end = np.searchsorted(keys[:-1], (number * self.m, (number + 1) * self.m))
                row *= backoff[number]
                row[keys[first:end] - number * self.m] += discounted[first:end]
        return p

    def _number(self, tokens: list[int]) -> int:
        """Return the number of the context `tokens`; -1 if it never occurred."""
        number = 0
        for keys, token in zip((order.keys for order in self.orders), tokens, strict=False):
            key = number * self.m + token
            place = int(np.searchsorted(keys, key))
            if keys[place] != key:
                return -1
            number = place
        return number

    def _begins(self, corpus: Corpus) -> Numbers:
        return np.zeros(1, np.int64) if self.carry_state else corpus.starts[:-1]


class Longer(NamedTuple):
    """The n-grams that are one token longer than those numbered so far, in the order of their keys."""

    keys: Numbers  # (G,)
    occurs: Numbers  # (G,) how often each occurs
    first: Ids  # (G,) where the first occurrence of each ends
    number: Ids  # (N,) the number of the one that ends at each place of the text, -1 for none


def _number_longer(text: Ids, number: Ids, m: int) -> Longer:
    """Return the n-grams of the text, given the numbers of those that are one token shorter.

    Keys are sorted together with their places, packed into one number if both fit: this saves arrays of the
    text's length.
    """
    key, place = _sorted(_keys(text, number, m), len(text).bit_length())
    begins = int(np.searchsorted(key, 0))  # before it are the places at which no longer n-gram ends
    key, place = key[begins:], place[begins:]
    is_new = np.ones(len(key), bool)
    np.not_equal(key[1:], key[:-1], out=is_new[1:])
    starts = np.flatnonzero(is_new)
    keys, first = key[starts], place[starts]
    del key
    rank = np.cumsum(is_new, dtype=np.int32)
    rank -= 1
    numbers = np.full(len(text), -1, np.int32)
    numbers[place] = rank
    return Longer(keys, np.diff(starts, append=len(rank)), first, numbers)


def _keys(text: Ids, number: Ids, m: int) -> Numbers:
    """Return the key of the longer n-gram that ends at each place; it is below 0 if there is none."""
    key = np.empty(len(text), np.int64)
    key[:1], key[1:] = -1, number[:-1]
    key[text == START] = -1
    key *= m
    key += text
    return key


def _sorted(key: Numbers, bits: int) -> tuple[Numbers, Ids]:
    """Return the keys in ascending order, and their places; sort in the same memory if both fit together."""
    if len(key) and max(int(key.max()), -int(key.min())).bit_length() + bits >= 63:
        order = np.argsort(key, kind="stable")
        return key[order], order.astype(np.int32)
    place = np.empty(len(key), np.int32)
    blocks = [slice(first, first + BLOCK) for first in range(0, len(key), BLOCK)]
    key <<= bits
    for k in blocks:
        key[k] |= np.arange(k.start, min(k.stop, len(key)))
    key.sort()
    for k in blocks:
        place[k] = key[k] & ((1 << bits) - 1)
    key >>= bits
    return key, place


def _last(tokens: list[int], token: int) -> int:
    """Return the last place of a token; 0 if it does not occur."""
    return max((place for place, each in enumerate(tokens) if each == token), default=0)


def _with_starts(ids: NDArray[np.integer[Any]], begins: Numbers) -> Ids:
    """Return the targets, with a START wherever contexts begin."""
    text: Ids = np.insert(ids.astype(np.int32, copy=False), begins, START)
    return text


def _context(text: Ids, number: Ids) -> Ids:
    """Return the number of the context of each place, given the number of the n-gram that ends there; -1 for
    the first place and for START, as nothing precedes it."""
    context = np.empty(len(text), np.int32)
    context[:1], context[1:] = -1, number[:-1]
    context[text == START] = -1
    return context


def _find(key: Numbers, keys: Numbers) -> Ids:
    """Return the numbers of n-grams by their keys; -1 for unseen ones and for keys below 0."""
    distinct, where = np.unique(key, return_inverse=True)  # searching in ascending order is much faster
    number = np.searchsorted(keys, distinct)
    return np.where(keys[number] == distinct, number, -1).astype(np.int32)[where]


def _weigh(keys: Numbers, counts: Numbers, m: int, contexts: int) -> Order:
    """Return the n-grams of one length, with their discounted counts and the weights of their contexts."""
    context = keys // m
    D = discounts(counts)[np.minimum(counts, 3)]  # (G,)
    total = np.bincount(context, counts, contexts)  # (C,) c(h •)
    removed = np.bincount(context, D, contexts)  # (C,) Σ_w D(c(h w))
    divisor = np.maximum(total, 1)  # (C,) if nothing follows, γ(h) is 1
    discounted = (counts - D) / divisor[context]  # (G,) (c(h w) - D(c(h w))) / c(h •)
    backoff = np.where(total > 0, removed / divisor, 1)  # (C,) γ(h)
    return Order(np.append(keys, np.iinfo(np.int64).max), np.append(discounted, 0), np.append(backoff, 1))


def discounts(counts: Numbers) -> Floats:
    """Return D(0), D(1), D(2) and D(3 or more) from the counts of counts (Chen and Goodman 1998).

    They are 0, 1/2, 1 and 3/2, as in KenLM, if a text is too small or too unusual for an estimate: if one of
    the counts 1, 2, 3 and 4 does not occur, or a discount would not be above 0.
    """
    n1, n2, n3, n4 = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].tolist()
    if n1 and n2 and n3 and n4:
        Y = n1 / (n1 + 2 * n2)
        D = np.array([0, 1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3])
        if (D[1:] > 0).all():
            return D
    return np.array([0, 0.5, 1, 1.5])
