"""Tasks done by several processes, with results in order.

A process gets its next task while it is still working on one, so that it need not wait. A separate thread
receives tasks from the pipe: without it, each side could wait for the other to read.
"""

import contextlib
import itertools
import os
import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable
from multiprocessing.connection import Connection, wait
from typing import Any

from rnn_cli.errors import RnnError
from rnn_cli.processes import begin

AT_ONCE = 2  # tasks that a process holds: the current one and the next
AHEAD = 4  # tasks per process that may be given out before the oldest is done

Work = Callable[[Any], Any]


def in_order(
    make: Callable[..., Work], arguments: tuple[Any, ...], tasks: Iterable[Any], processes: int
) -> Generator[Any, None, None]:
    """Yield work(task) for each task, in order; each process makes its own `work` with make(*arguments).

    Tasks are taken up to AHEAD * processes ahead of the result that is yielded. `make` must be a module-level
    function. Tasks and results go through a pipe, so they should be small, or arrays.

    Raises RnnError if a process ends or `work` raises.
    """
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(contextlib.closing(Worker(make, arguments))) for _ in range(processes)]
        numbered = enumerate(tasks)
        done: dict[int, Any] = {}
        given = yielded = 0
        while True:
            for held in range(AT_ONCE):
                for worker in workers:
                    if len(worker.held) == held and given - yielded < AHEAD * processes:
                        for number, task in itertools.islice(numbered, 1):
                            worker.give(number, task)
                            given += 1
            if yielded in done:
                yield done.pop(yielded)
                yielded += 1
            elif yielded == given:
                return
            else:
                answered = wait([worker.pipe for worker in workers if worker.held])
                done.update(worker.take() for worker in workers if worker.pipe in answered)


class Worker:
    """The parent's handle for a process that does one task after another."""

    def __init__(self, make: Callable[..., Work], arguments: tuple[Any, ...]):
        self.held: deque[int] = deque()  # the numbers of its unfinished tasks
        self._process, self.pipe = begin(_serve, (make, arguments))

    def give(self, number: int, task: Any) -> None:
        """Send the process a task, to be done after those that it holds."""
        self.held.append(number)
        with contextlib.suppress(ConnectionError):  # `take` reports it
            self.pipe.send(task)

    def take(self) -> tuple[int, Any]:
        """Return the number of the oldest task that the process held, and its result. Raises RnnError."""
        try:
            result = self.pipe.recv()
        except (EOFError, ConnectionError) as error:
            what = "a process that split the text was killed (too little memory?)"
            raise RnnError(f"{what}: --threads 1 needs none") from error
        if isinstance(result, RnnError):
            raise result
        return self.held.popleft(), result

    def close(self) -> None:
        """Kill the process, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(pipe: Connection, make: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
    """Do tasks from a pipe until the parent ends; this runs in the worker process."""
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, tasks), daemon=True).start()
    work = None
    with contextlib.suppress(ConnectionError):  # the parent has ended
        while True:
            task = tasks.get()
            try:
                work = work or make(*arguments)
                result = work(task)
            except Exception as error:  # any exception: the parent raises it
                result = _as_one_line(error)
            pipe.send(result)


def _receive(pipe: Connection, tasks: queue.SimpleQueue[Any]) -> None:
    """Queue tasks from the pipe; end the process when the parent has ended."""
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(1)


def _as_one_line(error: Exception) -> RnnError:
    """Return an error whose message is one line, with the traceback as a note."""
    if isinstance(error, RnnError):
        return error
    said = " ".join(f"{type(error).__name__}: {error}".split())
    failure = RnnError(f"a process that split the text failed ({said}): --threads 1 needs none")
    failure.add_note(traceback.format_exc())
    return failure
