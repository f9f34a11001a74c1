"""The gated recurrent unit (Cho et al. 2014; as in the paper's first version, r_t acts on the product):

    r_t = σ(U_r x_t + W_r s_{t-1} + b_r)                  what the candidate sees of the state
    u_t = σ(U_u x_t + W_u s_{t-1} + b_u)                  what is kept
    g_t = tanh(U_g x_t + r_t (W_g s_{t-1}) + b_g)         the candidate
    s_t = u_t s_{t-1} + (1 - u_t) g_t

U, W and b_a hold the rows of r, u and g one below the other, so that W s_{t-1} is one product. On the way
back all that does not wait for a later step is computed for several steps at once: with it, and with
h_t = W_g s_{t-1},

    da_g = ds_t (1 - u_t) (1 - g_t^2)                     da_u = ds_t (s_{t-1} - g_t) u_t (1 - u_t)
    dh_t = da_g r_t                                       da_r = da_g h_t r_t (1 - r_t)
    ds_{t-1} = u_t ds_t + W^T (da_r, da_u, dh_t)

where a_r is what r_t is the σ of, and so on.
"""

import numpy as np

from rnn_cli.network.arrays import Array, State
from rnn_cli.network.cells.cell import SLOPES, Backward, by_gate, kept
from rnn_cli.network.fast.products import Product, times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import sigmoid

GATES = {"r": 0.0, "u": 0.0, "g": 0.0}
STATE = ("s",)


def equations(W: Product, a_t: Array, s: Array, gates: Array, h: Array, s_t: Array) -> None:
    """From a_t (B, 3n) and s_{t-1} to the gates (3, B, n), h_t and s_t (B, n). Each gate by itself in memory
    is worked on faster."""
    a_k, z_k = by_gate(a_t, 3), by_gate(W(s), 3)
    sigmoid(np.add(a_k[:2], z_k[:2], out=gates[:2]), out=gates[:2])
    r, u, g = gates
    np.copyto(h, z_k[2])
    np.add(a_k[2], np.multiply(r, h, out=g), out=g)
    np.tanh(g, out=g)  # g_t = tanh(a_g + r_t h_t)
    np.multiply(np.subtract(s, g, out=s_t), u, out=s_t)
    np.add(s_t, g, out=s_t)  # s_t = g_t + u_t (s_{t-1} - g_t)


def step(W: Product, a_t: Array, before: State) -> State:
    s = before["s"]
    s_t = np.empty_like(s)
    equations(W, a_t, s, np.empty((3, *s.shape), s.dtype), np.empty_like(s), s_t)
    return {"s": s_t}


def forward(W: Array, a: Array, before: State, keep: Array, work: Workspace) -> tuple[Array, State, Backward]:
    T, B, n = *a.shape[:2], W.shape[1]
    runs_on = bool(keep.all())  # no line starts afresh: spares the products with keep
    S = work("S", T + 1, B, n)  # s_0 … s_T
    S[0] = before["s"]
    q = S[:-1] if runs_on else work("q", T, B, n)  # keep_t s_{t-1}
    gates, h = work("gates", T, 3, B, n), work("h_t", T, B, n)  # h_t = W_g s_{t-1}
    W_times = times(W, B, work)
    for t in range(T):
        if not runs_on:
            kept(S, keep, q, t)
        equations(W_times, a[t], q[t], gates[t], h[t], S[t + 1])
    work.lap("forward loop")

    def backward(ds: Array) -> tuple[Array, Array]:
        da, dz = a, work("dz", T, B, 3 * n)  # dz: the derivatives of W s_{t-1}: da_r, da_u, dh_t
        carried, through = work("carried", B, n), work("through", B, n)  # to ds_{t-1}: all, and by way of u_t
        carried.fill(0)
        W_T_times = times(W.T, B, work)
        block = max(1, SLOPES // (B * n))
        for first in reversed(range(0, T, block)):
            k = slice(first, min(first + block, T))
            slope, da_g_ds = slopes(gates[k], q[k], h[k], work)
            for t in reversed(range(k.start, k.stop)):
                np.add(ds[t], carried, out=ds[t])  # all of ds_t
                np.multiply(ds[t], slope[t - first], out=by_gate(dz[t], 3))
                np.multiply(ds[t], gates[t, 1], out=through)
                np.add(W_T_times(dz[t]), through, out=carried)  # to ds_{t-1}
                if not runs_on:
                    np.multiply(carried, keep[t, :, None], out=carried)
            np.copyto(da[k, :, : 2 * n], dz[k, :, : 2 * n])
            np.multiply(ds[k], da_g_ds, out=da[k, :, 2 * n :])
        work.lap("backward loop")
        # dW = Σ_t dz_t s_{t-1}^T
        dW = np.matmul(dz.reshape(T * B, -1).T, q.reshape(-1, n), out=work("dW", 3 * n, n))
        work.lap("weight gradients")
        return da, dW

    return S[1:], {"s": S[-1].copy()}, backward


def slopes(gates: Array, s: Array, h: Array, work: Workspace) -> tuple[Array, Array]:
    """What multiplies ds_t in da_r, da_u and dh_t, (k, 3, B, n); and what does in da_g, (k, B, n), in the
    memory of h. s: s_{t-1}."""
    slope = work("slope", *gates.shape)
    r, u, g = (gates[:, k] for k in range(3))
    of_r, of_u, of_h = (slope[:, k] for k in range(3))
    np.subtract(1, gates[:, :2], out=slope[:, :2])
    np.multiply(slope[:, :2], gates[:, :2], out=slope[:, :2])  # σ' = σ (1 - σ)
    np.multiply(of_r, h, out=of_r)  # h_t r_t (1 - r_t)
    of_g = np.subtract(1, np.multiply(g, g, out=h), out=h)
    of_g *= np.subtract(1, u, out=of_h)  # (1 - u_t) (1 - g_t^2)
    of_r *= of_g
    of_u *= np.subtract(s, g, out=of_h)  # (s_{t-1} - g_t) u_t (1 - u_t)
    np.multiply(of_g, r, out=of_h)
    return slope, of_g
