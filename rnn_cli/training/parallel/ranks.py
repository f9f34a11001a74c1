"""Ranks: the further processes that compute shards.

They are processes instead of threads because of Python's global lock: each array operation of a window's T
steps releases it and takes it again, and a thread that finds it taken goes to sleep. With two threads, a
shard took up to twice as long as alone (hidden 128); with two processes, no longer.

A rank shares memory with its parent: the parameters, its gradients, and a tray for the arrays of a shard and
its results. Only a few numbers go through a pipe, in which arrays took up to 0.6 ms of each step.
"""

import contextlib
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads
from rnn_cli.network.arrays import Masks, Parameters, State
from rnn_cli.network.columns import Columns, Gradients
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import NO_DROP, Drop
from rnn_cli.processes import OF_TERMINAL, begin
from rnn_cli.training.parallel.sharing import Shapes, SharedArrays, Tray
from rnn_cli.training.parallel.trainable import DType, Rows, Trainable

SIGNALS = (*OF_TERMINAL, signal.SIGTERM)  # ignored by ranks: the parent stops a run, between steps

# An overflow makes the loss or the gradient non-finite; the training loop checks both.
OVERFLOWS = np.errstate(over="ignore", invalid="ignore")


class Dropout(NamedTuple):
    """The dropout of a step. Its masks depend only on the key and on a shard's first row."""

    drop: Drop = NO_DROP
    key: tuple[int, ...] = ()

    def masks(self, network: Trainable, first: int, T: int, B: int) -> Masks:
        """Return the masks of a shard of B rows that begins with row `first`."""
        rng = np.random.default_rng((*self.key, first))
        return network.draw_masks(rng, self.drop, T, B)


NO_DROPOUT = Dropout()


class Shard(NamedTuple):
    """The rows of a batch that one process computes."""

    first: int  # the row of the batch that is the shard's first
    batch: Rows
    state: State
    dropout: Dropout


Result = tuple[float, Gradients, State]  # E, dE/dp, and the state after the batch
Task = Callable[[Trainable, Parameters, Shard, Workspace], Result]


@OVERFLOWS
def evaluate(network: Trainable, p: Parameters, shard: Shard, work: Workspace) -> Result:
    """Return the evaluation loss E and the state after the shard, without gradients or dropout."""
    E, after = network.evaluate(p, shard.batch, shard.state, work)
    return E, {}, after


@OVERFLOWS
def loss_and_gradients(network: Trainable, p: Parameters, shard: Shard, work: Workspace) -> Result:
    """Return E, dE/dp and the state after the shard, with the shard's own dropout masks."""
    masks = shard.dropout.masks(network, shard.first, *shard.batch.weight.shape)
    return network.loss_and_gradients(p, shard.batch, shard.state, work, masks)


class RankDied(RnnError):
    """A process of the run was killed from outside."""


class Rank:
    """The k-th process that computes shards, as seen by its parent, which is number 0.

    shared: the arrays that `sharing.of_run` lists.
    Raises RnnError if no process can be started.
    """

    def __init__(self, network: Trainable, shared: SharedArrays, k: int, dtype: DType):
        self._gradients = network.views(shared.flat(f"gradients {k}"))
        self._tray = Tray(shared.flat(f"tray {k}"))
        self._process, self._pipe = begin(_serve, (network, shared, k, dtype), SIGNALS)

    def ask(self, task: Task, shard: Shard) -> None:
        """Start a task. Each call must be followed by one call of `answer`."""
        of_batch, of_state = self._tray.put(shard.batch._asdict()), self._tray.put(shard.state)
        with contextlib.suppress(ConnectionError):  # `answer` reports it
            self._pipe.send((task, shard.first, type(shard.batch), of_batch, of_state, shard.dropout))

    def answer(self) -> Result | Exception:
        """Return the task's result, whose arrays are valid until the next task, or the exception that it
        raised, or RankDied if the process has ended."""
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            what = "a process of this run was killed (too little memory?)"
            return RankDied(f"{what}: --threads 1 needs no other")
        if isinstance(answer, Exception):
            return answer
        E, by_columns, of_state = answer
        columns = {name: Columns.of(name, self._tray.get(shapes)) for name, shapes in by_columns.items()}
        return E, {**self._gradients, **columns}, self._tray.get(of_state)

    def close(self) -> None:
        """End the process after its task."""
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, network: Trainable, shared: SharedArrays, k: int, dtype: DType) -> None:
    """Run as rank k: do tasks until the parent closes the pipe."""
    p, gradients = (network.views(shared.flat(group)) for group in ("p", f"gradients {k}"))
    tray, work = Tray(shared.flat(f"tray {k}")), Workspace(dtype, gradients=gradients)
    with blas_threads(1), contextlib.suppress(EOFError, ConnectionError):
        while True:
            task, first, rows, of_batch, of_state, dropout = pipe.recv()
            try:
                shard = Shard(first, rows(**tray.get(of_batch)), tray.get(of_state), dropout)
                E, found, after = task(network, p, shard, work)
                pipe.send((E, _leave(found, gradients, tray), tray.put(after)))
            except Exception as error:  # of any kind; the parent raises it
                pipe.send(error)


def _leave(found: Gradients, shared: Parameters, tray: Tray) -> dict[str, Shapes]:
    """Put gradients where the parent sees them: dense ones in `shared`, where most were computed, the others
    on the tray. Return the shapes of the latter."""
    by_columns = {}
    for name, gradient in found.items():
        if isinstance(gradient, Columns):
            by_columns[name] = tray.put(gradient.named(name))
        elif not np.may_share_memory(shared[name], gradient):
            np.copyto(shared[name], gradient)
    return by_columns
