"""The ranks of a run: processes, usually one per machine, that train one network together.

Each rank takes some rows of every batch. The gradients are summed over the ranks, so that all take the same
step on the same parameters (synchronous training, one program on many ranks). `World` is the communication
that a rank needs; mpi.py implements it over MPI, and `ALONE` is the world of a run on one machine.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.network.arrays import Array
from rnn_cli.network.columns import Columns
from rnn_cli.processes import place
from rnn_cli.training.parallel.trainable import OwnBatch, Trainable

ROWS = 4  # the least rows of a shard
Value = TypeVar("Value")


class World(Protocol):
    """The ranks of a run, as one of them sees them. Except for `abort`, all ranks call the same methods in
    the same order.

    rank: the number of this process, from 0. size: the number of ranks. hosts: the name of each rank's
    machine.
    leaders: for each rank, the first rank on its machine.
    traffic: the bytes that this rank has sent to others to sum gradients.
    """

    rank: int
    size: int
    hosts: Sequence[str]
    leaders: Sequence[int]
    traffic: int

    def sum(self, flat: Array, count: int, bits: int = 32) -> None:
        """Replace a flat array, whose size is a multiple of `size`, by the sum of the first `count` ranks'
        arrays, added in the order of the ranks. All ranks get the same sum.

        bits: the bits with which a number is sent, one of bits.BITS.
        """

    def sum_columns(self, columns: Columns, count: int, bits: int = 32) -> Columns:
        """Return the sum of the first `count` ranks' columns, computed as in `sum`."""

    def numbers(self, values: Sequence[float]) -> Array:
        """Return the k numbers of every rank, (size, k), float64."""

    def share(self, value: Any, of: int = 0) -> Any:
        """Return the value that rank `of` has."""

    def exchange(self, values: Sequence[Any]) -> Sequence[Any]:
        """Send values[k] to rank k, for every rank; return the values that the ranks have sent to this
        one."""

    def share_arrays(self, arrays: Iterable[Array]) -> None:
        """Fill the arrays with those of rank 0."""

    def rows(self, array: Array) -> Array:
        """Return the rows of all ranks, one after another in the order of the ranks."""

    def meet(self, status: int, seconds: float | None = None) -> Sequence[int] | None:
        """Wait for the other ranks, without using a core; return each rank's status, or None if some have not
        come after `seconds`."""

    def expect_signs(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        """From here until `expect`, end this process if the others give no sign of life, whether it waits for
        them or works. seconds: PATIENCE times this is too long. Otherwise as for `expect`."""

    def expect(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        """From here on, end this process if it has waited too long for the others.

        seconds: how long is too long; None: SILENCE, but at least 20 usual steps. silent: called with a
        message before the end.
        """

    def abort(self, status: int) -> None:
        """End all ranks at once, with this exit status."""


class Alone:
    """The world of a single process."""

    rank = 0
    size = 1
    hosts: Sequence[str] = ("localhost",)
    leaders: Sequence[int] = (0,)
    traffic = 0

    def sum(self, flat: Array, count: int, bits: int = 32) -> None:
        return

    def sum_columns(self, columns: Columns, count: int, bits: int = 32) -> Columns:
        return columns

    def numbers(self, values: Sequence[float]) -> Array:
        return np.array([values], np.float64)

    def share(self, value: Any, of: int = 0) -> Any:
        return value

    def exchange(self, values: Sequence[Any]) -> Sequence[Any]:
        return values

    def share_arrays(self, arrays: Iterable[Array]) -> None:
        return

    def rows(self, array: Array) -> Array:
        return array

    def meet(self, status: int, seconds: float | None = None) -> Sequence[int] | None:
        return [status]

    def expect_signs(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        return

    def expect(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        return

    def abort(self, status: int) -> None:
        raise SystemExit(status)


ALONE: World = Alone()


def by_first(world: World, work: Callable[[], Value]) -> Value:
    """Let rank 0 alone do some work; return its result on every rank. An exception is raised on every rank
    too."""
    if world.size == 1:
        return work()
    outcome: tuple[Any, Exception | None] = None, None
    if world.rank == 0:
        try:
            outcome = work(), None
        except Exception as error:  # of any kind; raised below
            outcome = None, error
    value, failed = world.share(outcome)
    if failed is not None:
        raise failed
    return value


class Elsewhere(RnnError):
    """Another rank has failed and reports it itself. status: its exit status."""

    def __init__(self, status: int):
        super().__init__("another rank of this run has failed")
        self.status = status


def meet(world: World, seconds: float | None = None) -> None:
    """Wait until all ranks are here. Raises Elsewhere if one has failed, RnnError if one has not come after
    `seconds`.

    A rank that fails comes to the same meeting with its negated exit status (cli/ranks.py).
    """
    statuses = world.meet(0, seconds)
    if statuses is None:
        raise RnnError(f"nothing heard from the other ranks for {seconds:.0f} s")
    if failed := [-status for status in statuses if status < 0]:
        raise Elsewhere(failed[0])


class Team(NamedTuple):
    """How the rows of a batch are divided.

    ranks: the number of ranks that take rows, the first of the world; the others only take the same steps.
    accumulate: the number of shards that each process computes in turn before the gradients are summed.
    bits: the bits with which a number of a gradient is sent to other ranks.
    """

    world: World = ALONE
    ranks: int = 1
    accumulate: int = 1
    bits: int = 32

    @property
    def has_total(self) -> bool:
        """Whether gradients are summed over ranks, or over shards that one process computes in turn."""
        return self.world.size > 1 or self.accumulate > 1

    def at_work(self, B: int) -> int:
        """Return how many ranks take rows of a batch of B rows."""
        return max(1, min(self.ranks, B // ROWS))

    def share(self, B: int) -> tuple[int, int]:
        """Return the start and the end of this rank's rows in a batch of B rows."""
        count, rank = self.at_work(B), self.world.rank
        return (B * rank // count, B * (rank + 1) // count) if rank < count else (B, B)


NO_TEAM = Team()


class Part(NamedTuple):
    """This rank's rows of a batch, and what it must know about the whole batch.

    batch: T steps of this rank's rows. Of the whole batch, rows: the number of rows; weight: the sum of the
    weights; targets: the number of weights that are not 0.
    """

    batch: Any
    rows: int
    weight: float
    targets: int

    @classmethod
    def of(cls, network: Trainable, team: Team, batch: OwnBatch) -> Self:
        """Return this rank's part of a whole batch."""
        weight = batch.weight
        rows = weight.shape[1]
        first, end = team.share(rows)
        own = batch if (first, end) == (0, rows) else network.rows(batch, slice(first, end))
        return cls(own, rows, float(weight.sum()), int(np.count_nonzero(weight)))


class Accord:
    """One small exchange between the ranks with every batch.

    asks_to_stop, asks_to_save: what this rank sends with the next batch.
    stopper: the first rank that has asked to stop, or None. saves: whether rank 0 has asked to save.
    """

    def __init__(self, team: Team):
        self._team = team
        self.asks_to_stop = self.asks_to_save = False
        self.stopper: int | None = None
        self.saves = False

    def of_batch(self, E: float, norm: float, rows: int) -> tuple[float, float]:
        """Return the sum of all ranks' E, in their order, and rank 0's norm, as different kinds of processors
        may round it differently.

        rows: the number of rows of the whole batch.
        """
        world = self._team.world
        if world.size == 1:
            return E, norm
        told = world.numbers([E, norm, self.asks_to_stop, self.asks_to_save])
        if self.stopper is None and told[:, 2].any():
            self.stopper = int(told[:, 2].argmax())
        self.saves = self.saves or bool(told[0, 3])
        return sum(told[: self._team.at_work(rows), 0].tolist()), float(told[0, 1])


_world: World | None = None  # MPI can be initialised only once per process


def world_of(environment: Mapping[str, str]) -> World:
    """Return the world into which an MPI launcher has put this process; ALONE if there is no launcher.

    Raises UsageError if mpi4py is missing, or belongs to another MPI than the launcher.
    """
    global _world
    size = place(environment)[1]
    if size == 1:
        return ALONE
    if _world is None:
        try:
            from rnn_cli.training.parallel.mpi import Ranks
        except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py finds no MPI
            what = f"{size} ranks were started by an MPI launcher"
            raise UsageError(f"{what}, which needs mpi4py: pip install 'rnn-cli[mpi]' ({error})") from error
        _world = Ranks()
    if _world.size != size:
        raise UsageError(
            f"the launcher has started {size} ranks, and mpi4py sees {_world.size}: it was built for another "
            "MPI (python -m mpi4py --mpi-lib-version names it)"
        )
    return _world
