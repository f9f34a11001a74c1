"""The harness of tests/crash on two ranks: killed anywhere, a run ends as the one that nothing stopped."""

import random
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))

from harness import Crashing, differences
from launch import Scene, played

SETTINGS = {"tokenizer": "char", "cell": "tanh", "hidden": 8, "batch": 8, "bptt": 8, "threads": 1}
SETTINGS |= {"carry_state": True, "dropout": 0.2, "schedule": "plateau", "patience": 8, "epochs": 2}
KILLED = (-signal.SIGKILL,)
CRASH = str(Path(__file__).parents[1] / "crash")
NONE = "no bug"
BUGS = [NONE, "lose_moments", "lose_carried_state", "restart_dropout"]


@pytest.fixture(scope="module")
def begin(tmp_path_factory):
    folder, numbers = tmp_path_factory.mktemp("killed"), iter(range(100))
    words = random.Random(0)
    nouns, verbs = ("bird", "book", "river", "lamp"), ("reads", "finds", "likes")
    lines = [f"{words.choice(nouns)} {words.choice(verbs)} a {words.choice(nouns)}.\n" for _ in range(60)]

    def call():
        return Crashing(
            folder / str(next(numbers)), "".join(lines), SETTINGS, "patches.two_processes()", ranks=2
        )

    return call


@pytest.fixture(scope="module")
def whole(begin):
    run = begin()
    run.go()
    return run.outcome()


@pytest.fixture(scope="module")
def killed(begin):
    """In the first save, and in the second epoch."""
    run = begin()
    run.go("patches.die_between(1)", statuses=KILLED)
    run.go("patches.die_after_step(29)", statuses=KILLED)
    run.assert_whole()
    return run


@pytest.fixture(scope="module")
def resumed(killed, whole, tmp_path_factory):
    """How runs that go on differ from the one that nothing stopped, by the bug that they have."""
    folder = tmp_path_factory.mktemp("resumed")
    runs = {bug: killed.copy(folder / f"with {bug}") for bug in BUGS}
    scenes = {
        bug: Scene(
            ["--resume", "--model", "m.npz", "--quiet"],
            f"import sys; sys.path.insert(0, {CRASH!r}); import patches; patches.two_processes()\n"
            + (f"patches.{bug}()" if bug != NONE else ""),
            str(run.folder),
        )
        for bug, run in runs.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert {each.status for each in played(2, scenes).values()} == {0}
    for run in runs.values():
        run.assert_whole()
    return {bug: differences(whole, run.outcome()) for bug, run in runs.items()}


@pytest.mark.parametrize("bug", BUGS)
def test_a_run_that_was_killed_ends_as_the_uninterrupted_one_and_a_bug_is_told(bug, resumed):
    assert bool(resumed[bug]) == (bug != NONE), resumed[bug]
