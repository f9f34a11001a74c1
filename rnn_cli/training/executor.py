"""A batch in shards: each thread takes some of the B sequences through the whole window, forward and
backward, and the gradients are summed. One synchronisation a step.

The products of one time step are too small for BLAS to share among cores well: its threads wait for
each other T times a window, and on a busy machine mostly for the scheduler. Where gradients are so
large that a copy of them for each shard would not be a small matter, the window goes through whole
and BLAS uses its own threads.
"""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from rnn_cli.network.functions import Buffers
from rnn_cli.network.model import Batch, Network, Parameters, Sequences, State

SHARDED_UP_TO = 1 << 24  # parameters: 64 MiB of gradients a shard
ROWS = 8  # of a shard, at least

# What overflows is no longer finite, in the loss or in the gradient: the loop looks at both.
OVERFLOWS = np.errstate(over="ignore", invalid="ignore")
Result = TypeVar("Result")


class Executor:
    """Computes a network's losses and gradients with `threads` threads, as a context.

    The result is a function of the arguments and of `threads`: shards are summed in their order.
    """

    def __init__(self, network: Network, threads: int = 1):
        self.network, self.threads = network, threads
        self.sharded = threads > 1 and network.size <= SHARDED_UP_TO
        self._buffers = [Buffers(np.float32) for _ in range(threads if self.sharded else 1)]
        self._pool = ThreadPoolExecutor(len(self._buffers), "shard") if self.sharded else None
        self._limits = threadpool_limits(1 if self.sharded else threads, user_api="blas")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown()
        self._limits.restore_original_limits()

    def loss(self, p: Parameters, batch: Batch, state: State) -> tuple[float, State]:
        """As Network.loss."""
        parts = self._map(self.network.loss, p, batch, state)
        return sum(E for E, _ in parts), _side_by_side([after for _, after in parts])

    @OVERFLOWS
    def loss_and_gradients(
        self, p: Parameters, batch: Batch, state: State
    ) -> tuple[float, Parameters, State]:
        """As Network.loss_and_gradients; the gradients hold until the next call."""
        parts = self._map(self.network.loss_and_gradients, p, batch, state)
        (_, gradients, _), *others = parts
        for _, more, _ in others:
            for name, gradient in gradients.items():
                gradient += more[name]
        return sum(E for E, _, _ in parts), gradients, _side_by_side([after for _, _, after in parts])

    def _map(
        self,
        function: Callable[[Parameters, Batch, State, Buffers], Result],
        p: Parameters,
        batch: Batch,
        state: State,
    ) -> list[Result]:
        """The function of each shard, in their order."""

        @OVERFLOWS
        def of_shard(k: slice, buffers: Buffers) -> Result:
            shard = Sequences(batch.x[:, k], batch.y[:, k], batch.keep[:, k], batch.weight[:, k])
            return function(p, shard, {name: s[k] for name, s in state.items()}, buffers)

        B = batch.x.shape[1]
        count = max(1, min(len(self._buffers), B // ROWS))
        cuts = [B * k // count for k in range(count + 1)]
        rows = [slice(a, b) for a, b in itertools.pairwise(cuts)]
        run = map if self._pool is None else self._pool.map
        return list(run(of_shard, rows, self._buffers))


def _side_by_side(states: list[State]) -> State:
    return {name: np.concatenate([state[name] for state in states]) for name in states[0]}


def available_threads() -> int:
    """The cores that this process may use: by its affinity, and by its control group's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or "max"
        return cores
