"""The recurrent part of the network, over a whole window: the states, and the way back.

A cell is a row of CELLS. What enters it arrives for all steps at once as a_t = U x_t + b_a
(inputs.py), so that only the product which must wait for s_{t-1} is left to the loop over time.
`step` is the equation; `forward` returns the states of all steps and `backward`, a closure that holds
what it needs.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from rnn_cli.network.functions import RELU, TANH, Activation, Array, identity, orthogonal
from rnn_cli.network.workspace import Workspace

SLOPES = 1 << 15  # elements of g1' computed at a time: many steps in one call, and still in the cache

# ds (T, B, n), overwritten -> da (T, B, n), dW (n, n)
Backward = Callable[[Array], tuple[Array, Array]]


class Step(Protocol):
    def __call__(self, W: Array, a_t: Array, previous: Array, out: Array) -> Array:
        """W (n, n), a_t (B, n), s_{t-1} (B, n) -> s_t (B, n), written to `out`."""


# W (n, n), a (T, B, n), s_0 (B, n), keep (T, B) -> s (T, B, n), backward
Forward = Callable[[Array, Array, Array, Array, Workspace], tuple[Array, Backward]]


class Cell(NamedTuple):
    initial_W: Callable[[np.random.Generator, int], Array]
    step: Step
    forward: Forward


def simple_recurrent(g1: Activation) -> tuple[Step, Forward]:
    """The tutorial's network (Elman 1990): s_t = g1(U x_t + W s_{t-1} + b_a).

    Rows are sequences, so W s reads s @ W.T. `keep` multiplies s_{t-1}: it is 0 where a line starts
    afresh from s_0 = 0. A window in which no row does is spared the products.
    """

    def step(W: Array, a_t: Array, previous: Array, out: Array) -> Array:
        z = np.matmul(previous, W.T, out=out)
        np.add(z, a_t, out=z)
        return g1.function(z, out)  # s_t = g1(a_t + W s_{t-1})

    def forward(W: Array, a: Array, s_0: Array, keep: Array, work: Workspace) -> tuple[Array, Backward]:
        T, B, n = a.shape
        runs_on = bool(keep.all())
        keep = keep[:, :, None]
        S = work("S", T + 1, B, n)  # s_0 … s_T
        S[0] = s_0
        s = S[1:]
        r = S[:-1] if runs_on else work("r", T, B, n)  # keep_t s_{t-1}
        for t in range(T):
            if not runs_on:
                np.multiply(S[t], keep[t], out=r[t])
            step(W, a[t], r[t], out=s[t])
        work.lap("forward loop")

        def backward(ds: Array) -> tuple[Array, Array]:
            da, carried = ds, work("carried", B, n)
            carried.fill(0)
            block = max(1, SLOPES // (B * n))
            for first in reversed(range(0, T, block)):
                s_k = s[first : first + block]
                slope = g1.derivative(s_k, work("slope", *s_k.shape))
                for t in reversed(range(first, first + len(s_k))):
                    np.add(ds[t], carried, out=da[t])  # all of ds_t
                    np.multiply(da[t], slope[t - first], out=da[t])  # da_t = ds_t g1'(z_t)
                    np.matmul(da[t], W, out=carried)  # to ds_{t-1}: W^T da_t
                    if not runs_on:
                        np.multiply(carried, keep[t], out=carried)  # keep_t W^T da_t
            work.lap("backward loop")
            dW = work("dW", n, n)
            np.matmul(da.reshape(T * B, n).T, r.reshape(T * B, n), out=dW)  # dW = Σ_t da_t s_{t-1}^T
            work.lap("weight gradients")
            return da, dW

        return s, backward

    return step, forward


CELLS = {
    "tanh": Cell(orthogonal, *simple_recurrent(TANH)),
    "relu": Cell(identity, *simple_recurrent(RELU)),
}
