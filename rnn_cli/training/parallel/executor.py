"""A batch in shards: each rank takes some of the B sequences through the whole window, forward and
backward, and the gradients are summed. One synchronisation a step.

The products of one time step are too small for BLAS to share among cores well: its threads wait for
each other T times a window, and on a busy machine mostly for the scheduler. Where gradients are so
large that a copy of them for each shard would not be a small matter, the window goes through whole
and BLAS uses its own threads.
"""

import itertools
import operator
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial, reduce
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from threadpoolctl import threadpool_limits

from rnn_cli.network.architecture import Gradients
from rnn_cli.network.arrays import Parameters, State
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.inputs import Columns
from rnn_cli.network.network import Batch, Network, Sequences
from rnn_cli.training.optimizers import add
from rnn_cli.training.parallel.ranks import (
    NO_DROPOUT,
    OVERFLOWS,
    Dropout,
    Rank,
    Result,
    Shard,
    Task,
    loss,
    loss_and_gradients,
)
from rnn_cli.training.parallel.sharing import DType, SharedArrays, of_run

# Shards were as fast as BLAS's threads, or up to a third faster, in all shapes tried, and on a busy machine
# many times faster (tests/benchmarks/README.md). What limits them is memory.
SHARDED_UP_TO = 1 << 25  # parameters: 128 MiB of gradients a shard
STEP_FLOPS = 1e8  # a few milliseconds
RUN_FLOPS = 1e11  # a few seconds
ROWS = 4  # of a shard, at least
SHARED_FROM = 1 << 20  # parameters: fewer are summed and updated by one thread sooner than by several


class Executor:
    """Computes a network's losses, gradients and steps on `threads` cores, as a context.

    The result is a function of the arguments and of `threads`: shards are summed in their order, and what
    dropout leaves out of each depends on where it begins.

    window: the most steps and rows of a batch; of a larger one ValueError is raised.
    sharded: whether the batch is split; None splits it where the gradients are not too large for that.
    dtype: float64 where gradients are checked.
    """

    def __init__(
        self,
        network: Network,
        window: tuple[int, int],
        threads: int = 1,
        sharded: bool | None = None,
        dtype: DType = np.float32,
    ):
        self.network, self.window, self.threads, self._dtype = network, window, threads, dtype
        T, B = window
        self.sharded = threads > 1 and (network.size <= SHARDED_UP_TO if sharded is None else sharded)
        self._work = Workspace(dtype, 1 if self.sharded else threads)
        self._p: Parameters = {}  # where the ranks see them
        self._placed = False
        if self.sharded:
            self._shared = SharedArrays(of_run(network, T, most_rows(B, threads), threads, dtype))
            self._p = network.views(self._shared.flat("p"))
        self._ranks: list[Rank] = []
        self._shares = threads if network.size >= SHARED_FROM else 1
        self._pool = ThreadPoolExecutor(self._shares, "share")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._pool.shutdown)
            for k in range(1, self.threads if self.sharded else 1):
                self._ranks.append(Rank(self.network, self._shared, k, self._dtype))
                stack.callback(self._ranks[-1].close)
            stack.enter_context(threadpool_limits(1 if self.sharded else self.threads, user_api="blas"))
            self._at_exit = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._at_exit.close()

    @property
    def execution(self) -> str:
        """How the work is split, in words."""
        if self.threads == 1:
            return "one thread"
        if self.sharded:
            return f"{self.threads} processes, each a shard of the batch on one thread"
        return f"one process, products on {self.threads} BLAS threads"

    def place(self, p: Parameters) -> Parameters:
        """The same parameters where the ranks see them. From then on they are the only ones."""
        if not self.sharded:
            return p
        for name, array in p.items():
            np.copyto(self._p[name], array)
        self._placed = True
        return self._p

    @property
    def seconds(self) -> dict[str, float]:
        """How long each phase has taken so far, in this process: the first shard is computed here."""
        return dict(self._work.seconds)

    def loss(self, p: Parameters, batch: Batch, state: State) -> tuple[float, State]:
        """As Network.loss."""
        parts = self._of_shards(loss, p, batch, state, NO_DROPOUT)
        return sum(E for E, _, _ in parts), _side_by_side([after for _, _, after in parts])

    def loss_and_gradients(
        self, p: Parameters, batch: Batch, state: State, dropout: Dropout = NO_DROPOUT
    ) -> tuple[float, Gradients, State]:
        """As Network.loss_and_gradients; the gradients hold until the next call."""
        parts = self._of_shards(loss_and_gradients, p, batch, state, dropout)
        gradients = self._sum([of_shard for _, of_shard, _ in parts])
        return sum(E for E, _, _ in parts), gradients, _side_by_side([after for _, _, after in parts])

    def update(self, of_share: Callable[[int, int], None]) -> None:
        """An optimizer's step, as a function of a share of it and of how many there are."""
        self._work.start()
        self._of_shares(of_share)
        self._work.lap("optimizer")

    def _of_shards(
        self, task: Task, p: Parameters, batch: Batch, state: State, dropout: Dropout
    ) -> list[Result]:
        """The task done for each shard, in their order; the first in this process."""
        if any(size > most for size, most in zip(batch.x.shape, self.window, strict=True)):
            raise ValueError(f"a batch of {batch.x.shape}, where {self.window} was to be the largest")
        if self._ranks and p is not self._p:
            if self._placed:
                raise ValueError("other parameters than those in place")
            for name, array in p.items():
                np.copyto(self._p[name], array)
        self._work.start()
        B = batch.x.shape[1]
        count = max(1, min(1 + len(self._ranks), B // ROWS))
        cuts = [B * k // count for k in range(count + 1)]
        mine, *others = (_shard(batch, state, dropout, a, b) for a, b in itertools.pairwise(cuts))
        ranks = self._ranks[: len(others)]
        for rank, shard in zip(ranks, others, strict=True):
            rank.ask(task, shard)
        self._work.lap("sending")
        try:
            first = task(self.network, p, mine, self._work)
        finally:
            self._work.start()
            answers = [rank.answer() for rank in ranks]  # all of them, so that none is left for later
            self._work.lap("waiting")
        results = [first]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            results.append(answer)
        return results

    def _sum(self, of_shards: list[Gradients]) -> Gradients:
        """The gradients of all shards, in the memory of the first's."""
        if len(of_shards) == 1:
            return of_shards[0]
        total: Gradients = {}
        for name in of_shards[0]:
            parts = [gradients[name] for gradients in of_shards]
            arrays = [part for part in parts if not isinstance(part, Columns)]
            if arrays:
                self._of_shares(partial(add, arrays))
                total[name] = arrays[0]
            else:
                total[name] = reduce(operator.add, parts)
        self._work.lap("sum of shards")
        return total

    def _of_shares(self, function: Callable[[int, int], None]) -> None:
        """The function of each share of the parameters."""

        @OVERFLOWS
        def of_share(share: int) -> None:
            function(share, self._shares)

        run = self._pool.map if self._shares > 1 else map
        list(run(of_share, range(self._shares)))


def most_rows(B: int, threads: int) -> int:
    """Of a shard of at most B rows in so many processes: a few rows are split among fewer."""
    return min(B, max(-(-B // threads), 2 * ROWS))


def _shard(batch: Batch, state: State, dropout: Dropout, first: int, end: int) -> Shard:
    """The rows from `first` to `end`."""
    k = slice(first, end)
    rows = Sequences(batch.x[:, k], batch.y[:, k], batch.keep[:, k], batch.weight[:, k])
    return Shard(first, rows, {name: s[k] for name, s in state.items()}, dropout)


def _side_by_side(states: list[State]) -> State:
    return {name: np.concatenate([state[name] for state in states]) for name in states[0]}


def worthwhile_threads(flops: float, rows: int, steps: int, windows: float, threads: int) -> int:
    """How many of the threads to use for a run of so many windows of (steps, rows), at so many operations
    a token (`Network.flops`): as many as there are shards to be had, and one for a step or a run that is
    over before another process is ready."""
    of_step = flops * rows * steps
    worthwhile = of_step > STEP_FLOPS and of_step * windows > RUN_FLOPS
    return max(1, min(threads, rows // ROWS)) if worthwhile else 1


def available_threads() -> int:
    """The cores that this process may use: by its affinity, and by the quota of its control group (of the
    second version), of which only whole cores count."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or "max"
        return cores
