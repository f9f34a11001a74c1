"""The tutorial's network (Elman 1990), with tanh or relu for g1:

    s_t = g1(U x_t + W s_{t-1} + b_a)

What enters arrives for all steps at once as a_t = U x_t + b_a, so that only the product which must wait
for s_{t-1} is left to the loop over time.
"""

import math

import numpy as np

from rnn_cli.network.arrays import Array, State
from rnn_cli.network.cells.cell import ALPHABET, SLOPES, Backward, Forward, Step, kept
from rnn_cli.network.fast.products import Product, times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Activation


def spread_of_U(m: int, n: int) -> float:
    """Of n units of tanh that read m tokens. A unit whose U is large for a letter forgets when that letter
    comes, one whose U is small keeps what it holds; few units cannot spare many of the latter (measured in
    tests/benchmarks)."""
    return math.sqrt(n) / 6 if m <= ALPHABET else 0.5


def simple_recurrent(g1: Activation) -> tuple[Step, Forward]:
    """The step and the window of a network with this g1."""

    def equation(W: Product, a_t: Array, s: Array, out: Array) -> Array:
        return g1.function(np.add(a_t, W(s), out=out), out)  # s_t = g1(a_t + W s_{t-1})

    def step(W: Product, a_t: Array, before: State) -> State:
        return {"s": equation(W, a_t, before["s"], np.empty_like(a_t))}

    def forward(
        W: Array, a: Array, before: State, keep: Array, work: Workspace
    ) -> tuple[Array, State, Backward]:
        T, B, n = a.shape
        runs_on = bool(keep.all())  # no line starts afresh: spares the products with keep
        S = work("S", T + 1, B, n)  # s_0 … s_T
        S[0] = before["s"]
        s = S[1:]
        r = S[:-1] if runs_on else work("r", T, B, n)  # keep_t s_{t-1}
        W_times = times(W, B, work)
        for t in range(T):
            if not runs_on:
                kept(S, keep, r, t)
            equation(W_times, a[t], r[t], out=s[t])
        work.lap("forward loop")

        def backward(ds: Array) -> tuple[Array, Array]:
            da, W_T_times = ds, times(W.T, B, work)
            carried = np.zeros_like(ds[0])  # to ds_{t-1}
            block = max(1, SLOPES // (B * n))
            for first in reversed(range(0, T, block)):
                s_k = s[first : first + block]
                slope = g1.derivative(s_k, work("slope", *s_k.shape))
                for t in reversed(range(first, first + len(s_k))):
                    np.add(ds[t], carried, out=da[t])  # all of ds_t
                    np.multiply(da[t], slope[t - first], out=da[t])  # da_t = ds_t g1'(z_t)
                    carried = W_T_times(da[t])  # W^T da_t
                    if not runs_on:
                        np.multiply(carried, keep[t, :, None], out=carried)  # keep_t W^T da_t
            work.lap("backward loop")
            dW = np.matmul(da.reshape(-1, n).T, r.reshape(-1, n), out=work("dW", n, n))  # Σ_t da_t s_{t-1}^T
            work.lap("weight gradients")
            return da, dW

        return s, {"s": s[-1].copy()}, backward

    return step, forward
