"""The ranks of a run: processes, most often one a machine, that train one network together.

Each rank takes some rows of every batch. The gradients are summed over the ranks, so that all take the same
step on the same parameters (synchronous training, one program on many ranks). What a rank must ask of the
others is in `World`; mpi.py does it over MPI, and `ALONE` is the world of a run on one machine.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.network.arrays import Array
from rnn_cli.network.columns import Columns
from rnn_cli.processes import place
from rnn_cli.training.parallel.trainable import OwnBatch, Trainable

ROWS = 4  # of a shard, at least
Value = TypeVar("Value")


class World(Protocol):
    """The ranks of a run, as one of them sees them. Except for `abort`, all ranks call the same methods in
    the same order.

    rank: of this process, from 0. size: the number of ranks. hosts: the name of each rank's machine.
    leaders: for each rank, the first rank of its machine.
    traffic: bytes that this rank has sent to others to sum gradients.
    """

    rank: int
    size: int
    hosts: Sequence[str]
    leaders: Sequence[int]
    traffic: int

    def sum(self, flat: Array, count: int, bits: int = 32) -> None:
        """Replace a flat array, whose size is a multiple of `size`, by the sum of the first `count` ranks'
        arrays, added in the order of the ranks.

        bits: of a number on its way, one of bits.BITS. All ranks have the same sum.
        """

    def sum_columns(self, columns: Columns, count: int, bits: int = 32) -> Columns:
        """Return the sum of the first `count` ranks' columns, as `sum` does."""

    def numbers(self, values: Sequence[float]) -> Array:
        """Return the numbers of every rank, (size, k), float64."""

    def share(self, value: Any, of: int = 0) -> Any:
        """Return the value that rank `of` has."""

    def exchange(self, values: Sequence[Any]) -> Sequence[Any]:
        """Give each rank k the value k, one for each rank; return what each has given to this one."""

    def share_arrays(self, arrays: Iterable[Array]) -> None:
        """Fill arrays with those of rank 0."""

    def rows(self, array: Array) -> Array:
        """Return the rows of all ranks, one after another in the order of the ranks."""

    def meet(self, status: int, seconds: float | None = None) -> Sequence[int] | None:
        """Wait for the other ranks, without using a core; return the status that each has given. None where
        some have not come after `seconds`."""

    def expect_signs(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        """From here to `expect`, end this process where the others give no sign of life, whether it waits for
        them or works. seconds: PATIENCE times these are too long. All else is as for `expect`."""

    def expect(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        """From here on, end this process where it has waited for the others for too long.

        seconds: how long that is; None: SILENCE, and at least 20 usual steps. silent: is called before the
        end with what to say.
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
    """Return, on every rank, what rank 0 returns from some work that it alone does. What it raises is raised
    on every rank."""
    if world.size == 1:
        return work()
    outcome: tuple[Any, Exception | None] = None, None
    if world.rank == 0:
        try:
            outcome = work(), None
        except Exception as error:  # of any kind: it is raised below
            outcome = None, error
    value, failed = world.share(outcome)
    if failed is not None:
        raise failed
    return value


class Elsewhere(RnnError):
    """Another rank has failed, and says so itself. status: its exit status."""

    def __init__(self, status: int):
        super().__init__("another rank of this run has failed")
        self.status = status


def meet(world: World, seconds: float | None = None) -> None:
    """Wait until all ranks are here. Raises Elsewhere where one has failed, RnnError where one has not come
    after `seconds`.

    A rank that fails comes to the same meeting with its status, as a negative number (cli/ranks.py).
    """
    statuses = world.meet(0, seconds)
    if statuses is None:
        raise RnnError(f"nothing heard from the other ranks for {seconds:.0f} s")
    if failed := [-status for status in statuses if status < 0]:
        raise Elsewhere(failed[0])


class Team(NamedTuple):
    """How the rows of a batch are divided.

    ranks: those that take rows, the first of the world; the others only take the same steps.
    accumulate: how many shards each process computes one after another before the gradients are summed.
    bits: of a number of a gradient on its way between ranks.
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
        """Return how many ranks take rows of a batch of B."""
        return max(1, min(self.ranks, B // ROWS))

    def share(self, B: int) -> tuple[int, int]:
        """Return the first and the end of this rank's rows of a batch of B."""
        count, rank = self.at_work(B), self.world.rank
        return (B * rank // count, B * (rank + 1) // count) if rank < count else (B, B)


NO_TEAM = Team()


class Part(NamedTuple):
    """This rank's rows of a batch, and what it must know of the others.

    batch: T steps of this rank's rows. rows: of the whole batch. weight: the sum of its weights. targets: how
    many of its weights are not 0.
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
    """What the ranks tell each other with every batch, in one small exchange.

    asks_to_stop, asks_to_save: what this rank tells with the next batch.
    stopper: the first rank that has asked to stop; None: none has. saves: whether rank 0 has asked to save.
    """

    def __init__(self, team: Team):
        self._team = team
        self.asks_to_stop = self.asks_to_save = False
        self.stopper: int | None = None
        self.saves = False

    def of_batch(self, E: float, norm: float, rows: int) -> tuple[float, float]:
        """Return the sum of all ranks' E, in their order, and the norm as rank 0 has it: processors of
        different kinds may round it differently.

        rows: of the batch.
        """
        world = self._team.world
        if world.size == 1:
            return E, norm
        told = world.numbers([E, norm, self.asks_to_stop, self.asks_to_save])
        if self.stopper is None and told[:, 2].any():
            self.stopper = int(told[:, 2].argmax())
        self.saves = self.saves or bool(told[0, 3])
        return sum(told[: self._team.at_work(rows), 0].tolist()), float(told[0, 1])


_world: World | None = None  # MPI begins once in a process


def world_of(environment: Mapping[str, str]) -> World:
    """Return the world that an MPI launcher has put this process into; ALONE without one.

    Raises UsageError where mpi4py is missing, or belongs to another MPI than the launcher.
    """
    global _world
    size = place(environment)[1]
    if size == 1:
        return ALONE
    if _world is None:
        try:
            from rnn_cli.training.parallel.mpi import Ranks
        except (ImportError, RuntimeError) as error:  # RuntimeError: it finds no MPI
            what = f"{size} ranks were started by an MPI launcher"
            raise UsageError(f"{what}, which needs mpi4py: pip install 'rnn-cli[mpi]' ({error})") from error
        _world = Ranks()
    if _world.size != size:
        raise UsageError(
            f"the launcher has started {size} ranks, and mpi4py sees {_world.size}: it was built for another "
            "MPI (python -m mpi4py --mpi-lib-version names it)"
        )
    return _world
