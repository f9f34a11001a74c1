"""Shards, and the processes that compute them beside this one.

Threads would do, but for Python's lock: each of the array operations of a window's T steps gives it back
and asks for it again, and a thread that finds it taken goes to sleep. In two threads a shard took up to
twice as long as alone (hidden 128); in two processes, as long.

A rank shares memory with its parent: the parameters, gradients, and a tray for the arrays of a shard and
what comes of them. Only a few numbers go through a pipe, where arrays took up to 0.6 ms of each step.
"""

import contextlib
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from rnn_cli.errors import RnnError
from rnn_cli.network.architecture import Gradients
from rnn_cli.network.arrays import Parameters, State
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.inputs import Columns
from rnn_cli.network.network import Network, Sequences
from rnn_cli.processes import OF_TERMINAL, begin
from rnn_cli.training.parallel.sharing import DType, Shapes, SharedArrays, Tray

SIGNALS = (*OF_TERMINAL, signal.SIGTERM)  # it is the parent that stops a run, between steps

# What overflows is no longer finite, in the loss or in the gradient: the loop looks at both.
OVERFLOWS = np.errstate(over="ignore", invalid="ignore")


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


Result = tuple[float, Gradients, State]
Task = Callable[[Network, Parameters, Shard, Workspace], Result]


@OVERFLOWS
def loss(network: Network, p: Parameters, shard: Shard, work: Workspace) -> Result:
    """As Network.loss, with no gradients; nothing is dropped."""
    E, after = network.loss(p, shard.batch, shard.state, work)
    return E, {}, after


@OVERFLOWS
def loss_and_gradients(network: Network, p: Parameters, shard: Shard, work: Workspace) -> Result:
    """As Network.loss_and_gradients."""
    rate, key, of_window = shard.dropout
    rng = np.random.default_rng((*key, shard.first))
    T, B = shard.batch.x.shape
    masks = network.draw_masks(rng, rate, T, B, of_window)
    return network.loss_and_gradients(p, shard.batch, shard.state, work, masks)


class RankDied(RnnError):
    """A process of the run was killed from outside."""


class Rank:
    """The k-th process that computes one shard after another, as its parent sees it.

    shared: sharing.of_run.
    """

    def __init__(self, network: Network, shared: SharedArrays, k: int, dtype: DType):
        self._gradients = network.views(shared.flat(f"gradients {k}"))
        self._tray = Tray(shared.flat(f"tray {k}"))
        self._process, self._pipe = begin(_serve, (network, shared, k, dtype), SIGNALS)

    def ask(self, task: Task, shard: Shard) -> None:
        """Begin a task; each is to be followed by `answer`."""
        of_batch, of_state = self._tray.put(shard.batch._asdict()), self._tray.put(shard.state)
        with contextlib.suppress(ConnectionError):  # `answer` tells of it
            self._pipe.send((task, shard.first, of_batch, of_state, shard.dropout))

    def answer(self) -> Result | Exception:
        """What the task gave, arrays that hold until the next; or the exception that it raised: RankDied if
        the process is no more."""
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            what = "a process of this run was killed (too little memory?)"
            return RankDied(f"{what}: --threads 1 needs no other")
        if isinstance(answer, Exception):
            return answer
        E, by_columns, of_state = answer
        columns = {name: Columns(**self._tray.get(shapes)) for name, shapes in by_columns.items()}
        return E, {**self._gradients, **columns}, self._tray.get(of_state)

    def close(self) -> None:
        """End the process, after its task."""
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, network: Network, shared: SharedArrays, k: int, dtype: DType) -> None:
    """The rank's side: tasks until the parent closes the pipe."""
    p, places = (network.views(shared.flat(group)) for group in ("p", f"gradients {k}"))
    tray, work = Tray(shared.flat(f"tray {k}")), Workspace(dtype)
    for name, place in places.items():
        work.provide(f"d{name}", place)
    with threadpool_limits(1, user_api="blas"), contextlib.suppress(EOFError, ConnectionError):
        while True:
            task, first, of_batch, of_state, dropout = pipe.recv()
            shard = Shard(first, Sequences(**tray.get(of_batch)), tray.get(of_state), dropout)
            try:
                E, found, after = task(network, p, shard, work)
                pipe.send((E, _leave(found, places, tray), tray.put(after)))
            except Exception as error:  # whatever it is, it is the parent's to raise
                pipe.send(error)


def _leave(gradients: Gradients, places: Parameters, tray: Tray) -> dict[str, Shapes]:
    """Put gradients where the parent sees them; -> the shapes of those that lie in the tray."""
    by_columns = {}
    for name, gradient in gradients.items():
        if isinstance(gradient, Columns):
            by_columns[name] = tray.put(vars(gradient))
        elif not np.may_share_memory(places[name], gradient):
            np.copyto(places[name], gradient)
    return by_columns
