"""The recurrent part of the network, over a whole window: the states, and the way back.

A cell is a row of CELLS. What enters it arrives for all steps at once as a_t = U x_t + b_a
(inputs.py), so that only the product which must wait for s_{t-1} is left to the loop over time.
`forward` returns the states and `backward`, a closure that holds what it needs.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.functions import (
    RELU,
    TANH,
    Activation,
    Array,
    Buffers,
    identity,
    orthogonal,
)

# ds (T, B, n), overwritten -> da (T, B, n), dW (n, n)
Backward = Callable[[Array], tuple[Array, Array]]
# W (n, n), a (T, B, n), s_0 (B, n), keep (T, B) -> s (T, B, n), backward
Forward = Callable[[Array, Array, Array, Array, Buffers], tuple[Array, Backward]]


class Cell(NamedTuple):
    initial_W: Callable[[np.random.Generator, int], Array]
    forward: Forward


def simple_recurrent(g1: Activation) -> Forward:
    """The tutorial's network (Elman 1990): s_t = g1(U x_t + W s_{t-1} + b_a).

    Rows are sequences, so W s reads s @ W.T. `keep` multiplies s_{t-1}: it is 0 where a line starts
    afresh from s_0 = 0.
    """

    def forward(W: Array, a: Array, s_0: Array, keep: Array, buffers: Buffers) -> tuple[Array, Backward]:
        T, B, n = a.shape
        keep = keep[:, :, None]
        s = buffers("s", T, B, n)
        r = buffers("r", T, B, n)  # keep_t s_{t-1}
        z = buffers("z", B, n)
        previous = s_0
        for t in range(T):
            np.multiply(previous, keep[t], out=r[t])
            np.matmul(r[t], W.T, out=z)
            np.add(z, a[t], out=z)
            previous = g1.function(z, s[t])  # s_t = g1(a_t + W s_{t-1})

        def backward(ds: Array) -> tuple[Array, Array]:
            da, carried, slope = ds, buffers("carried", B, n), z
            carried.fill(0)
            for t in reversed(range(T)):
                np.add(ds[t], carried, out=da[t])
                np.multiply(da[t], g1.derivative(s[t], slope), out=da[t])  # da_t = ds_t g1'(z_t)
                np.matmul(da[t], W, out=carried)
                np.multiply(carried, keep[t], out=carried)  # ds_{t-1} += keep_t W^T da_t
            dW = buffers("dW", n, n)
            np.matmul(da.reshape(T * B, n).T, r.reshape(T * B, n), out=dW)  # dW = Σ_t da_t s_{t-1}^T
            return da, dW

        return s, backward

    return forward


CELLS = {
    "tanh": Cell(orthogonal, simple_recurrent(TANH)),
    "relu": Cell(identity, simple_recurrent(RELU)),
}
