"""A linear model on hashed n-grams: the simplest serious baseline for a classifier.

    z = W^T f + b,    o = softmax(z), or σ(z) where a text may have several labels,    E = -log o[y]
    f_k = (1 + log c_k) log(1 + N / d_k), divided by the norm of f        (tf-idf)

where feature k occurs c_k times in the text and in d_k of the N training texts. E plus a small penalty on W
is minimized by stochastic gradient descent with a rate for each weight (AdaGrad, Duchi et al. 2011); the
result is the mean of the weights over the last epochs.

Accuracy on the test texts of three sets, and in brackets that of scikit-learn's logistic regression on tf-idf
(pairs.py of tests/benchmarks): names by nation 84.3 % (83.6), sst2 83.0 % (81.8), waimai_10k 88.2 % (87.1).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.features import Grams
from rnn_cli.text.rows import Rows, places

Floats = NDArray[np.float32]

GRAMS = Grams(words=2, least=1, most=4, buckets=1 << 20)
EPOCHS = 12
FEWEST = 4  # epochs, even with many texts
ROWS = 200_000  # texts learned from in all epochs together, unless FEWEST requires more
AVERAGED = 4  # the number of last epochs whose weights are averaged
BATCH = 64
RATE = 0.1
PENALTY = 1e-5
PREDICTED = 1 << 20  # features that are looked up at once


class Features(NamedTuple):
    """The features of some texts, without those that do not occur in training: columns of W, and f."""

    columns: Rows  # ascending within each row
    values: Floats  # f for each of columns.ids


@dataclass(frozen=True)
class LinearModel:
    """A trained linear model of m labels."""

    buckets: NDArray[np.int64]  # (features,) the bucket of each column of W, ascending
    rarity: Floats  # (features,) log(1 + N / d_k)
    W: Floats  # (features, m)
    b: Floats  # (m,)
    is_multi: bool

    def logits(self, texts: Rows) -> Floats:
        """Return z of each text, (rows, m). texts: the buckets of their n-grams (`text.features.Grams`)."""
        features = _features(texts, self.buckets, self.rarity)
        z = np.empty((len(texts.lengths), len(self.b)), np.float32)
        step = max(1, PREDICTED // max(1, int(features.columns.lengths.max(initial=1))))
        for first in range(0, len(z), step):
            rows = np.arange(first, min(first + step, len(z)))
            z[rows] = self._logits(*_some(features, rows))
        return z

    def _logits(self, columns: Rows, values: Floats) -> Floats:
        return _row_sums(self.W[columns.ids] * values[:, None], columns.lengths) + self.b

    def probabilities(self, texts: Rows) -> Floats:
        """Return o of each text, (rows, m)."""
        return _probabilities(self.logits(texts), self.is_multi)


def train_linear(texts: Rows, y: Floats, is_multi: bool, seed: int) -> LinearModel:
    """Return a model trained on some texts.

    texts: the buckets of the n-grams of each (`GRAMS.rows`).
    y: (rows, m) 1 if a text has a label, else 0.
    """
    buckets = np.unique(texts.ids).astype(np.int64)
    k = max(1, len(buckets))
    owner = np.repeat(np.arange(len(y)), texts.lengths)
    in_texts = np.bincount(
        np.unique(owner * k + np.searchsorted(buckets, texts.ids)) % k, minlength=len(buckets)
    )
    rarity = np.log1p(len(y) / np.maximum(in_texts, 1)).astype(np.float32)
    W = np.zeros((len(buckets), y.shape[1]), np.float32)
    b = np.log(np.maximum(y.mean(0), 1e-6)).astype(np.float32)
    model = LinearModel(buckets, rarity, W, b, is_multi)
    known = _features(texts, buckets, rarity)
    squares = [np.full(W.shape, 1e-8, np.float32), np.full(b.shape, 1e-8, np.float32)]
    mean_W, mean_b = np.zeros_like(W), np.zeros_like(b)
    epochs = min(EPOCHS, max(FEWEST, ROWS // max(1, len(y))))
    for epoch in range(epochs):
        order = np.random.default_rng((seed, *b"linear", epoch)).permutation(len(y))
        for first in range(0, len(y), BATCH):
            rows = order[first : first + BATCH]
            _step(model, squares, _some(known, rows), y[rows])
        if epoch >= epochs - AVERAGED:
            mean_W += W / AVERAGED
            mean_b += b / AVERAGED
    return LinearModel(buckets, rarity, mean_W, mean_b, is_multi)


def _step(model: LinearModel, squares: list[Floats], features: Features, y: Floats) -> None:
    """Change W and b in place by the gradients of one batch."""
    columns, values = features
    dz = (_probabilities(model._logits(columns, values), model.is_multi) - y) / len(y)  # (B, m)
    order = np.argsort(columns.ids, kind="stable")
    ids = columns.ids[order]
    owner = np.repeat(np.arange(len(y)), columns.lengths)[order]
    firsts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])) if len(ids) else ids
    if len(ids):
        touched = ids[firsts]
        dW = np.add.reduceat(dz[owner] * values[order, None], firsts, axis=0)  # dW = Σ f dz^T
        dW += PENALTY * model.W[touched]
        squares[0][touched] += dW * dW
        model.W[touched] -= RATE * dW / np.sqrt(squares[0][touched])
    db = dz.sum(0)
    squares[1] += db * db
    model.b[:] -= RATE * db / np.sqrt(squares[1])


def _probabilities(z: Floats, is_multi: bool) -> Floats:
    if is_multi:
        return np.divide(1, 1 + np.exp(-np.clip(z, -60, 60)), dtype=np.float32)
    o = np.exp(z - z.max(axis=1, keepdims=True))
    return o / o.sum(axis=1, keepdims=True)


def _features(texts: Rows, buckets: NDArray[np.int64], rarity: Floats) -> Features:
    """Return f of each text, for the features that have a column."""
    count, k = len(texts.lengths), max(1, len(buckets))
    place = np.minimum(np.searchsorted(buckets, texts.ids), k - 1)
    owner = np.repeat(np.arange(count), texts.lengths)
    is_known = buckets[place] == texts.ids if len(buckets) else np.zeros(len(place), bool)
    key, times = np.unique(owner[is_known] * np.int64(k) + place[is_known], return_counts=True)
    owner, columns = key // k, key % k
    values = (1 + np.log(times)).astype(np.float32) * rarity[columns]
    norms = np.sqrt(np.bincount(owner, values * values, count)).astype(np.float32)
    values /= norms[owner]
    return Features(Rows.of(columns, np.bincount(owner, minlength=count)), values)


def _some(features: Features, rows: NDArray[np.int64]) -> Features:
    columns, values = features
    lengths = columns.lengths[rows]
    place = places(columns.starts[rows], lengths)
    return Features(Rows.of(columns.ids[place], lengths), values[place])


def _row_sums(each: Floats, lengths: NDArray[np.int64]) -> Floats:
    """Return the sums of consecutive groups of rows, (rows, m). lengths: the sizes of the groups."""
    sums = np.zeros((len(lengths), each.shape[1]), np.float32)
    inked = lengths > 0
    if inked.any():
        sums[inked] = np.add.reduceat(each, (np.cumsum(lengths) - lengths)[inked], axis=0)
    return sums
