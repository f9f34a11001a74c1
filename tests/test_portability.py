"""Systems that are not POSIX, as far as they can be seen to without one: the package runs where the modules
and names are missing that Windows does not have."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rnn_cli
from rnn_cli import LanguageModel

HOUSE = Path(rnn_cli.__file__).parent
MODULES = (
    "fcntl",
    "resource",
    "termios",
    "tty",
    "pty",
    "pwd",
    "grp",
    "syslog",
    "readline",
    "curses",
    "nis",
    "spwd",
)
MODULES += (
    "multiprocessing.resource_tracker",
    "multiprocessing.shared_memory",
    "_posixshmem",
    "_posixsubprocess",
)
NAMES = {
    "os": (
        *(
            "sched_getaffinity",
            "sched_setaffinity",
            "posix_fallocate",
            "posix_fadvise",
            "posix_spawn",
            "fchmod",
        ),
        *("fchown", "chown", "lchown", "pread", "pwrite", "preadv", "pwritev", "mkfifo", "mknod", "statvfs"),
        *(
            "fstatvfs",
            "sysconf",
            "getuid",
            "geteuid",
            "getgid",
            "getegid",
            "getpgid",
            "getpgrp",
            "setsid",
            "nice",
        ),
        *(
            "getloadavg",
            "killpg",
            "sync",
            "fdatasync",
            "sendfile",
            "splice",
            "memfd_create",
            "openpty",
            "uname",
        ),
        *("O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "O_SYNC", "O_DSYNC", "tcgetpgrp", "ctermid", "ttyname"),
    ),
    "signal": ("SIGHUP", "SIGALRM", "SIGXFSZ", "SIGQUIT", "SIGUSR1", "pthread_sigmask", "setitimer", "alarm"),
    "mmap": ("MADV_DONTNEED", "MADV_SEQUENTIAL", "MAP_SHARED", "MAP_PRIVATE", "PROT_READ"),
    "time": ("tzset",),
    "socket": ("AF_UNIX",),
}
# Python itself, on this system, needs some of them: they are taken away from the package alone.
TAKE_AWAY = """
import builtins, types
MODULES, NAMES = {modules!r}, {names!r}
real = builtins.__import__

class Without(types.ModuleType):
    def __init__(self, module, missing):
        super().__init__(module.__name__)
        self._of, self._missing = module, missing
    def __getattr__(self, name):
        if name in self._missing:
            raise AttributeError(f"module {{self.__name__!r}} has no attribute {{name!r}} on this system")
        return getattr(self._of, name)

def of_windows(name, globals=None, locals=None, fromlist=(), level=0):
    if not str((globals or {{}}).get("__name__", "")).startswith("rnn_cli"):
        return real(name, globals, locals, fromlist, level)
    for asked in (name, *(f"{{name}}.{{each}}" for each in fromlist or ())):
        if asked in MODULES:
            raise ImportError(f"no module named {{asked!r}} on this system")
    module = real(name, globals, locals, fromlist, level)
    if name in NAMES and not fromlist:
        return Without(module, NAMES[name])
    if name in NAMES:
        for each in fromlist:
            if each in NAMES[name]:
                raise ImportError(f"cannot import {{each!r}} on this system")
    return module

builtins.__import__ = of_windows
"""
RUN = """
import sys
import rnn_cli.runs.plan
from rnn_cli.cli.app import run
rnn_cli.runs.plan.CALIBRATION = 0.1
if __name__ == "__main__":
    for command in {commands!r}:
        print("$", *command, flush=True)
        status = run(command)
        assert status == 0, (command, status)
"""
SMALL = ["--tokenizer", "char", "--preset", "tanh", "--hidden", "8", "--batch", "8", "--seed", "1", "--quiet"]
COMMANDS = [
    ["vocab", "corpus.txt", "--tokenizer", "jieba", "--out", "words.vocab"],
    [
        "train",
        "corpus.txt",
        *SMALL,
        "--epochs",
        "1",
        "--threads",
        "2",
        "--log",
        "log.jsonl",
        "--save-every",
        "2",
    ],
    ["train", "--resume", "--epochs", "2", "--quiet"],
    ["train", "corpus.txt", *SMALL, "--plan"],
    ["sample", "--num", "2", "--seed", "1"],
    ["next", "Anna"],
    ["score", "corpus.txt"],
    ["score", "corpus.txt", "--per-line"],
    ["info"],
    ["cache"],
    ["cache", "--clear"],
    ["gradcheck", "--cell", "tanh", "--layers", "1", "--embedding", "0", "--output", "softmax"],
]


@pytest.fixture
def taken_away(tmp_path_factory):
    """The environment of a process, and of those that it starts, in which these modules and names are
    missing."""
    folder = tmp_path_factory.mktemp("taken-away")
    code = TAKE_AWAY.format(modules=MODULES, names=NAMES)
    (folder / "sitecustomize.py").write_text(code)
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(HOUSE.parent)])}


def test_they_are_missing_in_the_package_and_in_the_processes_that_it_starts(taken_away):
    code = """
import rnn_cli.locking, rnn_cli.machine, rnn_cli.replacing, rnn_cli.cli.signals
assert not rnn_cli.locking.has_locks()
assert not hasattr(rnn_cli.machine.os, "sched_getaffinity")
assert rnn_cli.cli.signals.HANGUP is None
"""
    subprocess.run([sys.executable, "-c", code], env=taken_away, check=True)


def test_the_package_runs_without_what_windows_does_not_have(taken_away, corpus, cache_folder, rnn):
    (Path("commands.py")).write_text(RUN.format(commands=COMMANDS))
    command = [sys.executable, "commands.py"]
    done = subprocess.run(command, env=taken_away, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("$ ")] == [
        " ".join(["$", *each]) for each in COMMANDS
    ]
    rnn(*COMMANDS[1], "--model", "here.npz")
    rnn(*COMMANDS[2], "--model", "here.npz")
    there, here = (LanguageModel.load(path).p for path in ("model.npz", "here.npz"))
    assert all((there[name] == here[name]).all() for name in here)


def posix_only(source):
    """What a source uses of NAMES and MODULES without another way: an import in a `try` or in a function, a
    name that also stands in quotes (hasattr, getattr) or whose absence is caught."""
    tree, found = ast.parse(source), []
    tried = {id(node) for each in ast.walk(tree) if isinstance(each, ast.Try) for node in ast.walk(each)}
    caught = {
        id(node)
        for each in ast.walk(tree)
        if isinstance(each, ast.Try | ast.With) and "AttributeError" in ast.unparse(each)
        for node in ast.walk(each)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            is_asked_for = f'"{node.attr}"' in source or id(node) in caught
            if node.attr in NAMES.get(node.value.id, ()) and not is_asked_for:
                found.append(name)
        elif isinstance(node, ast.Import) and id(node) not in tried:
            found += [alias.name for alias in node.names if alias.name in MODULES]
        elif isinstance(node, ast.ImportFrom) and id(node) not in tried and node.col_offset == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name for name in (node.module, *names) if name in MODULES]
    return found


def test_no_module_uses_what_is_of_posix_without_another_way():
    assert posix_only("import fcntl\nimport os\nos.getuid()") == ["fcntl", "os.getuid"]
    assert posix_only("from multiprocessing import resource_tracker")
    assert not posix_only('import os\nif hasattr(os, "getuid"):\n    os.getuid()')
    for path in HOUSE.rglob("*.py"):
        assert posix_only(path.read_text("utf-8")) == [], path
