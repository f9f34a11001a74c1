"""The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and Cummins 2000):

    o_t = σ(U_o x_t + W_o s_{t-1} + b_o)        what is shown
    i_t = σ(U_i x_t + W_i s_{t-1} + b_i)        what is let in
    f_t = σ(U_f x_t + W_f s_{t-1} + b_f)        what is kept
    g_t = tanh(U_g x_t + W_g s_{t-1} + b_g)
    c_t = f_t c_{t-1} + i_t g_t
    s_t = o_t tanh(c_t)

U, W and b_a hold the rows of o, i, f and g one below the other, so that each is one product. On the way
back all that does not wait for a later step is computed for several steps at once: with it

    dc_t = f_{t+1} dc_{t+1} + ds_t o_t (1 - tanh(c_t)^2)
    da_o = ds_t tanh(c_t) o_t (1 - o_t)                 da_f = dc_t c_{t-1} f_t (1 - f_t)
    da_i = dc_t g_t i_t (1 - i_t)                       da_g = dc_t i_t (1 - g_t^2)

where a_o is what o_t is the σ of, and so on.
"""

import numpy as np

from rnn_cli.network.arrays import Array, State
from rnn_cli.network.cells.cell import SLOPES, Backward, by_gate, kept
from rnn_cli.network.fast.products import Product, times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import sigmoid

GATES = {"o": 0.0, "i": 0.0, "f": 1.0, "g": 0.0}  # f begins open (Jozefowicz et al. 2015)
STATE = ("s", "c")


def equations(
    W: Product, a_t: Array, s: Array, c: Array, gates: Array, c_t: Array, tanh_c: Array, s_t: Array
) -> None:
    """From a_t (B, 4n), s_{t-1} and c_{t-1} to the gates (4, B, n), c_t, tanh(c_t) and s_t (B, n). Each gate
    by itself in memory is worked on faster."""
    np.add(by_gate(a_t, 4), by_gate(W(s), 4), out=gates)
    sigmoid(gates[:3], out=gates[:3])
    np.tanh(gates[3], out=gates[3])
    o, i, f, g = gates
    np.multiply(f, c, out=c_t)
    np.add(c_t, np.multiply(i, g, out=tanh_c), out=c_t)  # c_t = f_t c_{t-1} + i_t g_t
    np.multiply(o, np.tanh(c_t, out=tanh_c), out=s_t)  # s_t = o_t tanh(c_t)


def step(W: Product, a_t: Array, before: State) -> State:
    s, c = before["s"], before["c"]
    s_t, c_t, tanh_c = np.empty_like(s), np.empty_like(c), np.empty_like(c)
    equations(W, a_t, s, c, np.empty((4, *s.shape), s.dtype), c_t, tanh_c, s_t)
    return {"s": s_t, "c": c_t}


def forward(W: Array, a: Array, before: State, keep: Array, work: Workspace) -> tuple[Array, State, Backward]:
    T, B, n = *a.shape[:2], W.shape[1]
    runs_on = bool(keep.all())  # no line starts afresh: spares the products with keep
    S, C = work("S", T + 1, B, n), work("C", T + 1, B, n)  # s_0 … s_T, c_0 … c_T
    S[0], C[0] = before["s"], before["c"]
    r, q = (S[:-1], C[:-1]) if runs_on else (work("r", T, B, n), work("q", T, B, n))  # times keep_t
    gates, tanh_c = work("gates", T, 4, B, n), work("tanh c", T, B, n)
    W_times = times(W, B, work)
    for t in range(T):
        if not runs_on:
            kept(S, keep, r, t)
            kept(C, keep, q, t)
        equations(W_times, a[t], r[t], q[t], gates[t], C[t + 1], tanh_c[t], S[t + 1])
    work.lap("forward loop")

    def backward(ds: Array) -> tuple[Array, Array]:
        da = a
        ds_t, dc, before_t = (work(name, B, n) for name in ("ds_t", "dc", "dc_{t-1}"))
        carried = np.zeros_like(ds_t)  # to ds_{t-1}
        dc.fill(0)
        W_T_times = times(W.T, B, work)
        block = max(1, SLOPES // (B * n))
        for first in reversed(range(0, T, block)):
            k = slice(first, min(first + block, T))
            slope, dc_ds = slopes(gates[k], q[k], tanh_c[k], work)
            for t in reversed(range(k.start, k.stop)):
                np.add(ds[t], carried, out=ds_t)  # all of ds_t
                np.add(dc, np.multiply(ds_t, dc_ds[t - first], out=before_t), out=dc)  # all of dc_t
                np.multiply(dc, gates[t, 2], out=before_t)  # to dc_{t-1}: f_t dc_t
                da_t = by_gate(da[t], 4)
                np.multiply(ds_t, slope[t - first, 0], out=da_t[0])
                np.multiply(dc, slope[t - first, 1:], out=da_t[1:])
                carried = W_T_times(da[t])  # W^T da_t
                dc, before_t = before_t, dc
                if not runs_on:
                    np.multiply(carried, keep[t, :, None], out=carried)
                    np.multiply(dc, keep[t, :, None], out=dc)
        work.lap("backward loop")
        # dW = Σ_t da_t s_{t-1}^T
        dW = np.matmul(da.reshape(T * B, -1).T, r.reshape(-1, n), out=work("dW", 4 * n, n))
        work.lap("weight gradients")
        return da, dW

    return S[1:], {"s": S[-1].copy(), "c": C[-1].copy()}, backward


def slopes(gates: Array, c: Array, tanh_c: Array, work: Workspace) -> tuple[Array, Array]:
    """What multiplies ds_t in da_o, and dc_t in da_i, da_f and da_g, (k, 4, B, n); and what multiplies ds_t
    in dc_t, (k, B, n). c: c_{t-1}."""
    slope, dc_ds = work("slope", *gates.shape), work("dc/ds", *tanh_c.shape)
    o, i, _, g = (gates[:, k] for k in range(4))
    np.subtract(1, gates, out=slope)
    np.multiply(slope[:, :3], gates[:, :3], out=slope[:, :3])  # σ' = σ (1 - σ)
    np.subtract(1, np.multiply(g, g, out=slope[:, 3]), out=slope[:, 3])  # tanh' = 1 - tanh^2
    for gate, factor in enumerate((tanh_c, g, c, i)):
        np.multiply(slope[:, gate], factor, out=slope[:, gate])
    np.subtract(1, np.multiply(tanh_c, tanh_c, out=dc_ds), out=dc_ds)
    np.multiply(dc_ds, o, out=dc_ds)
    return slope, dc_ds
