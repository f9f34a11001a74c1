"""A command on several ranks: only rank 0 prints, and all end with the same status."""

import os
import traceback
from collections.abc import Callable, Sequence
from functools import partial

from rnn_cli.cli.console import Interrupted, error
from rnn_cli.cli.failures import failure
from rnn_cli.training.parallel.world import Elsewhere, World

FAREWELL = 3.0  # seconds that a failed rank waits for the others to fail too


def end_alike(world: World, command: Callable[[], int]) -> int:
    """Run a command on every rank; return the exit status, which is the same on all.

    If all ranks fail, rank 0 raises and reports the error. If only one fails, it reports the error with the
    name of its machine, and ends the others, which may be waiting for it in a sum.
    """
    if world.size == 1:
        return command()
    world.expect_signs(None, partial(say_from, world))
    try:
        statuses = world.meet(command())
    except Elsewhere as elsewhere:  # the failed rank has met this one
        return elsewhere.status
    except (Exception, Interrupted) as exception:
        return _fail(world, exception)
    assert statuses is not None
    return _status(statuses)


def say_from(world: World, line: str) -> None:
    """Print the line that a rank ends with, with its machine and its number."""
    error(f"{world.hosts[world.rank]}, rank {world.rank}: {line}", always=True)


def _fail(world: World, exception: Exception | Interrupted) -> int:
    if os.environ.get("RNN_DEBUG") == "1":
        traceback.print_exception(exception)
    is_interrupted = isinstance(exception, Interrupted)
    status, line = (exception.status, "") if isinstance(exception, Interrupted) else failure(exception)
    statuses = world.meet(-status, FAREWELL)
    if statuses is None:
        if not is_interrupted:
            say_from(world, line)
        world.abort(status)
        return status
    if all(each < 0 for each in statuses):
        if world.rank == 0 and not isinstance(exception, Interrupted):
            raise exception
    elif world.rank == next(rank for rank, each in enumerate(statuses) if each < 0) and not is_interrupted:
        say_from(world, line)
    return _status(statuses)


def _status(statuses: Sequence[int]) -> int:
    """Return the status of the first rank that has failed; if none has, the highest."""
    failed = [-status for status in statuses if status < 0]
    return failed[0] if failed else max(statuses)
