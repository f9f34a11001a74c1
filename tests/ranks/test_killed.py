"""The harness of tests/crash on two ranks: killed anywhere, a run ends as the one that nothing stopped."""

import random
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))

import launch  # noqa: F401 (skips where there is no MPI)
from harness import Crashing, differences

SETTINGS = {"tokenizer": "char", "cell": "tanh", "hidden": 8, "batch": 8, "bptt": 8, "threads": 1}
SETTINGS |= {"carry_state": True, "dropout": 0.2, "schedule": "plateau", "patience": 8, "epochs": 2}
KILLED = (-signal.SIGKILL,)


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


@pytest.mark.parametrize("bug", ["", "lose_moments", "lose_carried_state", "restart_dropout"])
def test_a_run_that_was_killed_ends_as_the_uninterrupted_one_and_a_bug_is_told(bug, killed, whole, tmp_path):
    run = killed.copy(tmp_path / "copy")
    run.go(*([f"patches.{bug}()"] if bug else []))
    run.assert_whole()
    found = differences(whole, run.outcome())
    assert bool(found) == bool(bug), found
