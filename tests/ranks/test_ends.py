"""A run on several ranks ends soon, with one line, on all of them; and goes on with the same bits."""

import json
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from launch import assert_same_bits, ended, start, train

from rnn_cli import storage

RUN = [
    "t.txt",
    "-t",
    "char",
    "--hidden",
    8,
    "--batch",
    16,
    "--bptt",
    8,
    "--epochs",
    2,
    "--carry-state",
    "--seed",
    2,
]
RUN += ["--threads", 1, "--save-every", 5, "--force", "--quiet", "--dropout", 0.1]
AT_STEP = """
import os, signal, time
import rnn_cli.training.loop as loop
from rnn_cli.errors import RnnError
from rnn_cli.processes import place
rank, _ = place(os.environ)
do_step = loop._step
def step(executor, recipe, at, part, lr):
    if at.step == {step} and rank == {rank}:
        {do}
    return do_step(executor, recipe, at, part, lr)
loop._step = step
"""


def at_step(rank, do, step=40):
    return AT_STEP.format(rank=rank, do=do, step=step)


def lines(said):
    """Without the warning of few cores, and without what MPI says of its own."""
    told = [line for line in said.splitlines() if line.startswith("rnn:")]
    return [line for line in told if "warning" not in line]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("t.txt").write_text("".join(f"{k} times {k} is {k * k}\n" for k in range(300)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing stops."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("t.txt").write_text("".join(f"{k} times {k} is {k * k}\n" for k in range(300)))
        train(2, *RUN, "--model", "m")
    return folder / "m"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_to_mpiexec_stops_all_ranks_and_the_run_goes_on_with_the_same_bits(number, status, whole):
    process = start(2, [*RUN, "--model", "m"], patch=at_step(1, "time.sleep(1.5)"))
    while not Path("m.state.npz").exists():
        time.sleep(0.02)
    process.send_signal(number)
    said, seconds = ended(process, status)
    assert lines(said) == []
    assert seconds < 5
    assert not list(Path().glob(".*"))
    assert storage.load(Path("m.state.npz"))[1]["position"]["step"] < 60  # of 88
    on_threads = number == signal.SIGINT  # which go on with it, too
    train(
        1 if on_threads else 2,
        "--resume",
        "--model",
        "m",
        "--quiet",
        *(["--threads", 2] if on_threads else []),
    )
    assert_same_bits("m", whole)


def test_a_rank_that_is_killed_ends_all_and_the_run_goes_on_with_the_same_bits_on_as_many(whole):
    began = time.monotonic()
    ended(start(2, [*RUN, "--model", "m"], patch=at_step(1, "os.kill(os.getpid(), 9)")), 9)
    assert time.monotonic() < began + 15
    assert not [path for path in Path().glob(".*") if "lock" not in path.name]
    Path("other").mkdir()
    for name in ("m.npz", "m.state.npz"):
        shutil.copy(name, "other")
    train(2, "--resume", "--model", "m", "--quiet")
    assert_same_bits("m", whole)
    said = train(3, "--resume", "--model", "other/m")
    assert "saved on 2 ranks of 1 thread, it goes on with 3 ranks of 1 thread" in said
    assert "last bits" in said


def test_an_error_on_one_rank_ends_all_with_a_line_that_names_its_machine():
    began = time.monotonic()
    said, _ = ended(
        start(2, [*RUN, "--model", "m"], patch=at_step(1, "raise RnnError('the disk is gone')")), 1
    )
    (line,) = lines(said)
    assert line.startswith("rnn: error: ")
    assert line.endswith(", rank 1: the disk is gone")
    assert time.monotonic() < began + 15


def test_a_rank_that_is_not_heard_from_ends_all():
    began = time.monotonic()
    said, _ = ended(
        start(2, [*RUN, "--model", "m", "--rank-timeout", 1], patch=at_step(1, "time.sleep(40)")), 1
    )
    (line,) = lines(said)
    assert line.endswith(", rank 0: nothing heard from the other ranks for 1 s")
    assert time.monotonic() < began + 15


def test_an_error_before_training_on_one_rank_names_its_machine():
    patch = "from rnn_cli.processes import place\nimport os\nif place(os.environ)[0] == 1:\n    os.chdir('/')"
    said, _ = ended(start(2, [*RUN, "--model", "m"], patch=patch), 1)
    (line,) = lines(said)
    assert "rank 1: t.txt" in line


def test_what_all_ranks_fail_with_is_said_once():
    failing = {
        "none.txt: no such file": ["none.txt"],
        "--hidden": ["t.txt", "--hidden", 0],
        "cannot read standard input": ["-"],
        "no/m": ["t.txt", "--model", "no/m"],
        "model.state.npz: there is none": ["--resume"],
    }
    told = lines(ended(start(2, *failing.values()), 2)[0])
    assert len(told) == len(failing)
    for line, what in zip(told, failing, strict=True):
        assert what.lower() in line.lower()
        assert "rank " not in line


def test_without_mpi4py_one_line_says_what_is_missing(monkeypatch):
    patch = "import sys; sys.modules['mpi4py'] = None"
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "1")
    assert lines(train(1, "t.txt", status=2, patch=patch)) == []
    monkeypatch.setenv("PMI_RANK", "0")
    (line,) = lines(train(1, "t.txt", status=2, patch=patch))
    assert "pip install 'rnn-cli[mpi]'" in line


def test_ranks_that_have_read_different_texts_are_told():
    Path("b").mkdir()
    Path("b/t.txt").write_text("".join(f"{k} and {k} is {k + k}\n" for k in range(300)))
    patch = "from rnn_cli.processes import place\nimport os\nif place(os.environ)[0] == 1:\n    os.chdir('b')"
    (line,) = lines(ended(start(2, [*RUN, "--model", "m", "--no-cache"], patch=patch), 1)[0])
    assert "rank 1 on " in line
    assert "has read another text" in line


def test_ranks_whose_parameters_have_come_apart_are_told_and_nothing_is_saved():
    said, _ = ended(start(2, [*RUN, "--model", "m"], patch=at_step(1, "at.p['W'] += 1e-6", step=2)), 1)
    (line,) = lines(said)
    assert "the parameters of rank 1 on " in line
    assert not Path("m.npz").exists()


def test_a_plan_says_what_ranks_send_each_other():
    patch = "import rnn_cli.runs.plan as plan; plan.CALIBRATION = 0.1"
    said, _ = ended(start(2, [*RUN, "--plan"], [*RUN, "--plan", "--json"], patch=patch))
    assert re.search(r"^ranks +2, each with 8 rows", said, re.M)
    assert re.search(r"^traffic +.* a step that a rank sends", said, re.M)
    assert re.search(r"^sum +.* s of the .* s of a step", said, re.M)
    found = json.loads(said.splitlines()[-1])
    dense = 4 * found["parameters"]  # half of the slices, and half of the sum
    assert dense <= found["traffic"] < 1.3 * dense
    assert (found["ranks"], found["rows_a_rank"]) == (2, 8)
