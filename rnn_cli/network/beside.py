"""The second input of the first layer, q_t, in addition to the tokens: a_t = U h_t + Q q_t + b_a."""

from collections.abc import Callable

import numpy as np

from rnn_cli.network.arrays import Array
from rnn_cli.network.fast.workspace import Workspace


def add(a: Array, Q: Array, q: Array, work: Workspace) -> Callable[[Array], tuple[Array, Array]]:
    """Add Q q_t to a_t (T, B, k), in place, for q (T or 1, B, e); return the backward pass, da -> dq, dQ."""
    T, B, e = q.shape
    k = len(Q)
    Q_q = np.matmul(q.reshape(T * B, e), Q.T, out=work("beside", T * B, k))
    np.add(a, Q_q.reshape(T, B, k), out=a)

    def backward(da: Array) -> tuple[Array, Array]:
        da = da.reshape(-1, B, k)
        if len(da) > T:
            da = np.add.reduce(da, axis=0, keepdims=True, out=work("beside", T, B, k))  # one q for all steps
        da = da.reshape(T * B, k)
        dQ = np.matmul(da.T, q.reshape(T * B, e), out=work.gradient("Q", k, e))  # dQ = Σ_t da_t q_t^T
        dq = np.matmul(da, Q, out=work("d beside", T * B, e))  # dq_t = Q^T da_t
        return dq.reshape(T, B, e), dQ

    return backward
