"""A batch in shards."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from rnn_cli.errors import RnnError
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network, Sequences
from rnn_cli.training.optimizers import OPTIMIZERS, apply, initial_moments
from rnn_cli.training.parallel import executor as module
from rnn_cli.training.parallel import ranks
from rnn_cli.training.parallel.executor import Executor, available_threads, worthwhile_threads
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
    with Executor(network, batch.x.shape, threads) as executor:
        E_shards, gradients_shards, after_shards = executor.loss_and_gradients(p, batch, state)
        gradients_shards = network.dense(gradients_shards)
        assert executor.loss(p, batch, state)[0] == pytest.approx(E)
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
    ],
    ids=lambda kind: "-".join(map(str, kind.values())),
)
def test_shards_of_every_kind_of_network_give_what_the_whole_batch_gives(kind, m):
    network, p, batch, state = problem(16, m, **kind)
    batch.y[:, 8:] %= 4  # all of the second shard's are in an adaptive layer's head
    whole = network.loss_and_gradients(p, batch, state, Workspace(np.float32))
    with Executor(network, batch.x.shape, 2) as executor:
        for _ in range(2):  # and again, on what the first left behind
            E, gradients, after = executor.loss_and_gradients(p, batch, state)
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
    with Executor(network, largest.x.shape, 3) as executor:
        # of 12 rows each process has 4, and of 11 two have 5 and 6
        for T, B in ((5, rows), (5, 11), (2, rows), (1, 8), (5, rows)):
            batch = Sequences(*(array[:T, :B] for array in largest))
            before = {name: s[:B] for name, s in state.items()}
            E, gradients, after = network.loss_and_gradients(p, batch, before, Workspace(np.float32))
            of_shards = executor.loss_and_gradients(p, batch, before)
            assert of_shards[0] == pytest.approx(E)
            np.testing.assert_allclose(of_shards[2]["s"], after["s"], rtol=1e-5, atol=1e-6)
            for name, array in network.dense(gradients).items():
                found = network.dense(of_shards[1])[name]
                np.testing.assert_allclose(found, array, rtol=1e-4, atol=1e-5, err_msg=name)
        with pytest.raises(ValueError, match="the largest"):
            executor.loss(p, Sequences(*(np.repeat(array, 2, axis=0) for array in largest)), state)


def test_the_state_after_a_batch_stays_when_the_next_is_computed():
    network, p, batch, state = problem(32)
    with Executor(network, batch.x.shape, 2) as executor:
        after = executor.loss(p, batch, state)[1]
        copy = after["s"].copy()
        executor.loss(p, batch, after)
        np.testing.assert_array_equal(after["s"], copy)


def test_the_same_threads_give_the_same_bits():
    network, p, batch, state = problem(32)
    runs = []
    for _ in range(3):
        with Executor(network, batch.x.shape, 3) as executor:
            runs.append(network.dense(executor.loss_and_gradients(p, batch, state)[1]))
    for run in runs[1:]:
        for name in p:
            np.testing.assert_array_equal(run[name], runs[0][name])


def test_a_large_network_keeps_one_copy_of_its_gradients(monkeypatch):
    network, p, batch, state = problem(32)
    monkeypatch.setattr(module, "SHARDED_UP_TO", network.size - 1)
    with Executor(network, batch.x.shape, 2) as executor:
        assert not executor.sharded
        assert executor.loss_and_gradients(p, batch, state)[0] > 0


def test_blas_has_its_threads_back_afterwards():
    def blas():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas()
    with Executor(problem(8)[0], (5, 8), 2):
        assert set(blas()) == {1}
    assert blas() == before


def test_an_error_in_a_shard_is_raised():
    network, p, batch, state = problem(32)
    batch.y[:, 16:] = 99  # no such token, in the second shard
    with Executor(network, batch.x.shape, 2) as executor, pytest.raises(IndexError):
        executor.loss_and_gradients(p, batch, state)


def test_after_an_error_in_one_shard_the_next_batch_is_computed_anew():
    network, p, batch, state = problem(36)
    with Executor(network, batch.x.shape, 3) as executor:
        right = executor.loss(p, batch, state)[0]
        spoilt = Sequences(batch.x, batch.y.copy(), batch.keep, batch.weight)
        spoilt.y[:, 0] = 99
        for _ in range(2):
            with pytest.raises(IndexError):
                executor.loss(p, spoilt, state)
        assert executor.loss(p, batch, state)[0] == right


def test_parameters_in_place_are_not_overwritten_by_others():
    network, p, batch, state = problem(32)
    with Executor(network, batch.x.shape, 2) as executor:
        placed = executor.place(p)
        with pytest.raises(ValueError, match="other parameters"):
            executor.loss({name: array * 2 for name, array in p.items()}, batch, state)
        np.testing.assert_array_equal(placed["V"], p["V"])


@pytest.mark.parametrize(
    ("rows", "steps", "windows", "expected"),
    [(64, 64, 1e6, 4), (64, 64, 1, 1), (8, 512, 1e6, 2), (3, 512, 1e6, 1), (4, 1, 1e9, 1)],
)
def test_no_more_threads_are_used_than_do_work_that_is_worth_a_process(rows, steps, windows, expected):
    flops = Network(65, 256).flops(np.ones(65))
    assert worthwhile_threads(flops, rows, steps, windows, threads=4) == expected


def test_a_process_that_was_killed_is_told_with_a_way_out():
    network, p, batch, state = problem(32)
    with Executor(network, batch.x.shape, 2) as executor:
        executor.loss_and_gradients(p, batch, state)
        process = multiprocessing.active_children()[0]
        process.kill()
        process.join()
        with pytest.raises(RnnError, match="--threads 1"):
            executor.loss_and_gradients(p, batch, state)


def test_processes_that_began_are_ended_where_a_later_one_cannot_begin(monkeypatch):
    right, count = ranks.begin, itertools.count()

    def begin(*arguments):
        if next(count):
            raise RnnError("no process could be started")
        return right(*arguments)

    monkeypatch.setattr(ranks, "begin", begin)
    with pytest.raises(RnnError), Executor(problem(32)[0], (5, 32), 3):
        pass
    assert not multiprocessing.active_children()


def test_the_program_that_runs_is_not_run_again_by_its_processes(tmp_path):
    script = tmp_path / "script.py"  # without `if __name__ == "__main__"`
    few = ["gradcheck", "--hidden", "1", "--cell", "tanh", "--layers", "1", "--output", "softmax"]
    script.write_text(f"from rnn_cli.cli.app import run\nprint('once')\nrun({few})\n")
    for command in ([sys.executable, script], [sys.executable, "-"]):
        said = subprocess.run(command, input=script.read_text(), capture_output=True, text=True)
        assert said.stdout.count("once") == 1
        assert " 2 " in said.stdout  # shards
        assert said.stderr.startswith("ok: ")


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_a_process_sees_no_signal_from_its_first_moment():
    for _ in range(3):
        with Executor(problem(32)[0], (5, 32), 2):
            process = multiprocessing.active_children()[0]
            os.kill(process.pid, signal.SIGINT)  # while it starts
            os.kill(process.pid, signal.SIGTERM)
            process.join(0.3)
            assert process.is_alive()


def test_no_process_is_left_behind():
    with Executor(problem(32)[0], (5, 32), 3):
        assert len(multiprocessing.active_children()) == 2
    assert not multiprocessing.active_children()


def test_parameters_that_were_placed_are_what_the_ranks_read():
    network, p, batch, state = problem(32)
    with Executor(network, batch.x.shape, 2) as executor:
        placed = executor.place(p)
        for name in p:
            np.testing.assert_array_equal(placed[name], p[name])
            assert placed[name].strides == p[name].strides
        before = executor.loss(placed, batch, state)[0]
        placed["V"] *= 2
        changed = executor.loss(placed, batch, state)[0]
        assert changed != before
        assert changed == pytest.approx(network.loss(placed, batch, state, Workspace(np.float32))[0])


def test_dropout_is_a_function_of_its_key():
    network, p, batch, state = problem(32)
    with Executor(network, batch.x.shape, 2) as executor:
        first, again, other, none = (
            executor.loss_and_gradients(p, batch, state, dropout)[0]
            for dropout in (
                Dropout(0.5, (1, 2)),
                Dropout(0.5, (1, 2)),
                Dropout(0.5, (1, 3)),
                Dropout(0, (1,)),
            )
        )
    assert first == again
    assert len({first, other, none}) == 3


@pytest.mark.parametrize("threads", [1, 2])
def test_every_phase_of_a_step_is_timed(threads):
    network, p, batch, state = problem(32)
    optimizer = OPTIMIZERS["adam"]
    with Executor(network, batch.x.shape, threads) as executor:
        executor.loss(p, batch, state)  # by now the processes have started
        before = sum(executor.seconds.values())
        began = time.perf_counter()
        gradients = executor.loss_and_gradients(p, batch, state)[1]
        executor.update(
            partial(apply, optimizer, p, gradients, initial_moments(optimizer, network, p), 0.1, 1)
        )
        took = time.perf_counter() - began
        seconds = executor.seconds
    phases = {"look-up", "forward loop", "output layer", "softmax", "backward loop", "weight gradients"}
    assert set(seconds) >= phases | {"optimizer"}
    assert 0 < sum(seconds.values()) - before < took


def test_there_is_a_thread_to_use():
    assert available_threads() >= 1


def test_in_float64_shards_agree_with_the_whole_to_its_rounding():
    network, p, batch, state = problem(32)
    p, state = network.lay_out(p, np.float64), {"s": state["s"].astype(np.float64)}
    whole = network.loss_and_gradients(p, batch, state, Workspace(np.float64))[1]
    with Executor(network, batch.x.shape, 2, dtype=np.float64) as executor:
        gradients = executor.loss_and_gradients(p, batch, state)[1]
    for name in p:
        np.testing.assert_allclose(gradients[name], whole[name], rtol=1e-11, atol=1e-12)
