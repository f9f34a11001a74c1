"""A run of any task that is killed ends as the one that nothing stopped."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from few_pairs import TASKS
from harness import Crashing, differences

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

WAYS = {  # a task, and settings of a run beside the small ones
    "classify": {"metric": "macro_f1", "save_every": "2"},
    "rate": {"metric": "mean_error", "schedule": "plateau"},
    "tag": {"metric": "span_f1", "cell": "lstm"},
    "translate": {"metric": "bleu", "attention": "bahdanau"},
    "generate": {"output": "softmax", "layers": 2},
}


@pytest.fixture(scope="module")
def begin(tmp_path_factory, python):
    """A run of a task that has not begun."""
    folder, numbers = tmp_path_factory.mktemp("crash"), iter(range(10**6))

    def call(task):
        lines, small = TASKS[task]
        text = "".join(f"{line}\n" for line in lines)
        settings = small | {"task": task} | WAYS[task]
        there = folder / f"{task}-{next(numbers)}"
        return Crashing(there, text, settings, by_command=False, python=python)

    return call


@pytest.fixture(scope="module")
def reference(begin):
    """What the uninterrupted run of a task leaves."""
    known = {}

    def call(task):
        if task not in known:
            run = begin(task)
            run.go()
            known[task] = run.outcome()
        return known[task]

    return call


@pytest.mark.parametrize("task", TASKS)
def test_a_run_that_is_killed_ends_as_the_uninterrupted_one(task, begin, reference):
    run = begin(task)
    for patch in ("patches.die_between(1)", "patches.die_after_step(9)", "patches.die_after_save(12)"):
        run.go(patch, statuses=(-signal.SIGKILL,))
        run.assert_whole()
    run.go()
    run.assert_whole()
    assert run.litter() == set()
    assert differences(reference(task), run.outcome()) == [], run.told


@pytest.mark.parametrize(
    ("task", "bug"), [("tag", "lose_moments"), ("rate", "lose_a_window"), ("translate", "restart_dropout")]
)
def test_a_bug_is_told(task, bug, begin, reference):
    run = begin(task)
    run.go("patches.die_after_step(15)", statuses=(-signal.SIGKILL,))
    run.go(f"patches.{bug}()")
    assert differences(reference(task), run.outcome())
