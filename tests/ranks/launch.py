"""rnn on several ranks, started by the mpiexec that belongs to this Python."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from rnn_cli import storage

pytest.importorskip("mpi4py", reason="there is no mpi4py")
MPIEXEC = Path(sys.executable).parent / "mpiexec"
if not MPIEXEC.exists():
    pytest.skip("there is no mpiexec beside this Python: pip install mpich", allow_module_level=True)
HERE = Path(__file__).parent
# Else a run that takes a second or two is left to one rank, as it is to one thread.
WORTHWHILE = "import rnn_cli.training.parallel.executor as e; e.STEP_FLOPS = e.RUN_FLOPS = 0"
MAIN = """
import sys
from rnn_cli.cli.app import run
sys.path.insert(0, {here!r})
{patch}
sys.exit(run(sys.argv[1:]))
"""
SCENES = """
import sys
sys.path.insert(0, {here!r})
import scenes
scenes.play(sys.argv[1])
"""
LIMIT = 60  # seconds that no run here takes


class Scene(NamedTuple):
    """A command, and Python that each rank runs before it. What that changes holds for the scene only.

    words: of the command; `train` stands before them if they name no other.
    """

    words: list
    patch: str = ""
    folder: str = "."


class Seen(NamedTuple):
    status: int
    said: str  # by all ranks, on standard output and error


def start(size, *words, patch="", launcher=(), under=()):
    """A process of `rnn train` with these words; on more ranks than 1, of mpiexec. launcher: options of
    mpiexec. under: the command that mpiexec is an argument of."""
    ranks = [*under, str(MPIEXEC), *launcher, "-n", str(size)] if size > 1 else []
    source = "\n".join([WORTHWHILE, MAIN.format(here=str(HERE), patch=patch)])
    return begun([*ranks, sys.executable, "-c", source, "train", *map(str, words)])


def begun(command):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    )


def ended(process, status=0):
    """-> (what it has said on standard output and error, seconds until it ended)"""
    began = time.monotonic()
    try:
        out, said = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert status is None or process.returncode == status, said
    return out + said, time.monotonic() - began


def played(size, scenes):
    """What came of some scenes, one after another in one start of the ranks: by their names, as `Seen`."""
    return seen(playing(size, scenes), scenes)


def playing(size, scenes):
    """The process of some scenes."""
    said = [
        (name, scene._replace(words=[*map(str, scene.words)], patch="\n".join([WORTHWHILE, scene.patch])))
        for name, scene in scenes.items()
    ]
    Path(f"scenes{size}.json").write_text(json.dumps(said))
    ranks = [str(MPIEXEC), "-n", str(size)] if size > 1 else []
    source = SCENES.format(here=str(HERE))
    return begun([*ranks, sys.executable, "-c", source, f"scenes{size}.json"])


def seen(process, scenes):
    """What came of the scenes of a process."""
    ended(process)
    found = {}
    for name in scenes:
        files = sorted(Path("said").glob(f"{name}.*"))
        statuses = {int(file.read_text()) for file in files if file.suffix == ".status"}
        assert len(statuses) == 1, (name, statuses)
        text = "".join(file.read_text() for file in files if file.suffix == ".text")
        found[name] = Seen(statuses.pop(), text)
    return found


def arrays(path):
    """Of a model or a state, by name."""
    return {name: array.tobytes() for name, array in storage.load(Path(path))[0].items()}


def assert_same_bits(a, b):
    for end in (".npz", ".state.npz"):
        ours, theirs = arrays(f"{a}{end}"), arrays(f"{b}{end}")
        assert ours.keys() == theirs.keys()
        other = [name for name in ours if ours[name] != theirs[name]]
        assert other == []
