"""Worker processes: they start from a clean interpreter and ignore the signals that stop a run."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import Any

from rnn_cli.errors import RnnError

PROCESSES = multiprocessing.get_context("spawn")  # a fork could copy BLAS's locks while a thread holds them
# A terminal sends these to every process of a run; the parent alone decides when its workers end.
OF_TERMINAL = tuple(getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name))
# For each MPI launcher, the variables that hold the rank of a process and the number of ranks.
LAUNCHERS = (("PMI_RANK", "PMI_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"))
OF_LAUNCHERS = ("PMI", "OMPI_", "PRTE_", "HYDI_", "MPI_LOCAL")  # prefixes of all their variables

_starting = threading.Lock()  # `begin` briefly changes state that the whole process shares

Serve = Callable[..., None]  # (the child's end of the pipe, *arguments)


def can_begin() -> bool:
    """Return whether this process may start others. A daemonic process, such as one of multiprocessing.Pool,
    may not."""
    return not multiprocessing.current_process().daemon


def place(environment: Mapping[str, str]) -> tuple[int, int]:
    """Return the rank of this process and the number of ranks, as an MPI launcher (MPICH's, Open MPI's,
    Slurm's) has set them; (0, 1) without a launcher."""
    for rank, size in LAUNCHERS:
        given = environment.get(rank, ""), environment.get(size, "")
        if all(map(str.isdecimal, given)) and int(given[1]) > 1:
            return int(given[0]), int(given[1])
    return 0, 1


def begin(
    serve: Serve, arguments: tuple[Any, ...], ignored: tuple[signal.Signals, ...] = OF_TERMINAL
) -> tuple[SpawnProcess, Connection]:
    """Start a process that runs serve(pipe, *arguments); return it and the parent's end of the pipe.

    The process ignores the signals `ignored` from the start, and ends when its parent does.
    Raises RnnError if the process cannot be started.
    """
    if not can_begin():
        raise RnnError("a daemonic process, such as one of a Pool, starts no others: --threads 1 needs none")
    try:
        with contextlib.ExitStack() as ends, _starting:
            ours, theirs = PROCESSES.Pipe()
            ends.callback(ours.close)
            with theirs:
                arguments = (serve, theirs, arguments, ignored)
                process = PROCESSES.Process(target=_run, args=arguments, daemon=True)
                with _blocked(ignored), _without_main(), _without_launcher():
                    process.start()
            ends.pop_all()
    except OSError as error:
        raise RnnError(f"no process could be started ({error}): --threads 1 needs none") from error
    return process, ours


def _run(
    serve: Serve, pipe: Connection, arguments: tuple[Any, ...], ignored: tuple[signal.Signals, ...]
) -> None:
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    serve(pipe, *arguments)


@contextlib.contextmanager
def _blocked(signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    """Block signals while a process starts: it inherits the mask, so no signal reaches it before `_run`
    ignores them. A signal to this process waits until the mask is lifted."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker  # on POSIX only

    resource_tracker.ensure_running()  # starting it later would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide the running program: multiprocessing would import it in the new process, and so run a script
    without a `__main__` guard a second time."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _without_launcher() -> Iterator[None]:
    """Hide the variables of an MPI launcher: a worker is not a rank itself."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith(OF_LAUNCHERS)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
