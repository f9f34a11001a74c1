"""Shards, and the processes that compute them beside this one.

Threads would do, but for Python's lock: each of the array operations of a window's T steps gives it back
and asks for it again, and a thread that finds it taken goes to sleep. In two threads a shard took up to
twice as long as alone (hidden 128); in two processes, as long.

A rank sees the parameters in memory that it shares with its parent, and leaves the gradients that are
arrays there. A shard, and what else comes of it (the loss, the state, gradients by columns), goes through
a pipe.
"""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from rnn_cli.errors import RnnError
from rnn_cli.network.architecture import Gradients
from rnn_cli.network.arrays import Parameters, State
from rnn_cli.network.inputs import Columns
from rnn_cli.network.model import Network, Sequences
from rnn_cli.network.workspace import Workspace
from rnn_cli.processes import OF_TERMINAL, PROCESSES, begin

SIGNALS = (*OF_TERMINAL, signal.SIGTERM)  # it is the parent that stops a run, between steps

# What overflows is no longer finite, in the loss or in the gradient: the loop looks at both.
OVERFLOWS = np.errstate(over="ignore", invalid="ignore")

DType = type[np.floating[Any]]
Task = Callable[..., Any]  # of a network, parameters, a shard and a workspace: `loss` and its like


class Dropout(NamedTuple):
    """How much to leave out; the key, with a shard's first row, decides what."""

    rate: float = 0.0
    key: tuple[int, ...] = ()
    of_window: bool = False  # the same at all steps of a window


NO_DROPOUT = Dropout()


class Shard(NamedTuple):
    """Some of the rows of a batch."""

    first: int
    batch: Sequences
    state: State
    dropout: Dropout


@OVERFLOWS
def loss(network: Network, p: Parameters, shard: Shard, work: Workspace) -> tuple[float, State]:
    """As Network.loss; nothing is dropped."""
    return network.loss(p, shard.batch, shard.state, work)


@OVERFLOWS
def loss_and_gradients(
    network: Network, p: Parameters, shard: Shard, work: Workspace
) -> tuple[float, Gradients, State]:
    """As Network.loss_and_gradients."""
    rate, key, of_window = shard.dropout
    rng = np.random.default_rng((*key, shard.first))
    T, B = shard.batch.x.shape
    masks = network.draw_masks(rng, rate, T, B, of_window)
    return network.loss_and_gradients(p, shard.batch, shard.state, work, masks)


def shared_room() -> int:
    """Bytes that processes could share: multiprocessing keeps them in a file in one of these folders, and
    a write to a page for which there is no room left would end the process."""
    folders = ["/dev/shm"]
    with contextlib.suppress(FileNotFoundError):  # no folder that could be written
        folders.append(tempfile.gettempdir())
    return max((shutil.disk_usage(folder).free for folder in folders if Path(folder).is_dir()), default=0)


class SharedArrays:
    """Arrays by name, flat, that several processes see in the same memory."""

    def __init__(self, sizes: dict[str, int], dtype: DType):
        self.dtype = np.dtype(dtype)
        needed, room = self.dtype.itemsize * sum(sizes.values()), shared_room()
        if needed > room:
            raise RnnError(
                f"processes need {needed >> 20:,} MiB to share, and /dev/shm or the temporary folder has "
                f"{room >> 20:,}: --threads 1 needs none"
            )
        self._memory = {name: PROCESSES.RawArray(self.dtype.char, size) for name, size in sizes.items()}

    def of(self, network: Network) -> Parameters:
        """As the network has them: in its shapes and its memory layout."""
        flat = {name: np.frombuffer(memory, self.dtype) for name, memory in self._memory.items()}
        return {name: network.view(name, array) for name, array in flat.items()}


class RankDied(RnnError):
    """A process of the run was killed from outside."""


class Rank:
    """A process that computes one shard after another, as its parent sees it."""

    def __init__(self, network: Network, p: SharedArrays):
        dense = {name: size for name, size in network.sizes.items() if network.is_dense(name)}
        shared = SharedArrays(dense, p.dtype.type)
        self._gradients = shared.of(network)
        self._process, self._pipe = begin(_serve, (network, p, shared), SIGNALS)

    def ask(self, task: Task, shard: Shard) -> None:
        """Begin a task; each is to be followed by `answer`."""
        with contextlib.suppress(ConnectionError):  # `answer` tells of it
            self._pipe.send((task, shard))

    def answer(self) -> Any:
        """What the task gave, or the exception that it raised: RankDied if the process is no more."""
        try:
            result = self._pipe.recv()
        except (EOFError, ConnectionError):
            what = "a process of this run was killed (too little memory?)"
            return RankDied(f"{what}: --threads 1 needs no other")
        match result:
            case E, dict(gradients), state:
                return E, gradients | self._gradients, state
        return result

    def close(self) -> None:
        """End the process, after its task."""
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, network: Network, p_shared: SharedArrays, gradients: SharedArrays) -> None:
    """The rank's side: tasks until the parent closes the pipe."""
    p, shared = p_shared.of(network), gradients.of(network)
    work = Workspace(p_shared.dtype)
    for name, array in shared.items():
        work.provide(f"d{name}", array)
    with threadpool_limits(1, user_api="blas"), contextlib.suppress(EOFError, ConnectionError):
        while True:
            task, shard = pipe.recv()
            try:
                pipe.send(_leave_gradients(task(network, p, shard, work), shared))
            except Exception as error:  # whatever it is, it is the parent's to raise
                pipe.send(error)


def _leave_gradients(result: Any, shared: Parameters) -> Any:
    """The result, but for the gradients that have their place in shared memory: they are put there."""
    match result:
        case E, dict(gradients), state:
            for name, array in shared.items():
                if not np.may_share_memory(array, gradients[name]):
                    np.copyto(array, gradients[name])
            return E, {name: g for name, g in gradients.items() if isinstance(g, Columns)}, state
    return result
