"""Tasks in several processes, their results in order.

A process is given a task while it is at another, so that it need not wait; a thread of its own takes
them from the pipe, as otherwise both sides could wait for the other to read.
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

AT_ONCE = 2  # tasks that a process holds: the one it is at, and the next
AHEAD = 4  # tasks for each process that may be begun before the oldest is done

Work = Callable[[Any], Any]


def in_order(
    make: Callable[..., Work], arguments: tuple[Any, ...], tasks: Iterable[Any], processes: int
) -> Generator[Any, None, None]:
    """work(task) of each task, in their order, where each process makes its own `work` by make(*arguments).

    Tasks are taken up to AHEAD * processes ahead of the result yielded. `make` is a module's function;
    what goes through a pipe, tasks and results, is to be small or arrays.

    Raises RnnError where a process ends or `work` raises.
    """
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(contextlib.closing(Worker(make, arguments))) for _ in range(processes)]
        numbered = enumerate(tasks)
        done: dict[int, Any] = {}
        begun = yielded = 0
        while True:
            for held in range(AT_ONCE):
                for worker in workers:
                    if len(worker.at) == held and begun - yielded < AHEAD * processes:
                        for number, task in itertools.islice(numbered, 1):
                            worker.give(number, task)
                            begun += 1
            if yielded in done:
                yield done.pop(yielded)
                yielded += 1
            elif yielded == begun:
                return
            else:
                answered = wait([worker.pipe for worker in workers if worker.at])
                done.update(worker.take() for worker in workers if worker.pipe in answered)


class Worker:
    """A process that does one task after another, as its parent sees it."""

    def __init__(self, make: Callable[..., Work], arguments: tuple[Any, ...]):
        self.at: deque[int] = deque()  # the numbers of the tasks that it holds
        self._process, self.pipe = begin(_serve, (make, arguments))

    def give(self, number: int, task: Any) -> None:
        self.at.append(number)
        with contextlib.suppress(ConnectionError):  # `take` tells of it
            self.pipe.send(task)

    def take(self) -> tuple[int, Any]:
        """The number of the oldest task it held, and its result. Raises RnnError."""
        try:
            result = self.pipe.recv()
        except (EOFError, ConnectionError) as error:
            what = "a process that cut the text was killed (too little memory?)"
            raise RnnError(f"{what}: --threads 1 needs no other") from error
        if isinstance(result, RnnError):
            raise result
        return self.at.popleft(), result

    def close(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(pipe: Connection, make: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
    """The process's side."""
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, tasks), daemon=True).start()
    work = None
    with contextlib.suppress(ConnectionError):  # the parent is no more
        while True:
            task = tasks.get()
            try:
                work = work or make(*arguments)
                result = work(task)
            except Exception as error:  # whatever it is, it is the parent's to raise
                result = _as_one_line(error)
            pipe.send(result)


def _receive(pipe: Connection, tasks: queue.SimpleQueue[Any]) -> None:
    """Tasks from the pipe, until the parent is no more."""
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(1)


def _as_one_line(error: Exception) -> RnnError:
    if isinstance(error, RnnError):
        return error
    said = " ".join(f"{type(error).__name__}: {error}".split())
    failure = RnnError(f"a process that cut the text failed ({said}): --threads 1 needs no other")
    failure.add_note(traceback.format_exc())
    return failure
