"""A batch in shards."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from rnn_cli.network.functions import Buffers
from rnn_cli.network.model import Network, Sequences
from rnn_cli.training import executor as module
from rnn_cli.training.executor import Executor, available_threads


def problem(B, m=11, n=6, T=5):
    rng = np.random.default_rng(B)
    network = Network(m, n)
    keep, weight = rng.integers(2, size=(2, T, B)).astype(np.float32)
    batch = Sequences(rng.integers(m, size=(T, B)), rng.integers(m, size=(T, B)), keep, weight)
    state = {"s": rng.standard_normal((B, n)).astype(np.float32)}
    return network, network.initialise(rng, np.ones(m)), batch, state


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("B", [1, 16, 37])
def test_shards_give_what_the_whole_batch_gives(threads, B):
    network, p, batch, state = problem(B)
    E, gradients, after = network.loss_and_gradients(p, batch, state, Buffers(np.float32))
    with Executor(network, threads) as executor:
        E_shards, gradients_shards, after_shards = executor.loss_and_gradients(p, batch, state)
        assert executor.loss(p, batch, state)[0] == pytest.approx(E)
    assert E_shards == pytest.approx(E)
    np.testing.assert_allclose(after_shards["s"], after["s"], rtol=1e-5, atol=1e-6)
    assert gradients_shards.keys() == gradients.keys() == p.keys()
    for name in p:
        np.testing.assert_allclose(gradients_shards[name], gradients[name], rtol=1e-4, atol=1e-5)
        assert gradients_shards[name].dtype == np.float32


def test_the_same_threads_give_the_same_bits():
    network, p, batch, state = problem(32)
    runs = []
    for _ in range(5):
        with Executor(network, 3) as executor:
            runs.append({k: v.copy() for k, v in executor.loss_and_gradients(p, batch, state)[1].items()})
    for run in runs[1:]:
        for name in p:
            np.testing.assert_array_equal(run[name], runs[0][name])


def test_a_large_network_keeps_one_copy_of_its_gradients(monkeypatch):
    network, p, batch, state = problem(32)
    monkeypatch.setattr(module, "SHARDED_UP_TO", network.size - 1)
    with Executor(network, 2) as executor:
        assert not executor.sharded
        assert executor.loss_and_gradients(p, batch, state)[0] > 0


def test_blas_has_its_threads_back_afterwards():
    def blas():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas()
    with Executor(problem(8)[0], 2):
        assert set(blas()) == {1}
    assert blas() == before


def test_an_error_in_a_shard_is_raised():
    network, _, batch, state = problem(32)
    with Executor(network, 2) as executor, pytest.raises(KeyError):
        executor.loss_and_gradients({}, batch, state)


def test_there_is_a_thread_to_use():
    assert available_threads() >= 1
