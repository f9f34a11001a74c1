"""A run that is killed, anywhere and any number of times, ends as the one that nothing stopped.

The short form has a few seeds; `pytest --long` has hundreds of them. A failure names the seed, and what
the run's processes said.
"""

import random
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import ENDED, FILES, STRACE, TEMPORARY, Crashing, differences

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
with_strace = pytest.mark.skipif(STRACE is None, reason="there is no strace")

SMALL = {"tokenizer": "char", "cell": "tanh", "hidden": 8, "batch": 4, "bptt": 8, "threads": 1}
CHANGING = {"carry_state": True, "dropout": 0.2, "schedule": "plateau", "patience": 8}
CHANGING |= {"valid": "backwards.txt", "lr": 0.05, "epochs": 4}  # where it gets worse soon
WILD = {"cell": "relu", "layers": 2, "bptt": 32, "optimizer": "sgd", "lr": 1000.0, "clip": 0.0}
WILD |= {"schedule": "constant", "dropout": 0.0, "weight_decay": 0.0}
WILD |= {"max_rollbacks": 20, "epochs": 2, "save_every": "1"}  # it goes back several times
WAYS = {  # what a run is like: its settings, and its patch
    "carried": (SMALL | CHANGING, ""),
    "lines": (SMALL | {"cell": "lstm", "dropout": 0.2, "epochs": 2}, ""),
    "two": (SMALL | {"batch": 8, "threads": 2, "epochs": 2}, "patches.two_processes()"),
    "wild": (SMALL | WILD, ""),
}
BUGS = [
    *("lose_moments", "lose_a_window", "lose_carried_state", "lose_the_best", "lose_lr_factor"),
    *("restart_schedule", "restart_dropout", "keep_rows"),
]
CALLS = {"rename": 15, "fsync": 40, "write": 600, "unlink": 6, "openat": 700}  # about as many in a run


def corpus():
    words = random.Random(0)
    nouns, verbs = ("bird", "book", "river", "lamp", "friend"), ("reads", "finds", "likes", "has")
    lines = [f"{words.choice(nouns)} {words.choice(verbs)} a {words.choice(nouns)}." for _ in range(60)]
    return "".join(f"{line}\n" for line in lines)


@pytest.fixture(scope="module")
def begin(tmp_path_factory, python):
    """A run of such a way that has not begun; by_command=False: of a script in Python."""
    folder = tmp_path_factory.mktemp("crash")
    numbers = iter(range(10**6))

    def call(way, by_command=True):
        there = folder / f"{way}-{next(numbers)}"
        return Crashing(there, corpus(), *WAYS[way], by_command=by_command, python=python)

    return call


@pytest.fixture(scope="module")
def reference(begin):
    """What the uninterrupted run of a way leaves, the run, and the seconds that it took."""
    known = {}

    def call(way):
        if way not in known:
            run, began = begin(way), time.monotonic()
            run.go()
            known[way] = run.outcome(), run, time.monotonic() - began
        return known[way]

    return call


def end(run, way, reference):
    """Go on to the run's own end, which is to be the uninterrupted one's."""
    run.assert_whole()
    run.go()
    run.assert_whole()
    assert run.litter() == set()
    assert differences(reference(way)[0], run.outcome()) == [], run.told


@pytest.mark.seeds(short=2, long=300)
def test_killed_at_random_times_it_ends_as_the_uninterrupted_one(seed, begin, reference):
    way = ["lines", "two", "carried"][seed % 3]
    kill_at_random_times(seed, way, begin(way), reference)


@pytest.mark.seeds(short=3, long=300)
def test_a_script_killed_at_random_times_ends_as_the_uninterrupted_command(seed, begin, reference):
    way = ["two", "carried", "lines"][seed % 3]
    run = begin(way, by_command=False)
    kill_at_random_times(seed, way, run, reference)
    assert run.told[-1] == ""


def kill_at_random_times(seed, way, run, reference):
    chance, length = random.Random(seed), reference(way)[2]
    for _ in range(chance.randint(1, 3)):
        number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        once_trained = chance.random() < 0.8
        run.kill(number, chance.uniform(0, length / 2 if once_trained else length), once_trained)
        run.assert_whole()
    end(run, way, reference)


@pytest.mark.parametrize("by_command", [True, False], ids=["command", "script"])
def test_killed_between_the_two_renamings_it_loses_nothing(by_command, begin, reference):
    """In the first pair there is no state yet beside the model."""
    run = begin("lines", by_command)
    for pair in (1, 2):
        run.go(f"patches.die_between({pair})", statuses=(-signal.SIGKILL,))
        run.assert_whole()
        assert run.litter() >= {TEMPORARY[1]}
        assert (run.folder / FILES[1]).exists() == (pair > 1)
    end(run, "lines", reference)


@with_strace
@pytest.mark.seeds(short=1, long=200)
def test_killed_at_system_calls_it_ends_as_the_uninterrupted_one(seed, begin, reference):
    chance, run = random.Random(seed), begin("lines")
    for _ in range(2):
        call = chance.choice([*CALLS, "rename", "fsync"])
        inject = f"inject={call}:signal=KILL:when={chance.randint(1, CALLS[call])}"
        run.go(strace=("-e", f"trace={call}", "-e", inject), statuses=ENDED)
        run.assert_whole()
    end(run, "lines", reference)


@with_strace
@pytest.mark.parametrize("lasts", [False, True], ids=["once", "from then on"])
@pytest.mark.seeds(short=1, long=50)
def test_a_save_that_fails_leaves_the_old_files_and_is_made_up_for(seed, lasts, begin, reference):
    chance, run = random.Random(100 * lasts + seed), begin("lines")
    call, error = chance.choice([("write", "ENOSPC"), ("write", "EIO"), ("fsync", "EIO"), ("rename", "EIO")])
    when = chance.randint(1, CALLS[call] // 3)
    paths = [
        option for name in TEMPORARY for path in (name, str(run.folder / name)) for option in ("-P", path)
    ]
    inject = f"inject={call}:error={error}:when={when}{'+' if lasts else ''}"
    run.go(strace=(*paths, "-e", f"trace={call}", "-e", inject), statuses=(1,) if lasts else (0,))
    run.assert_whole()
    told = run.told[-1].splitlines()
    assert [line.startswith(f"rnn: {kind}") for line, kind in zip(told, ("warning", "error"), strict=False)]
    assert len(told) == 1 + lasts
    if not (call == "rename" and lasts):  # then the second file of a pair waits for its renaming
        assert run.litter() == set()
    if lasts:
        end(run, "lines", reference)
    else:
        assert differences(reference("lines")[0], run.outcome()) == []


@pytest.mark.parametrize("by_command", [True, False], ids=["command", "script"])
def test_a_run_that_goes_back_and_is_killed_ends_as_the_uninterrupted_one(by_command, begin, reference):
    assert len(reference("wild")[1].rows("rollback")) > 2
    run = begin("wild", by_command)
    for rollbacks in (0, 2):  # both before another
        run.go(f"patches.die_after_save(1, {rollbacks})", statuses=(-signal.SIGKILL,))
        run.assert_whole()
    end(run, "wild", reference)


def test_a_run_may_go_on_by_command_and_by_script_in_turn(begin, reference):
    run = begin("carried")
    for step in (20, 40, 60):
        run.go(f"patches.die_after_step({step})", statuses=(-signal.SIGKILL,))
        run.by_command = not run.by_command
    end(run, "carried", reference)


# The harness can fail: each of these bugs, put into the process that goes on, is told.


@pytest.fixture(scope="module")
def with_bugs(begin, reference, tmp_path_factory):
    """What differs after a run was killed in an epoch and gone on with: by bug, "" for none."""
    expected, whole, _ = reference("carried")
    rows = whole.rows("valid")
    losses = [row["valid_loss"] for row in rows]
    worse = [n for n in range(1, len(losses)) if losses[n] >= min(losses[:n])]
    assert len(worse) > 1  # epochs that are not the best: lr_factor tells of one, best_loss of the next
    killed, folder = begin("carried"), tmp_path_factory.mktemp("bugs")
    begun = rows[worse[1] - 1]["step"]  # the epoch; in it comes a save, then a row of the log
    step = next(n for n in range(begun + 1, begun + 70) if n % 10 == 0 and 0 < n % 7 < n - begun)
    killed.go(f"patches.die_after_step({step})", statuses=(-signal.SIGKILL,))

    def go_on(bug):
        run = killed.copy(folder / f"with-{bug}")
        run.go(f"patches.{bug}()" if bug else "")
        return differences(expected, run.outcome())

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(["", *BUGS], pool.map(go_on, ["", *BUGS]), strict=True))


def test_without_a_bug_nothing_differs(with_bugs):
    assert with_bugs[""] == []


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_told(bug, with_bugs):
    assert with_bugs[bug]
