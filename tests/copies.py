"""Processes that start at once: copies of one that has already loaded the package.

A new Python needs more time to load NumPy and Typer than for most of what a test makes it do. `Copies` starts
a process that loads them and waits; each `Copy` is a fork of it, which runs source code like `python -c` and
can be watched like any subprocess.Popen.
"""

import atexit
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from types import ModuleType
from typing import Any, NamedTuple

CAN_COPY = sys.platform == "linux"  # elsewhere a fork may lack what the system's libraries need
# Prefixes of the variables that Python, the C library and NumPy's libraries read only when they start.
AT_START = ("PYTHON", "LC_", "LANG", "LD_", "OPENBLAS", "OMP", "MKL", "GLIBC", "MALLOC")
LOADED = (  # what the commands load while they run, in addition to their own modules
    *("rnn_cli", "rnn_cli.models.loading", "rnn_cli.runs.trainer", "rnn_cli.text.words"),
    *("multiprocessing.synchronize", "multiprocessing.popen_spawn_posix", "multiprocessing.resource_tracker"),
    *("tqdm", "typer._adapters", "typer._click.decorators", "fractions", "decimal", "zipfile"),
)


class Copies:
    """The process that is copied. It ends when this process does, or with `close`."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking = threading.Lock()
        self._environment = _at_start(os.environ)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def suit(self, environment: dict[str, str]) -> bool:
        """Return whether a copy behaves like a new process in this environment."""
        return _at_start(environment) == self._environment

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> int:
        """Start a copy that carries out an order; return its process id."""
        with self._asking:
            socket.send_fds(self._control, [json.dumps(order).encode()], descriptors)
            return int(self._control.recv(100))

    def close(self) -> None:
        self._control.close()
        self._process.wait()


class Copy(subprocess.Popen):
    """A copy that runs source code with command-line arguments; options are those of Popen."""

    def __init__(self, copies: Copies, source: str, *arguments: str, **options: Any):
        self._copies, self._ended = copies, -1
        super().__init__([source, *arguments], **options)

    def _execute_child(self, args, *others):  # instead of fork and exec
        cwd, env, pipes = others[4], others[5], others[9:15]
        streams = [k if end == -1 else end for k, end in enumerate((pipes[0], pipes[3], pipes[5]))]
        self._ended, told = os.pipe()
        try:
            order = {"args": args, "cwd": os.fspath(cwd or os.getcwd()), "env": dict(env or os.environ)}
            self.pid = self._copies.fork(order, [*streams, told])
            self._child_created = True
        finally:
            os.close(told)
            self._close_pipe_fds(*pipes)

    def _try_wait(self, wait_flags):
        return self._how_it_ended(0 if wait_flags else None)

    def _internal_poll(self, *_, **__):
        with self._waitpid_lock:
            if self.returncode is None:
                pid, status = self._how_it_ended(0)
                if pid:
                    self._handle_exitstatus(status)
        return self.returncode

    def _how_it_ended(self, seconds):
        """Return its process id and status, as from os.waitpid; zeros if it still runs after `seconds`."""
        if not select.select([self._ended], [], [], seconds)[0]:
            return 0, 0
        said = os.read(self._ended, 100)
        os.close(self._ended)
        return self.pid, int(said)


def _at_start(environment: Any) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(AT_START)}


# The code of the copied process.


class Order(NamedTuple):
    args: list[str]
    cwd: str
    env: dict[str, str]


def serve(control: socket.socket) -> Order | None:
    """Fork for each order, and write the wait status of each fork to the pipe that came with its order.
    Return the order in a fork, and None in this process once no more orders come."""
    woken, wakes = os.pipe()
    for end in (woken, wakes):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    running: dict[int, int] = {}  # process id -> the pipe for its wait status
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 1000)
            _tell_ends(running)
        if control not in ready:
            continue
        said, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 4)
        if not said:
            return None
        with warnings.catch_warnings(action="ignore"):  # about NumPy's threads, which a fork lacks
            pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, descriptor in enumerate(descriptors[:3]):
                os.dup2(descriptor, number)
            control.detach()
            os.closerange(3, 200)
            return Order(**json.loads(said))
        running[pid] = descriptors.pop()
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(str(pid).encode())


def _tell_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        told = running.pop(pid)
        os.write(told, str(status).encode())
        os.close(told)


def load() -> None:
    """Import everything that the commands need, except jieba."""
    commands = importlib.import_module("rnn_cli.cli.app").COMMANDS
    for name in (*(f"rnn_cli.cli.commands.{command}" for command in commands), *LOADED):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a copy would copy their pages


def stream(number: int, name: str, like: Any) -> io.TextIOWrapper:
    """Open a standard stream as Python does when it starts."""
    raw = io.FileIO(number, "r" if number == 0 else "w", closefd=False)
    buffered = io.BufferedReader(raw) if number == 0 else io.BufferedWriter(raw)
    raw.name = name
    at_once = number == 2 or raw.isatty()
    return io.TextIOWrapper(buffered, like.encoding, like.errors, line_buffering=at_once)


def become(order: Order) -> int:
    """Run the source code of an order like `python -c`; return the exit status."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order.cwd)
    os.environ.clear()
    os.environ.update(order.env)
    source, *arguments = order.args
    sys.argv, sys.path[0] = ["-c", *arguments], ""
    sys.stdin = sys.__stdin__ = stream(0, "<stdin>", sys.stdin)
    sys.stdout = sys.__stdout__ = stream(1, "<stdout>", sys.stdout)
    sys.stderr = sys.__stderr__ = stream(2, "<stderr>", sys.stderr)
    sys.modules["__main__"] = main = ModuleType("__main__")
    status = 0
    try:
        exec(compile(source, "<string>", "exec"), vars(main))
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        status = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError as error:
        sys.excepthook(type(error), error, None)
        status = 120
    return status


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the parent
    load()
    order = serve(socket.socket(fileno=int(sys.argv[1])))
    if order:  # this is a copy
        status = become(order)
        if status < 0:
            signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        os._exit(status)  # saves 60 ms of freeing what it shares with the other copies
