"""Speed that holds: the training step against the products it cannot do without."""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from rnn_cli.network.model import Network, Sequences
from rnn_cli.network.workspace import Workspace

# On an idle machine 1.2 to 1.4. A step made twice as slow exceeds it, a busy machine slows both alike.
AT_MOST = 2.0
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
    s_t, of_s_t = (np.ones((B, n), np.float32) for _ in range(2))

    def products():
        for _ in range(T):
            np.matmul(s_t, p["W"].T, out=of_s_t)  # W s_{t-1}
            np.matmul(s_t, p["W"], out=of_s_t)  # W^T da_t
        s.T @ s  # dW
        s @ p["V"].T  # V s_t
        dz @ p["V"]  # ds_t
        dz.T @ s  # dV
        dz.T @ s  # dU, by one-hot

    def step():
        network.loss_and_gradients(p, batch, state, work)

    took = {products: [], step: []}
    with threadpool_limits(1, user_api="blas"):
        for _ in range(ROUNDS):  # in turn, so that what else the machine does slows both
            for function, times in took.items():
                began = time.perf_counter()
                function()
                times.append(time.perf_counter() - began)
    assert min(took[step]) < AT_MOST * min(took[products])
