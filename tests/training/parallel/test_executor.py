"""A batch in shards."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from rnn_cli.errors import RnnError
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import NO_DROP, Drop
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network, Sequences
from rnn_cli.training import loop
from rnn_cli.training.judging import Judging
from rnn_cli.training.optimizers import OPTIMIZERS, Step, apply, initial_moments
from rnn_cli.training.parallel import executor as module
from rnn_cli.training.parallel import ranks
from rnn_cli.training.parallel.executor import Executor, worthwhile_threads
from rnn_cli.training.parallel.ranks import Dropout


def problem(B, m=11, n=6, T=5, **kind):
    rng = np.random.default_rng(B)
    network = Network(m, n, **kind)
    keep, weight = rng.integers(2, size=(2, T, B)).astype(np.float32)
    batch = Sequences(rng.integers(m, size=(T, B)), rng.integers(m, size=(T, B)), keep, weight)
    state = {name: rng.standard_normal((B, n)).astype(np.float32) for name in network.zero_state(B)}
    return network, network.initialise(rng, np.ones(m)), batch, state


@pytest.mark.parametrize("m", [11, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize(("threads", "B"), [(1, 37), (2, 1), (2, 16), (3, 37)])
def test_shards_give_what_the_whole_batch_gives(threads, B, m):
    network, p, batch, state = problem(B, m)
    E, gradients, after = network.loss_and_gradients(p, batch, state, Workspace(np.float32))
    with Executor(network, p, batch.x.shape, threads) as executor:
        E_shards, gradients_shards, after_shards = executor.loss_and_gradients(batch, state)
        gradients_shards = network.dense(gradients_shards)
        assert executor.evaluate(batch, state)[0] == pytest.approx(E)
    gradients = network.dense(gradients)
    assert E_shards == pytest.approx(E)
    np.testing.assert_allclose(after_shards["s"], after["s"], rtol=1e-5, atol=1e-6)
    assert gradients_shards.keys() == gradients.keys() == p.keys()
    for name in p:
        np.testing.assert_allclose(gradients_shards[name], gradients[name], rtol=1e-4, atol=1e-5)
        assert gradients_shards[name].dtype == np.float32


@pytest.mark.parametrize("m", [11, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize(
    "kind",
    [
        {"cell": "lstm", "layers": 2, "embedding": 4},
        {"cell": "gru", "layers": 2, "embedding": 6, "tie": True},
        {"cell": "lstm", "layers": 2, "output": "adaptive", "cutoffs": (4, 6)},
        {"cell": "gru", "embedding": 6, "tie": True, "output": "classes", "cutoffs": (4, 6)},
    ],
    ids=lambda kind: "-".join(map(str, kind.values())),
)
def test_shards_of_every_kind_of_network_give_what_the_whole_batch_gives(kind, m):
    network, p, batch, state = problem(16, m, **kind)
    batch.y[:, 8:] %= 4  # all of the second shard's are in the head of an output layer of two levels
    whole = network.loss_and_gradients(p, batch, state, Workspace(np.float32))
    with Executor(network, p, batch.x.shape, 2) as executor:
        for _ in range(2):  # and again, on what the first left behind
            E, gradients, after = executor.loss_and_gradients(batch, state)
        assert list(gradients) == list(p)
        gradients = network.dense(gradients)
    assert pytest.approx(whole[0]) == E
    assert after.keys() == state.keys()
    for name, array in whole[2].items():
        np.testing.assert_allclose(after[name], array, rtol=1e-5, atol=1e-6)
    for name, array in network.dense(whole[1]).items():
        np.testing.assert_allclose(gradients[name], array, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("m", [11, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize("rows", [37, 12])
def test_batches_of_any_size_up_to_the_window_go_through_the_same_ranks(rows, m):
    network, p, largest, state = problem(rows, m)
    with Executor(network, p, largest.x.shape, 3) as executor:
        # of 12 rows each process has 4, and of 11 two have 5 and 6
        for T, B in ((5, rows), (5, 11), (2, rows), (1, 8), (5, rows)):
            batch = Sequences(*(array[:T, :B] for array in largest))
            before = {name: s[:B] for name, s in state.items()}
            E, gradients, after = network.loss_and_gradients(p, batch, before, Workspace(np.float32))
            of_shards = executor.loss_and_gradients(batch, before)
            assert of_shards[0] == pytest.approx(E)
            np.testing.assert_allclose(of_shards[2]["s"], after["s"], rtol=1e-5, atol=1e-6)
            for name, array in network.dense(gradients).items():
                found = network.dense(of_shards[1])[name]
                np.testing.assert_allclose(found, array, rtol=1e-4, atol=1e-5, err_msg=name)
        with pytest.raises(ValueError, match="the largest"):
            executor.evaluate(Sequences(*(np.repeat(array, 2, axis=0) for array in largest)), state)


def test_the_state_after_a_batch_stays_when_the_next_is_computed():
    network, p, batch, state = problem(32)
    with Executor(network, p, batch.x.shape, 2) as executor:
        after = executor.evaluate(batch, state)[1]
        copy = after["s"].copy()
        executor.evaluate(batch, after)
        np.testing.assert_array_equal(after["s"], copy)


def test_the_same_threads_give_the_same_bits():
    network, p, batch, state = problem(32)
    runs = []
    for _ in range(3):
        with Executor(network, p, batch.x.shape, 3) as executor:
            runs.append(network.dense(executor.loss_and_gradients(batch, state)[1]))
    for run in runs[1:]:
        for name in p:
            np.testing.assert_array_equal(run[name], runs[0][name])


def test_a_large_network_keeps_one_copy_of_its_gradients(monkeypatch):
    network, p, batch, state = problem(32)
    monkeypatch.setattr(module, "SHARDED_UP_TO", network.size - 1)
    with Executor(network, p, batch.x.shape, 2) as executor:
        assert not executor.sharded
        assert executor.loss_and_gradients(batch, state)[0] > 0


def test_blas_has_its_threads_back_afterwards():
    def blas():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas()
    with Executor(*problem(8)[:2], (5, 8), 2):
        assert set(blas()) == {1}
    assert blas() == before


def test_an_error_in_a_shard_is_raised():
    network, p, batch, state = problem(32)
    batch.y[:, 16:] = 99  # no such token, in the second shard
    with Executor(network, p, batch.x.shape, 2) as executor, pytest.raises(IndexError):
        executor.loss_and_gradients(batch, state)


def test_after_an_error_in_one_shard_the_next_batch_is_computed_as_ever():
    network, p, batch, state = problem(36)
    with Executor(network, p, batch.x.shape, 3) as executor:
        right = executor.evaluate(batch, state)[0]
        spoilt = Sequences(batch.x, batch.y.copy(), batch.keep, batch.weight)
        spoilt.y[:, 0] = 99
        for _ in range(2):
            with pytest.raises(IndexError):
                executor.evaluate(spoilt, state)
        assert executor.evaluate(batch, state)[0] == right


@pytest.mark.parametrize("threads", [1, 2])
def test_the_callers_parameters_are_left_alone(threads):
    network, p, batch, state = problem(32)
    before = {name: array.copy() for name, array in p.items()}
    optimizer = OPTIMIZERS["sgd"]
    with Executor(network, p, batch.x.shape, threads) as executor:
        first = executor.evaluate(batch, state)[0]
        gradients = executor.loss_and_gradients(batch, state)[1]
        executor.update(partial(apply, optimizer, executor.p, gradients, {}, Step(0.1, 1)))
        for name, array in p.items():
            np.testing.assert_array_equal(array, before[name])
            assert (executor.p[name] != array).any()
            array[...] = 0  # of which the executor knows nothing
        with Executor(network, before, batch.x.shape, threads) as other:
            assert other.evaluate(batch, state)[0] == first
        assert executor.evaluate(batch, state)[0] < first


@pytest.mark.parametrize(
    ("rows", "steps", "windows", "expected"),
    [(64, 64, 1e6, 4), (64, 64, 1, 1), (8, 512, 1e6, 2), (3, 512, 1e6, 1), (4, 1, 1e9, 1)],
)
def test_no_more_threads_are_used_than_do_work_that_is_worth_a_process(rows, steps, windows, expected):
    flops = Network(65, 256).flops(np.ones(65))
    assert worthwhile_threads(flops, rows, steps, windows, threads=4) == expected


def test_a_process_that_was_killed_is_reported_with_a_way_out():
    network, p, batch, state = problem(32)
    with Executor(network, p, batch.x.shape, 2) as executor:
        executor.loss_and_gradients(batch, state)
        process = multiprocessing.active_children()[0]
        process.kill()
        process.join()
        with pytest.raises(RnnError, match="--threads 1"):
            executor.loss_and_gradients(batch, state)


def test_processes_that_began_are_ended_where_a_later_one_cannot_begin(monkeypatch):
    right, count = ranks.begin, itertools.count()

    def begin(*arguments):
        if next(count):
            raise RnnError("no process could be started")
        return right(*arguments)

    monkeypatch.setattr(ranks, "begin", begin)
    with pytest.raises(RnnError), Executor(*problem(32)[:2], (5, 32), 3):
        pass
    assert not multiprocessing.active_children()


SCRIPT = """
import numpy as np
from rnn_cli.network.network import Network, Sequences
from rnn_cli.training.parallel.executor import Executor
print("once")
network, ones = Network(7, 4), np.ones((2, 8), np.float32)
ids = np.zeros((2, 8), int)
p = network.initialise(np.random.default_rng(0), np.ones(7))
with Executor(network, p, (2, 8), 2) as executor:
    executor.evaluate(Sequences(ids, ids, ones, ones), network.zero_state(8))
print(executor.execution)
"""


def test_the_program_that_runs_is_not_run_again_by_its_processes(tmp_path):
    script = tmp_path / "script.py"  # without `if __name__ == "__main__"`
    script.write_text(SCRIPT)
    for command in ([sys.executable, script], [sys.executable, "-"]):
        said = subprocess.run(command, input=SCRIPT, capture_output=True, text=True)
        assert said.stdout == "once\n2 processes, each a shard of the batch on one thread\n"
        assert said.stderr == ""


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_a_process_sees_no_signal_from_its_first_moment():
    for _ in range(3):
        with Executor(*problem(32)[:2], (5, 32), 2):
            process = multiprocessing.active_children()[0]
            os.kill(process.pid, signal.SIGINT)  # while it starts
            os.kill(process.pid, signal.SIGTERM)
            process.join(0.3)
            assert process.is_alive()


def test_no_process_is_left_behind():
    with Executor(*problem(32)[:2], (5, 32), 3):
        assert len(multiprocessing.active_children()) == 2
    assert not multiprocessing.active_children()


def test_the_executors_parameters_are_what_the_ranks_read():
    network, p, batch, state = problem(32)
    with Executor(network, p, batch.x.shape, 2) as executor:
        for name in p:
            np.testing.assert_array_equal(executor.p[name], p[name])
            assert executor.p[name].strides == p[name].strides
        before = executor.evaluate(batch, state)[0]
        executor.p["V"] *= 2
        changed = executor.evaluate(batch, state)[0]
        assert changed != before
        assert changed == pytest.approx(network.loss(executor.p, batch, state, Workspace(np.float32))[0])


def test_dropout_is_a_function_of_its_key():
    network, p, batch, state = problem(32)
    with Executor(network, p, batch.x.shape, 2) as executor:
        first, again, other, none = (
            executor.loss_and_gradients(batch, state, dropout)[0]
            for dropout in (
                Dropout(Drop(0.5), (1, 2)),
                Dropout(Drop(0.5), (1, 2)),
                Dropout(Drop(0.5), (1, 3)),
                Dropout(NO_DROP, (1,)),
            )
        )
    assert first == again
    assert len({first, other, none}) == 3


def test_the_dropout_of_a_shard_is_drawn_by_the_key_and_its_first_row():
    network, p, batch, state = problem(16, embedding=4)
    T, B = batch.x.shape
    drawn = [network.draw_masks(np.random.default_rng((7, first)), Drop(0.5), T, 8) for first in (0, 8)]
    masks = {name: np.concatenate([of[name] for of in drawn], axis=1) for name in drawn[0]}
    expected = network.loss_and_gradients(p, batch, state, Workspace(np.float32), masks)
    with Executor(network, p, (T, B), 2) as executor:
        E, gradients, _ = executor.loss_and_gradients(batch, state, Dropout(Drop(0.5), (7,)))
    assert pytest.approx(expected[0]) == E
    for name in p:
        np.testing.assert_allclose(gradients[name], expected[1][name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_every_phase_of_a_step_is_timed(threads):
    network, p, batch, state = problem(32)
    optimizer = OPTIMIZERS["adam"]
    with Executor(network, p, batch.x.shape, threads) as executor:
        executor.evaluate(batch, state)  # by now the processes have started
        before = sum(executor.seconds.values())
        began = time.perf_counter()
        gradients = executor.loss_and_gradients(batch, state)[1]
        moments = initial_moments(optimizer, network, executor.p)
        executor.update(partial(apply, optimizer, executor.p, gradients, moments, Step(0.1, 1)))
        took = time.perf_counter() - began
        seconds = executor.seconds
    phases = {"look-up", "forward loop", "output layer", "softmax", "backward loop", "weight gradients"}
    assert set(seconds) >= phases | {"optimizer"}
    assert 0 < sum(seconds.values()) - before < took


def test_in_float64_shards_agree_with_the_whole_to_its_rounding():
    network, p, batch, state = problem(32)
    p, state = network.lay_out(p, np.float64), {"s": state["s"].astype(np.float64)}
    whole = network.loss_and_gradients(p, batch, state, Workspace(np.float64))[1]
    with Executor(network, p, batch.x.shape, 2, dtype=np.float64) as executor:
        gradients = executor.loss_and_gradients(batch, state)[1]
    for name in p:
        np.testing.assert_allclose(gradients[name], whole[name], rtol=1e-11, atol=1e-12)


@pytest.fixture
def regression(monkeypatch):
    """A network that is no Network, in a module that the processes can import."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return import_module("regression")


@pytest.mark.parametrize("threads", [1, 2])
def test_anything_trainable_is_trained_in_several_processes(regression, threads):
    rng, network = np.random.default_rng(0), regression.Regression()
    points = rng.normal(size=(3, 4, 10, 2)).astype(np.float32)
    targets = points @ np.float32([2, -3]) + 1
    weight = np.ones((4, 10), np.float32)
    weight[-1, 6:] = 0
    targets[:, weight == 0] = 99
    windows = [regression.Points(x, y, weight) for x, y in zip(points, targets, strict=True)]
    first = {"w": np.zeros(2, np.float32), "b": np.zeros(1, np.float32)}
    recipe = loop.Recipe("sgd", lr=0.3, clip=None, epochs=20, warmup=0.0, schedule="constant")
    with Executor(network, first, (4, 10), threads) as executor:
        assert len(multiprocessing.active_children()) == threads - 1
        at = loop.start(executor, recipe, 10)
        for event in loop.train(executor, recipe, at, lambda epoch: windows, Judging(windows)):
            if isinstance(event, loop.StepDone):
                assert event.tokens == 36
                assert (at.state["seen"] == 4 * at.window).all()
    assert at.p["w"] == pytest.approx([2, -3], abs=1e-3)
    assert at.p["b"] == pytest.approx([1], abs=1e-3)
    assert at.best_loss < 1e-6
    assert not first["w"].any()


def test_a_gradient_need_not_be_written_where_it_is_shared(regression):
    rng, network = np.random.default_rng(0), regression.Regression()
    batch = regression.Points(*(rng.normal(size=shape) for shape in ((4, 10, 2), (4, 10), (4, 10))))
    p = {"w": np.ones(2), "b": np.ones(1)}
    E, expected, _ = network.loss_and_gradients(p, batch, network.zero_state(10), Workspace(np.float64))
    with Executor(network, p, (4, 10), 2, dtype=np.float64) as executor:
        of_shards, gradients, _ = executor.loss_and_gradients(batch, network.zero_state(10, np.float64))
    assert of_shards == pytest.approx(E)
    for name in p:
        np.testing.assert_allclose(gradients[name], expected[name])
