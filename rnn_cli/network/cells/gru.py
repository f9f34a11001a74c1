"""The gated recurrent unit (Cho et al. 2014; as in the paper's first version, r_t multiplies W_g s_{t-1}):

    r_t = σ(U_r x_t + W_r s_{t-1} + b_r)                  what the candidate sees of the state
    u_t = σ(U_u x_t + W_u s_{t-1} + b_u)                  what is kept
    h_t = W_g s_{t-1}
    g_t = tanh(U_g x_t + r_t h_t + b_g)                   the candidate
    s_t = u_t s_{t-1} + (1 - u_t) g_t

U, W and b_a hold the rows of r, u and g, stacked in that order, so that W s_{t-1} is one product. Backward,
with a_r the argument of σ in r_t, and so on,

    da_g = ds_t (1 - u_t) (1 - g_t^2)                     da_u = ds_t (s_{t-1} - g_t) u_t (1 - u_t)
    dh_t = da_g r_t                                       da_r = da_g h_t r_t (1 - r_t)
    ds_{t-1} = u_t ds_t + W^T (da_r, da_u, dh_t)
"""

from typing import ClassVar

import numpy as np

from rnn_cli.network.arrays import Array
from rnn_cli.network.cells.recurrence import Arrays, Recurrence, by_gate
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import sigmoid, sigmoid_derivative, tanh_derivative


class Gru(Recurrence):
    """The gru: dz_t, the derivative of W s_{t-1}, is (da_r, da_u, dh_t); da_t is (da_r, da_u, da_g)."""

    gates: ClassVar = {"r": 0.0, "u": 0.0, "g": 0.0}
    memory: ClassVar = {
        "gates": (3,),
        "h": (),
    }  # one array per gate: arithmetic on contiguous memory is faster
    reaches_past_W = True  # by u_t s_{t-1}
    a_is_added_to_Ws = False  # a_g is added to r_t h_t

    def equations(self, a_t: Array, Ws: Array, before: Arrays, after: Arrays, memory: Arrays) -> None:
        (s,), (s_t,), (gates, h) = before, after, memory
        a, z = by_gate(a_t, 3), by_gate(Ws, 3)
        r, u, g = gates
        sigmoid(np.add(a[:2], z[:2], out=gates[:2]), out=gates[:2])  # r_t, u_t
        np.copyto(h, z[2])  # h_t = W_g s_{t-1}
        np.tanh(np.add(a[2], np.multiply(r, h, out=g), out=g), out=g)  # g_t = tanh(a_g + r_t h_t)
        np.multiply(np.subtract(s, g, out=s_t), u, out=s_t)
        np.add(s_t, g, out=s_t)  # s_t = u_t (s_{t-1} - g_t) + g_t

    def slopes(self, before: Arrays, after: Arrays, memory: Arrays, work: Workspace) -> Arrays:
        """Return the factors of ds_t in da_r, da_u and dh_t (one array); u_t; and the factor in da_g."""
        (s,), (gates, h) = before, memory
        r, u, g = (gates[:, k] for k in range(3))
        dz, da_g, part = work("slope", *gates.shape), work("slope of g", *g.shape), work("part", *g.shape)
        da_r, da_u, dh = (dz[:, k] for k in range(3))
        tanh_derivative(g, out=da_g)  # 1 - g_t^2
        da_g *= np.subtract(1, u, out=part)  # da_g = ds_t (1 - u_t) (1 - g_t^2)
        np.multiply(da_g, r, out=dh)  # dh_t = da_g r_t
        sigmoid_derivative(gates[:, :2], out=dz[:, :2])  # r_t (1 - r_t), u_t (1 - u_t)
        da_r *= h
        da_r *= da_g  # da_r = da_g h_t r_t (1 - r_t)
        da_u *= np.subtract(s, g, out=part)  # da_u = ds_t (s_{t-1} - g_t) u_t (1 - u_t)
        return dz, u, da_g

    def derivatives(self, ds_t: Array, dz_t: Array, slopes: Arrays, d_before: Arrays) -> None:
        (dz, u, _), (ds_before,) = slopes, d_before
        np.multiply(ds_t, dz, out=by_gate(dz_t, 3))  # da_r, da_u, dh_t
        np.multiply(ds_t, u, out=ds_before)  # u_t ds_t

    def input_derivatives(self, ds: Array, dz: Array, slopes: Arrays, da: Array) -> None:
        _, _, da_g = slopes
        k = 2 * ds.shape[-1]
        np.copyto(da[..., :k], dz[..., :k])  # da_r, da_u
        np.multiply(ds, da_g, out=da[..., k:])
