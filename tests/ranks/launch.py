"""rnn train on several ranks, started by the mpiexec that belongs to this Python."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnn_cli import storage

pytest.importorskip("mpi4py", reason="there is no mpi4py")
MPIEXEC = Path(sys.executable).parent / "mpiexec"
if not MPIEXEC.exists():
    pytest.skip("there is no mpiexec beside this Python: pip install mpich", allow_module_level=True)
MAIN = "import json, sys; from rnn_cli.cli.app import run; sys.exit(max(map(run, json.loads(sys.argv[1]))))"
# Else a run that takes a second or two is left to one rank, as it is to one thread.
WORTHWHILE = "import rnn_cli.training.parallel.executor as e; e.STEP_FLOPS = e.RUN_FLOPS = 0"
LIMIT = 60  # seconds that no run here takes


def start(size, *commands, patch="", launcher=(), under=()):
    """A process of `rnn train` with these words, one command after another; on more ranks than 1, of
    mpiexec. launcher: options of mpiexec. under: the command that mpiexec is an argument of."""
    lines = [["train", *map(str, words)] for words in commands]
    ranks = [*under, str(MPIEXEC), *launcher, "-n", str(size)] if size > 1 else []
    source = "\n".join([WORTHWHILE, patch, MAIN])
    command = [*ranks, sys.executable, "-c", source, json.dumps(lines)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=environment
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


def train(size, *words, status=0, patch=""):
    return ended(start(size, words, patch=patch), status)[0]


def arrays(path):
    """Of a model or a state, by name."""
    return {name: array.tobytes() for name, array in storage.load(Path(path))[0].items()}


def assert_same_bits(a, b):
    for end in (".npz", ".state.npz"):
        ours, theirs = arrays(f"{a}{end}"), arrays(f"{b}{end}")
        assert ours.keys() == theirs.keys()
        other = [name for name in ours if ours[name] != theirs[name]]
        assert other == []
