"""Several commands in one process, or one start of several ranks: starting takes longer than what they do.

Each rank writes what it says into said/NAME.RANK.text, and its status into said/NAME.RANK.status.
"""

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path

from rnn_cli.cli.app import run
from rnn_cli.processes import place

COMMANDS = ("train", "vocab")


def play(path):
    Path("said").mkdir(exist_ok=True)
    rank = place(os.environ)[0]
    for name, (words, patch, folder) in json.loads(Path(path).read_text()):
        said = Path("said").absolute() / f"{name}.{rank}.text"
        with as_before(), into(said):
            os.chdir(folder)
            exec(patch, {})
            status = run(words if words[0] in COMMANDS else ["train", *words])
        said.with_suffix(".status").write_text(str(status))


@contextmanager
def into(path):
    """With standard output and error in a file."""
    before = [os.dup(1), os.dup(2)]
    with open(path, "w") as file:
        sys.stdout.flush()
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number, saved in zip((1, 2), before, strict=True):
                os.dup2(saved, number)
                os.close(saved)


@contextmanager
def as_before():
    """With the working folder, and what the modules and classes of rnn hold, as it was, at the end."""
    folder, held = os.getcwd(), [(thing, dict(vars(thing))) for thing in things()]
    replace = os.replace
    yield
    os.chdir(folder)
    os.replace = replace
    for thing, before in held:
        for name, value in before.items():
            is_patched = vars(thing).get(name) is not value
            if is_patched and (callable(value) or isinstance(value, int | float)):
                setattr(thing, name, value)


def things():
    """The modules of rnn, and the classes that are defined there."""
    modules = [module for name, module in sys.modules.items() if name.startswith("rnn_cli.")]
    yield from modules
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield value
