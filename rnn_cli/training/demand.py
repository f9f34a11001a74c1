"""Estimate the memory that training will take, before it is allocated."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from rnn_cli.machine import blas_threads
from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.cells import CELLS
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop
from rnn_cli.network.network import Network, Sequences
from rnn_cli.network.outputs.softmax import BLOCK_LOGITS, BLOCK_ROWS
from rnn_cli.training.optimizers import OPTIMIZERS, rule_of
from rnn_cli.training.parallel.executor import SHARDED_UP_TO
from rnn_cli.training.parallel.sharing import bytes_of, of_shard
from rnn_cli.training.parallel.trainable import Trainable

FLOAT = 4  # bytes
ARRAYS = 8  # the most arrays with a number for each position and unit that a step holds at a time
RANK = 40 << 20  # bytes of each further process, before it has any arrays
BESIDES = 8 << 20  # more in this process: modules loaded later, and memory freed but not returned
FIRST_RANK = 12 << 20  # once, with further ones: multiprocessing's own process, and the optimizer's threads


@dataclass(frozen=True)
class Demand:
    """The memory that training takes, in bytes."""

    weights: int  # the parameters, and those of the last good state
    moments: int  # the optimizer's, for both
    windows: int  # the arrays of a step, including gradients, in all processes
    programs: int  # Python and NumPy, in all processes, and the text's vocabulary

    @property
    def total(self) -> int:
        return self.weights + self.moments + self.windows + self.programs


class Demanding(Protocol):
    """What determines how much memory a run takes.

    sizes: the names of the settings that may be lowered.
    """

    @property
    def sizes(self) -> Sequence[str]: ...

    def least(self) -> int:
        """Return the bytes that training takes whatever the batch: weights and moments."""

    def ample(self, resident: int) -> int:
        """Return a cheap upper bound on the total of `demand`, in bytes."""

    def demand(self, resident: int) -> Demand:
        """Return the memory that the run takes. resident: the bytes that this process takes already."""

    def halved(self, name: str) -> tuple[int, Self]:
        """Return half of one of the run's sizes, and a run with that half."""


@dataclass(frozen=True)
class Shape:
    """What determines how much memory the run of a language model takes."""

    sizes: ClassVar = ("hidden", "batch", "bptt", "max_size")

    network: Network
    counts: Array  # (m,) how often each token occurs
    optimizer: str
    drop: Drop
    batch: int  # rows
    bptt: int  # steps
    threads: int
    keeps: bool  # whether a good state is kept to go back to
    sums: int = 0  # copies of the gradients for sums, in addition to the shards'

    @property
    def shards(self) -> int:
        """The number of processes that share a batch (`Executor.sharded`)."""
        return self.threads if self.network.size <= SHARDED_UP_TO else 1

    def halved(self, name: str) -> tuple[int, Self]:
        network = self.network
        match name:
            case "hidden":
                n = network.n // 2
                embedding = n if network.tie else network.embedding
                return n, replace(self, network=replace(network, n=n, embedding=embedding))
            case "max_size":
                m = network.m // 2
                cutoffs = tuple(cutoff for cutoff in network.cutoffs if cutoff < m)
                output = network.output if cutoffs else "softmax"
                smaller = replace(network, m=m, cutoffs=cutoffs, output=output)
                return m, replace(self, counts=self.counts[:m], network=smaller)
            case _:
                size = getattr(self, name) // 2
                return size, replace(self, **{name: size})

    def least(self) -> int:
        """Return the bytes that training takes whatever the batch: weights and moments."""
        return self._states * FLOAT * (self.network.size + self._moments)

    def ample(self, resident: int) -> int:
        """Return a cheap upper bound on the total of `demand`, in bytes."""
        network, shards = self.network, self.shards
        (k,) = CELLS[network.cell].shapes(network.n, network.n)["b_a"]  # the number of entries of a_t
        of_position = network.layers * k + network.width_of_table
        windows = ARRAYS * self.batch * self.bptt * (of_position + network.n)
        gradients = (2 * shards + self.sums) * network.size  # and copies, such as V by rows
        blocks = 2 * shards * (BLOCK_LOGITS + BLOCK_ROWS * network.m)
        return self.least() + FLOAT * (windows + gradients + blocks) + resident + shards * RANK

    def demand(self, resident: int) -> Demand:
        """Return the memory that the run takes, measured on smaller windows.

        resident: the bytes that this process takes already.
        """
        rows = -(-self.batch // self.shards)
        of_rank = window_bytes(self.network, self._frequency, self.drop, self.bptt, rows)
        windows = self.shards * round(of_rank) + self.sums * FLOAT * self._dense
        programs = resident + BESIDES
        if beside := self.shards - 1:
            tray = bytes_of(of_shard(self.network, self.bptt, rows, np.float32))
            windows += beside * tray + self._sum_of_columns()
            programs += beside * RANK + FIRST_RANK
        return Demand(
            weights=self._states * FLOAT * self.network.size,
            moments=self._states * FLOAT * self._moments,
            windows=windows,
            programs=programs,
        )

    @property
    def _states(self) -> int:
        return 2 if self.keeps else 1

    @property
    def _frequency(self) -> Array:
        return self.counts / self.counts.sum()

    @property
    def _moments(self) -> int:
        return moments_of(self.network, self.optimizer)

    @property
    def _dense(self) -> int:
        """The number of entries of the gradients that are not by columns."""
        return sum(size for name, size in self.network.sizes.items() if self.network.is_dense(name))

    def _sum_of_columns(self) -> int:
        """Return the bytes of the sum of the shards' gradients by columns, which has its own memory: a column
        for each distinct token expected in a batch."""
        if self.network.is_dense(self.network.table):
            return 0
        tokens = np.sum(1 - (1 - self._frequency) ** (self.bptt * self.batch))
        return round(FLOAT * tokens * self.network.width_of_table)


@dataclass(frozen=True)
class BatchShape:
    """What determines how much memory a run of another network, with its own kind of batch, takes.

    batch: the largest batch. threads: the processes that share it. keeps: whether a good state is kept to go
    back to.
    """

    network: Trainable
    batch: Any
    optimizer: str
    drop: Drop
    threads: int
    keeps: bool
    sizes: ClassVar = ("hidden", "batch")

    def least(self) -> int:
        return (2 if self.keeps else 1) * FLOAT * (self.network.size + self._moments)

    def ample(self, resident: int) -> int:
        return self.demand(resident).total

    def demand(self, resident: int) -> Demand:
        states = 2 if self.keeps else 1
        p = self.network.views(
            {name: np.zeros(size, np.float32) for name, size in self.network.sizes.items()}
        )
        beside = self.threads - 1
        return Demand(
            weights=states * FLOAT * self.network.size,
            moments=states * FLOAT * self._moments,
            windows=_peak(self.network, p, self.batch, self.drop) * (2 if beside else 1),
            programs=resident + BESIDES + beside * RANK + (FIRST_RANK if beside else 0),
        )

    def halved(self, name: str) -> tuple[int, Self]:
        B = self.batch.weight.shape[1]
        if name == "batch":
            rows = slice(0, max(1, B // 2))
            return B // 2, replace(self, batch=self.network.rows(self.batch, rows))
        n = self.network.encoder.n // 2  # type: ignore[attr-defined]  # all of these networks have one
        encoder = replace(self.network.encoder, n=max(1, n))  # type: ignore[attr-defined]
        return n, replace(self, network=replace(self.network, encoder=encoder))  # type: ignore[type-var]

    @property
    def _moments(self) -> int:
        return moments_of(self.network, self.optimizer)


def moments_of(network: Trainable, optimizer: str) -> int:
    """Return the number of entries that an optimizer keeps."""
    return sum(
        size * len(rule_of(OPTIMIZERS[optimizer], network.is_dense(name)).moments)
        for name, size in network.sizes.items()
    )


def window_bytes(network: Network, frequency: Array, drop: Drop, bptt: int, rows: int) -> float:
    """Return the bytes that a step on a window takes, including gradients.

    frequency: (m,), of each token.

    The dimensions of each array of a step include T, B, both or neither. So four smaller windows, with half
    and with three quarters of T and of B, give the four coefficients. (Blocks of a fixed size are
    underestimated.)
    """
    rng = np.random.default_rng(0)
    p = network.views({name: np.zeros(size, np.float32) for name, size in network.sizes.items()})
    shapes = [(T, B) for T in _smaller(bptt) for B in _smaller(rows)]
    peaks = []
    with blas_threads(1):  # starting more threads would take longer than the products
        for T, B in shapes:
            ones = np.ones((T, B), np.float32)
            inputs, targets = rng.choice(network.m, (2, T, B), p=frequency)
            peaks.append(_peak(network, p, Sequences(inputs, targets, ones, ones), drop))
    of_one, of_T, of_B, of_both = np.linalg.solve([[1, T, B, T * B] for T, B in shapes], peaks)
    return float(of_one + of_T * bptt + of_B * rows + of_both * bptt * rows)


def _smaller(length: int) -> tuple[int, int]:
    half = max(2, length // 2)
    return half, max(half + 1, 3 * length // 4)


def _peak(network: Trainable, p: Parameters, batch: Any, drop: Drop) -> int:
    """Return the peak memory of a step on a batch, in bytes."""
    T, B = batch.weight.shape
    tracemalloc.start()
    try:
        masks = network.draw_masks(np.random.default_rng(0), drop, T, B)
        network.loss_and_gradients(p, batch, network.zero_state(B), Workspace(np.float32), masks)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
