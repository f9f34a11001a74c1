"""The executor: computes a batch on several cores.

A batch is split into shards: each process takes some of the B rows through the whole window, forward and
backward, and the gradients are summed, with one synchronisation per step. The products of one time step are
too small for BLAS to divide well among cores: its threads wait for each other T times per window, and on a
busy machine mostly for the scheduler. If the gradients are so large that a copy for each shard would matter,
the batch stays whole and BLAS uses its own threads.

In a run on several machines, each rank has an executor for its own rows of the batch (world.py).
"""

import itertools
import operator
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial, reduce
from types import TracebackType
from typing import Self

import numpy as np

from rnn_cli.machine import blas_threads
from rnn_cli.network.arrays import Parameters, State
from rnn_cli.network.columns import Columns, Gradients
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.training.optimizers import Share, add
from rnn_cli.training.parallel.ranks import (
    NO_DROPOUT,
    OVERFLOWS,
    Dropout,
    Rank,
    Result,
    Shard,
    Task,
    evaluate,
    loss_and_gradients,
)
from rnn_cli.training.parallel.sharing import SharedArrays, of_run
from rnn_cli.training.parallel.summing import Total
from rnn_cli.training.parallel.trainable import Batch, DType, InRows, Trainable, Windows
from rnn_cli.training.parallel.world import NO_TEAM, ROWS, Accord, Part, Team

# In all shapes tried, shards were as fast as BLAS's threads or up to a third faster, and on a busy machine
# many times faster (tests/benchmarks/README.md). Only memory limits them.
SHARDED_UP_TO = 1 << 25  # parameters: 128 MiB of gradients per shard
STEP_FLOPS = 1e8  # a few milliseconds
RUN_FLOPS = 1e11  # a few seconds
SHARED_FROM = 1 << 20  # parameters: with fewer, one thread sums and updates faster than several


class Executor:
    """Computes a network's losses, gradients and updates on `threads` cores; a context manager.

    Results depend only on the arguments and on `threads`: shards are summed in their order, and a shard's
    dropout depends on its first row.

    States, both arguments and results, have the rows of this rank only: all rows in a run on one machine.

    p: the initial parameters, which are copied.
    window: the most steps and rows (T, B) of a batch.
    sharded: whether batches are split; None: if the gradients are not too large for that.
    dtype: float64 to check gradients.
    team: how the rows of a batch are divided among ranks and in time.

    Raises RnnError if there is no room for shared memory, or if no process can be started.
    """

    p: Parameters  # where all processes see them; updated in place

    def __init__(
        self,
        network: Trainable,
        p: Parameters,
        window: tuple[int, int],
        threads: int = 1,
        sharded: bool | None = None,
        dtype: DType = np.float32,
        team: Team = NO_TEAM,
    ):
        self.network, self.window, self.threads, self.dtype = network, window, threads, dtype
        self.team, self.accord = team, Accord(team)
        self.sharded = threads > 1 and (network.size <= SHARDED_UP_TO if sharded is None else sharded)
        self._total = Total(network, team, dtype) if team.has_total else None
        own = self._total.dense if self._total and team.accumulate == 1 else {}
        self._work = Workspace(dtype, 1 if self.sharded else threads, own)
        if self.sharded:
            T, B = window
            rows = most_rows(most_rows(B, team.ranks), threads * team.accumulate)
            self._shared = SharedArrays(of_run(network, T, rows, threads, dtype))
            flat = self._shared.flat("p")
        else:
            flat = {name: np.empty(size, dtype) for name, size in network.sizes.items()}
        self.p = network.views(flat)
        for name, array in self.p.items():
            np.copyto(array, p[name])
        self._ranks: list[Rank] = []
        self._shares = threads if network.size >= SHARED_FROM else 1
        self._pool = ThreadPoolExecutor(self._shares, "share")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._pool.shutdown)
            for k in range(1, self.threads if self.sharded else 1):
                self._ranks.append(Rank(self.network, self._shared, k, self.dtype))
                stack.callback(self._ranks[-1].close)
            stack.enter_context(blas_threads(1 if self.sharded else self.threads))
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

    @property
    def seconds(self) -> dict[str, float]:
        """The time that each phase has taken so far in this process, which computes the first shard."""
        return dict(self._work.seconds)

    def zero_state(self, B: int) -> State:
        """Return s_0 = 0 for this rank's rows of a batch of B rows."""
        first, end = self.team.share(B)
        return self.network.zero_state(end - first, self.dtype)

    def own_rows(self, state: State) -> State:
        """Return this rank's rows from a state with all rows."""
        return {name: s[slice(*self.team.share(len(s)))].copy() for name, s in state.items()}

    def all_rows(self, state: State) -> State:
        """Return a state with the rows of all ranks."""
        return {name: self.team.world.rows(s) for name, s in state.items()}

    def part(self, windows: Windows, index: int) -> Part:
        """Return this rank's part of a window. If the windows can be made in part, the rest is not made."""
        if self.team.world.size == 1 or not isinstance(windows, InRows):
            return Part.of(self.network, self.team, windows[index])
        B, targets = windows.rows, windows.targets(index)
        own = windows.part(index, slice(*self.team.share(B)))
        return Part(own, B, float(targets), targets)

    def evaluate(self, batch: Batch | Part, state: State) -> tuple[float, State]:
        """Return E, summed over this rank's rows of the batch, and the state after it.

        Raises ValueError if the batch is larger than the window, RankDied if a process was killed.
        """
        losses: list[float] = []
        states: list[State] = []
        for results in self._rounds(evaluate, self._part(batch), state, NO_DROPOUT):
            losses += [E for E, _, _ in results]
            states += [after for _, _, after in self._kept(results)]
        return sum(losses), _side_by_side(states) if states else state

    def loss_and_gradients(
        self, batch: Batch | Part, state: State, dropout: Dropout = NO_DROPOUT
    ) -> tuple[float, Gradients, State]:
        """Return E of this rank's rows, dE/dp of the whole batch for each parameter p, and the state of this
        rank's rows after the batch. The gradients are valid until the next call.

        Raises ValueError if the batch is larger than the window, RankDied if a process was killed.
        """
        losses: list[float] = []
        states: list[State] = []
        gradients: Gradients = {}
        part = self._part(batch)
        for results in self._rounds(loss_and_gradients, part, state, dropout):
            before = [gradients] if losses else []
            gradients = self._sum([*before, *(found for _, found, _ in results)])
            if self._total and not losses:
                gradients = self._total.keep(gradients)  # the next round overwrites the processes' own
            losses += [E for E, _, _ in results]
            states += [after for _, _, after in self._kept(results)]
        if self._total:
            gradients = self._total.of_ranks(gradients, part.rows)
            self._work.lap("sum of ranks")
        return sum(losses), gradients, _side_by_side(states) if states else state

    def update(self, of_share: Callable[[Share], None]) -> None:
        """Take an optimizer step in threads: call `of_share` with each share of the parameters' entries."""
        self._work.start()
        self._of_shares(of_share)
        self._work.lap("optimizer")

    def _part(self, batch: Batch | Part) -> Part:
        return batch if isinstance(batch, Part) else Part.of(self.network, self.team, batch)

    def _rounds(self, task: Task, part: Part, state: State, dropout: Dropout) -> Iterator[list[Result]]:
        """Do the task for each shard of this rank's rows. Yield the results in the order of the shards, one
        list for all that are computed at the same time; the gradients are valid until the next list."""
        shape = part.batch.weight.shape[0], part.rows
        if any(size > most for size, most in zip(shape, self.window, strict=True)):
            raise ValueError(f"a batch of {shape} (T, B), but the largest was to be {self.window}")
        self._work.start()
        first, end = self.team.share(part.rows)
        if first == end:
            return
        B, at_a_time = end - first, 1 + len(self._ranks)
        count = max(1, min(at_a_time * self.team.accumulate, B // ROWS))
        cuts = [B * k // count for k in range(count + 1)]
        for k in range(0, count, at_a_time):
            pairs = itertools.pairwise(cuts[k : k + at_a_time + 1])
            yield self._of_shards(
                task, [self._shard(part.batch, first, state, dropout, a, b) for a, b in pairs]
            )

    def _of_shards(self, task: Task, shards: list[Shard]) -> list[Result]:
        """Do the task for each shard, the first in this process; return the results in the same order."""
        mine, *others = shards
        ranks = self._ranks[: len(others)]
        for rank, shard in zip(ranks, others, strict=True):
            rank.ask(task, shard)
        self._work.lap("sending")
        try:
            first = task(self.network, self.p, mine, self._work)
        finally:
            self._work.start()
            answers = [rank.answer() for rank in ranks]  # of all ranks, so that none is left for later
            self._work.lap("waiting")
        results = [first]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            results.append(answer)
        return results

    def _shard(self, batch: Batch, own: int, state: State, dropout: Dropout, first: int, end: int) -> Shard:
        """Return the shard with rows `first` to `end`, counted from this rank's first row, which is row `own`
        of the whole batch."""
        rows = self.network.rows(batch, slice(first, end))
        return Shard(own + first, rows, {name: s[first:end] for name, s in state.items()}, dropout)

    def _kept(self, results: list[Result]) -> list[Result]:
        """Return the results with states that the next round will not overwrite."""
        if self.team.accumulate == 1:
            return results
        return [(E, g, {name: s.copy() for name, s in after.items()}) for E, g, after in results]

    def _sum(self, of_shards: list[Gradients]) -> Gradients:
        """Return the sum of the shards' gradients; dense ones use the memory of the first shard's."""
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

    def _of_shares(self, of_share: Callable[[Share], None]) -> None:
        """Call `of_share` with each share, in one thread per share."""
        run = self._pool.map if self._shares > 1 else map
        list(run(OVERFLOWS(of_share), (Share(k, self._shares) for k in range(self._shares))))


def most_rows(B: int, threads: int) -> int:
    """Return the most rows of a shard, for batches of at most B rows: small batches make fewer shards."""
    return min(B, max(-(-B // threads), 2 * ROWS))


def _side_by_side(states: list[State]) -> State:
    return {name: np.concatenate([state[name] for state in states]) for name in states[0]}


def worthwhile_threads(flops: float, rows: int, steps: int, windows: float, threads: int) -> int:
    """Return how many of the threads to use for a run of `windows` windows of `steps` steps and `rows` rows:
    one for each possible shard, but only one if a step or the whole run is too short to be worth starting
    processes.

    flops: operations per token (`Network.flops`).
    """
    of_step = flops * rows * steps
    worthwhile = of_step > STEP_FLOPS and of_step * windows > RUN_FLOPS
    return max(1, min(threads, rows // ROWS)) if worthwhile else 1
