"""A run on several ranks ends soon, with one line, on all of them; and goes on with the same bits."""

import json
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from launch import Scene, assert_same_bits, ended, played, playing, seen, start

from rnn_cli import storage
from rnn_cli.cli import console
from rnn_cli.cli.app import run
from rnn_cli.training.parallel import world

RUN = ["t.txt", "-t", "char", "--carry-state", "--hidden", 8, "--batch", 16, "--bptt", 8, "--epochs", 2]
RUN += ["--dropout", 0.1, "--seed", 2, "--threads", 1, "--save-every", 5, "--force", "--quiet", "--no-cache"]
AT_STEP = """
import os, signal, time
import rnn_cli.training.loop as loop
from rnn_cli.errors import RnnError
from rnn_cli.processes import place
rank, _ = place(os.environ)
do_step = loop._step
def step(executor, recipe, at, *rest):
    if at.step == {step} and rank == {rank}:
        {do}
    return do_step(executor, recipe, at, *rest)
loop._step = step
"""
IN_FOLDER = """
import os
from rnn_cli.processes import place
if place(os.environ)[0] == 1:
    os.chdir({folder!r})
"""
SOON = "import rnn_cli.cli.ranks as ranks; ranks.FAREWELL = 0.5"  # a rank waits, and uses a core
FAILING = {
    "none.txt: no such file": ["none.txt"],
    "--hidden": ["t.txt", "--hidden", 0],
    "cannot read standard input": ["-"],
    "pipe.txt: a run on several ranks cannot read a pipe": ["pipe.txt"],
    "no/m": ["t.txt", "--model", "no/m"],
    "model.state.npz: there is no such file": ["--resume"],
}
STOPPED = {"TERM": (signal.SIGTERM, 143), "INT": (signal.SIGINT, 130)}


def at_step(rank, do, step=40):
    return AT_STEP.format(rank=rank, do=do, step=step)


ENDED = {  # by something at a step of rank 1: (what, more options, status)
    **{name: (at_step(1, "time.sleep(0.8)"), [], status) for name, (_, status) in STOPPED.items()},
    "killed": (at_step(1, "os.kill(os.getpid(), 9)"), [], 9),
    "error": (SOON + at_step(1, "raise RnnError('the disk is gone')"), [], 1),
    "silent": (at_step(1, "time.sleep(40)"), ["--rank-timeout", 1], 1),
}


def lines(said):
    """Without warnings, and without what MPI says of its own."""
    told = [line for line in said.splitlines() if line.startswith("rnn:")]
    return [line for line in told if "warning" not in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("ends"))
        Path("t.txt").write_text("".join(f"{k} times {k} is {k * k}\n" for k in range(300)))
        os.mkfifo("pipe.txt")
        Path("b").mkdir()
        Path("b/t.txt").write_text("".join(f"{k} and {k} is {k + k}\n" for k in range(300)))
        yield Path.cwd()


@pytest.fixture(scope="module")
def told(folder):
    """What came of commands on two ranks that end in order, in one start of them."""
    calibration = "import rnn_cli.runs.plan as plan; plan.CALIBRATION = 0.1"
    scenes = {
        "whole": Scene([*RUN, "--model", "whole"]),
        "plan": Scene([*RUN, "--plan"], calibration),
        "plan in JSON": Scene([*RUN, "--plan", "--json"], calibration),
        "missing": Scene([*RUN, "--model", "m"], IN_FOLDER.format(folder="/")),
        "another text": Scene([*RUN, "--model", "m"], IN_FOLDER.format(folder="b")),
        "apart": Scene([*RUN, "--model", "m"], at_step(1, "at.p['W'] += 1e-6", step=2)),
        "TERM on one rank": Scene([*RUN, "--model", "one"], at_step(1, "os.kill(os.getpid(), 15)")),
        "and on": Scene(["--resume", "--model", "one"]),
        **{f"failing {k}": Scene(words) for k, words in enumerate(FAILING.values())},
    }
    return played(2, scenes)


@pytest.fixture(scope="module")
def stops(folder, told):
    """What came of runs on two ranks, by how they were ended: (what they have said, seconds until then)."""
    processes = {
        name: start(2, *RUN, "--model", name, *more, patch=patch) for name, (patch, more, _) in ENDED.items()
    }
    began = time.monotonic()
    for name, (number, _) in STOPPED.items():
        while not Path(f"{name}.state.npz").exists():
            time.sleep(0.02)
        processes[name].send_signal(number)
    return {
        name: (ended(process, ENDED[name][2])[0], time.monotonic() - began)
        for name, process in processes.items()
    }


@pytest.fixture(scope="module")
def resumed(stops):
    """What those that were stopped or killed say when they go on: as they were, on threads, on another number
    of ranks."""
    for end in (".npz", ".state.npz"):
        shutil.copy(f"killed{end}", f"three{end}")
    ways = {
        2: {name: Scene(["--resume", "--model", name]) for name in ("TERM", "killed")},
        1: {"INT": Scene(["--resume", "--model", "INT", "--threads", 2])},
        3: {"three": Scene(["--resume", "--model", "three"])},
    }
    processes = {size: playing(size, scenes) for size, scenes in ways.items()}
    found = {}
    for size, scenes in ways.items():
        found |= seen(processes[size], scenes)
    assert {each.status for each in found.values()} == {0}
    return found


@pytest.mark.parametrize("name", STOPPED)
def test_a_signal_to_mpiexec_stops_all_ranks_which_save(name, stops, folder):
    said, seconds = stops[name]
    assert lines(said) == []
    assert seconds < 20
    assert not list(Path().glob(f".*{name}*"))


def test_a_signal_to_one_rank_stops_all(told):
    assert (told["TERM on one rank"].status, told["and on"].status) == (143, 0)
    assert_same_bits("one", "whole")


@pytest.mark.parametrize("name", ["TERM", "INT", "killed"])
def test_what_was_stopped_or_killed_goes_on_with_the_same_bits_also_on_threads(name, resumed):
    assert_same_bits(name, "whole")


def test_a_rank_that_is_killed_ends_all_and_leaves_whole_files(stops):
    assert stops["killed"][1] < 20
    assert not [path for path in Path().glob(".*killed*") if "lock" not in path.name]


def test_on_another_number_of_ranks_it_says_that_bits_differ(resumed):
    assert "saved on 2 ranks of 1 thread, it goes on with 3 ranks of 1 thread" in resumed["three"].said
    assert "last bits" in resumed["three"].said
    losses = [storage.load(Path(f"{name}.state.npz"))[1]["position"]["curve"] for name in ("three", "whole")]
    assert losses[0] == [pytest.approx(epoch, rel=0.01) for epoch in losses[1]]  # with another dropout


def test_an_error_on_one_rank_ends_all_with_a_line_that_names_its_machine(stops):
    (line,) = lines(stops["error"][0])
    assert line.startswith("rnn: error: ")
    assert line.endswith(", rank 1: the disk is gone")
    assert stops["error"][1] < 20


def test_a_rank_that_is_not_heard_from_ends_all(stops):
    (line,) = lines(stops["silent"][0])
    assert line.endswith(", rank 0: nothing heard from the other ranks for 1 s")
    assert stops["silent"][1] < 20


def test_an_error_before_training_on_one_rank_names_its_machine(told):
    status, said = told["missing"]
    (line,) = lines(said)
    assert status == 1
    assert "rank 1: t.txt" in line


@pytest.mark.parametrize("what", FAILING)
def test_what_all_ranks_fail_with_is_said_once(what, told):
    status, said = told[f"failing {list(FAILING).index(what)}"]
    (line,) = lines(said)
    assert status in (1, 2)
    assert what in line.lower()
    assert "rank " not in line


def test_without_mpi4py_one_line_says_what_is_missing(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.delitem(sys.modules, "rnn_cli.training.parallel.mpi", raising=False)
    monkeypatch.setattr(world, "_world", None)
    monkeypatch.setattr(console, "_is_muted", False)
    monkeypatch.setenv("PMI_SIZE", "2")
    for rank in (0, 1):  # the second is muted from here on
        monkeypatch.setenv("PMI_RANK", str(rank))
        assert run(["train", "t.txt"]) == 2
        said = lines(capfd.readouterr().err)
        assert ["pip install 'rnn-cli[mpi]'" in line for line in said] == [True] * (1 - rank)


def test_ranks_that_have_read_different_texts_are_told(told):
    (line,) = lines(told["another text"].said)
    assert "rank 1 on " in line
    assert "has read a different text" in line


def test_ranks_whose_parameters_have_come_apart_are_told_and_nothing_is_saved(told):
    (line,) = lines(told["apart"].said)
    assert "the parameters of rank 1 on " in line
    assert not Path("m.npz").exists()


def test_a_plan_says_what_ranks_send_each_other(told):
    said = told["plan"].said
    assert re.search(r"^ranks +2, each with 8 rows", said, re.M)
    assert re.search(r"^traffic +.* a step that a rank sends", said, re.M)
    assert re.search(r"^sum +.* s of the .* s of a step", said, re.M)
    found = json.loads(told["plan in JSON"].said.splitlines()[-1])
    dense = 4 * found["parameters"]  # half of the slices, and half of the sum
    assert dense <= found["traffic"] < 1.3 * dense
    assert (found["ranks"], found["rows_a_rank"]) == (2, 8)
