"""Speed that holds: the training step against the products it cannot do without."""

import time
from collections.abc import Callable

import numpy as np

from rnn_cli.machine import blas_threads
from rnn_cli.network.fast.products import times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network, Sequences

# 1.2 to 1.35, on an idle machine or a busy one. A step made twice as slow exceeds it.
AT_MOST = 2.0
NO_LONGER = 1.5  # 0.45 with AVX-512, 1.0 with AVX2
ROUNDS = 30


def test_a_step_takes_little_longer_than_its_products():
    m, n, T, B = 65, 256, 32, 32
    rng = np.random.default_rng(0)
    network = Network(m, n)
    p = network.initialise(rng, np.ones(m))
    ids, ones = rng.integers(m, size=(T + 1, B)), np.ones((T, B), np.float32)
    batch, state, work = (
        Sequences(ids[:-1], ids[1:], ones, ones),
        network.zero_state(B),
        Workspace(np.float32),
    )

    s, dz = (np.ones((T * B, columns), np.float32) for columns in (n, m))
    s_t = np.ones((B, n), np.float32)

    W_times = times(p["W"], B, Workspace(np.float32))
    W_T_times = times(p["W"].T, B, Workspace(np.float32))

    def products():
        for _ in range(T):
            W_times(s_t)
            W_T_times(s_t)
        s.T @ s  # dW
        s @ p["V"].T  # V s_t
        dz @ p["V"]  # ds_t
        dz.T @ s  # dV
        dz.T @ s  # dU, by one-hot

    def step():
        network.loss_and_gradients(p, batch, state, work)

    assert ratio(step, products) < AT_MOST


def test_a_product_laid_out_takes_no_longer_than_as_it_comes():
    n, B = 256, 32
    rng = np.random.default_rng(0)
    W, s = rng.random((4 * n, n), np.float32), rng.random((B, n), np.float32)
    z = np.empty((B, len(W)), np.float32)
    laid_out = times(W, B, Workspace(np.float32))
    assert ratio(lambda: laid_out(s), lambda: np.matmul(s, W.T, out=z)) < NO_LONGER


def ratio(one: Callable[[], object], other: Callable[[], object]) -> float:
    """How long the one takes, over the other."""
    took: dict[Callable[[], object], list[float]] = {one: [], other: []}
    with blas_threads(1):
        for _ in range(ROUNDS):  # in turn, so that a slower machine slows both
            for function, seconds in took.items():
                began = time.thread_time()  # not what else had the core meanwhile
                function()
                seconds.append(time.thread_time() - began)
    return min(took[one]) / min(took[other])
