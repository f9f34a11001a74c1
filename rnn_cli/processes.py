"""Processes beside this one: begun afresh, and deaf to the signals that stop a run."""

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import Any

from rnn_cli.errors import RnnError

PROCESSES = multiprocessing.get_context("spawn")  # a fork would copy BLAS's threads and locks halfway
# A terminal sends these to every process of a run; it is the parent that ends the others.
OF_TERMINAL = tuple(getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name))

Serve = Callable[..., None]  # of the child's end of the pipe, and arguments


def begin(
    serve: Serve, arguments: tuple[Any, ...], deaf_to: tuple[signal.Signals, ...] = OF_TERMINAL
) -> tuple[SpawnProcess, Connection]:
    """A process that runs serve(pipe, *arguments) and never sees these signals; and our end of the pipe.

    Raises RnnError where none can be started.
    """
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_run, args=(serve, theirs, arguments, deaf_to), daemon=True)
    try:
        with _undisturbed(deaf_to):
            process.start()
    except OSError as error:
        ours.close()
        raise RnnError(f"no process could be started ({error}): --threads 1 needs none") from error
    finally:
        theirs.close()
    return process, ours


def _run(
    serve: Serve, pipe: Connection, arguments: tuple[Any, ...], deaf_to: tuple[signal.Signals, ...]
) -> None:
    for number in deaf_to:
        signal.signal(number, signal.SIG_IGN)
    serve(pipe, *arguments)


@contextlib.contextmanager
def _undisturbed(deaf_to: tuple[signal.Signals, ...]) -> Iterator[None]:
    """A process that is started in here does not see the signals before it can ignore them; nor does it
    import the program that this one runs, of which it needs nothing."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    resource_tracker.ensure_running()  # here, as its start would let signals through again
    masks = hasattr(signal, "pthread_sigmask")  # not on Windows
    before = signal.pthread_sigmask(signal.SIG_BLOCK, deaf_to) if masks else None
    try:
        yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        sys.modules["__main__"] = main
