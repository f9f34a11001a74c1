"""Predictors of a text, chunk by chunk: a network, one that learns while it reads, or n-grams."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads, product_threads
from rnn_cli.models.model import Model
from rnn_cli.models.scores.chunks import Chunk
from rnn_cli.models.scores.side_by_side import TILE, SideBySide
from rnn_cli.network.arrays import Array
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Sequences
from rnn_cli.scoring.kneser_ney import KneserNey
from rnn_cli.text.vocabulary import END, START
from rnn_cli.training.optimizers import OPTIMIZERS, Step, apply, clipping, gradient_norm

STEPS = 256  # in a window of a text that is read in order
DYNAMIC_STEPS = 20  # in a window after which dynamic evaluation learns
CLIP = 1.0  # the maximum norm of its gradients

Ids = NDArray[np.integer[Any]]
Nats = NDArray[np.float64]


class Predictor(Protocol):
    """Reads a text from its beginning, chunk by chunk."""

    def nats(self, chunk: Chunk, /) -> Nats:
        """Return -log p of each of the chunk's ids, (N,)."""


class NetworkPredictor:
    """A model reading a text: line by line from a zero state, or carrying its state if it was trained so.

    dynamic: the learning rate of dynamic evaluation, 0 for none (Mikolov et al. 2010; Krause et al. 2018):
    after each window a copy of the model takes a step of gradient descent on it.
    threads: the cores that products may use; None: by their size (`product_threads`).
    """

    def __init__(self, model: Model, dynamic: float = 0.0, threads: int | None = None):
        self.network, self.carry_state, self.dynamic = model.network, model.carry_state, dynamic
        self._p = model.network.lay_out(model.p) if dynamic else model.p
        self._state = model.network.zero_state(1)
        self._last = END  # the id before the next one
        self._work = Workspace(np.float32, keeps=dynamic > 0)
        self._side_by_side = SideBySide(model.network, self._p, self._work)
        rows = 1 if model.carry_state or dynamic else TILE
        largest = max(len(self._p[f"W{suffix}"]) for suffix in model.network.suffixes)
        self._threads = product_threads(rows * largest * model.network.n, threads)

    def nats(self, chunk: Chunk) -> Nats:
        """Return -log p of each of the chunk's ids, (N,). Raises RnnError if it is not a number."""
        with blas_threads(self._threads), np.errstate(all="ignore"):  # an overflow is an error below
            nats = self._nats(chunk)
        if not np.isfinite(nats).all():
            lower = ": lower the learning rate of --dynamic" if self.dynamic else ""
            raise RnnError(f"the state of the model has overflowed while it read{lower}")
        return nats

    def _nats(self, chunk: Chunk) -> Nats:
        ids = chunk.ids
        if self.carry_state or self.dynamic:
            return self._in_order(ids)
        first, end = chunk.before, len(ids) - chunk.after
        nats = np.empty(len(ids))
        nats[:first] = self._in_order(ids[:first])
        rises = np.diff(chunk.starts, prepend=-1) > 0  # np.unique would import numpy.ma, which is slow
        starts = chunk.starts[rises]  # of the stretches that have ids
        starts = starts[(starts >= first) & (starts <= end)]
        if first < end:
            nats[first:end] = self._side_by_side.nats(ids[first:end], starts - first)
        if end < len(ids):
            self._state, self._last = self.network.zero_state(1), END
            nats[end:] = self._in_order(ids[end:])
        return nats

    def _in_order(self, ids: Ids) -> Nats:
        """Return -log p of ids that follow those read before, (N,)."""
        network, steps = self.network, DYNAMIC_STEPS if self.dynamic else STEPS
        nats = np.empty(len(ids))
        for number, first in enumerate(range(0, len(ids), steps), 1):
            batch = self._window(ids[first : first + steps])
            E, after = network.nats(self._p, batch, self._state, self._work)
            nats[first : first + steps] = E[:, 0]
            if self.dynamic:
                self._learn(batch, number)
            self._state = after
        return nats

    def _window(self, ids: Ids) -> Sequences:
        y = ids.astype(np.intp)[:, None]
        x = np.append(self._last, y[:-1, 0])[:, None]
        begins = x == END
        x[begins] = START
        self._last = int(y[-1, 0])
        keep = np.ones(x.shape, np.float32) if self.carry_state else (~begins).astype(np.float32)
        return Sequences(x, y, keep, np.ones(x.shape, np.float32))

    def _learn(self, batch: Sequences, number: int) -> None:
        """Take a step of gradient descent on a window."""
        _, gradients, _ = self.network.loss_and_gradients(self._p, batch, self._state, self._work)
        tokens = len(batch.y)
        scale = clipping(gradient_norm(gradients) / tokens, CLIP) / tokens
        apply(OPTIMIZERS["sgd"], self._p, gradients, {}, Step(self.dynamic, number, scale))


class NgramPredictor:
    """N-grams reading a text."""

    def __init__(self, ngrams: KneserNey):
        self.ngrams = ngrams
        self._before: Array = np.empty(0, np.int64)  # ids that the next contexts reach back to

    def nats(self, chunk: Chunk) -> Nats:
        """Return -log p of each of the chunk's ids, (N,)."""
        carry = self.ngrams.carry_state
        starts = np.unique(chunk.starts[:-1])
        begins = starts[starts < len(chunk.ids)]
        if carry or chunk.continued:
            begins = np.empty(0, np.int64) if carry else begins[1:] if chunk.before else begins
        if carry and not len(self._before):
            begins = np.zeros(1, np.int64)
        goes_on = carry or chunk.continued
        nats, self._before = self.ngrams.read(
            chunk.ids, begins, self._before if goes_on else self._before[:0]
        )
        return nats
