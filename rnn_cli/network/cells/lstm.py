"""The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and Cummins 2000):

    o_t = σ(U_o x_t + W_o s_{t-1} + b_o)        what is shown
    i_t = σ(U_i x_t + W_i s_{t-1} + b_i)        what is let in
    f_t = σ(U_f x_t + W_f s_{t-1} + b_f)        what is kept
    g_t = tanh(U_g x_t + W_g s_{t-1} + b_g)     the candidate
    c_t = f_t c_{t-1} + i_t g_t
    s_t = o_t tanh(c_t)

U, W and b_a hold the rows of o, i, f and g, stacked in that order, so that U x_t and W s_{t-1} are one
product each. Backward, with a_o the argument of σ in o_t, and so on,

    dc_t = f_{t+1} dc_{t+1} + ds_t o_t (1 - tanh(c_t)^2)
    da_o = ds_t tanh(c_t) o_t (1 - o_t)                 da_f = dc_t c_{t-1} f_t (1 - f_t)
    da_i = dc_t g_t i_t (1 - i_t)                       da_g = dc_t i_t (1 - g_t^2)
    ds_{t-1} = W^T (da_o, da_i, da_f, da_g)
"""

from typing import ClassVar

import numpy as np

from rnn_cli.network.arrays import Array
from rnn_cli.network.cells.recurrence import Arrays, Recurrence, by_gate
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import sigmoid, sigmoid_derivative, tanh_derivative


class Lstm(Recurrence):
    """The LSTM: the layer above sees only s; c passes from step to step."""

    gates: ClassVar = {"o": 0.0, "i": 0.0, "f": 1.0, "g": 0.0}  # f starts open (Jozefowicz et al. 2015)
    state = ("s", "c")
    memory: ClassVar = {
        "gates": (4,),
        "tanh c": (),
    }  # one array per gate: arithmetic on contiguous memory is faster

    def equations(self, a_t: Array, Ws: Array, before: Arrays, after: Arrays, memory: Arrays) -> None:
        (_, c), (s_t, c_t), (gates, tanh_c) = before, after, memory
        o, i, f, g = gates
        np.add(by_gate(a_t, 4), by_gate(Ws, 4), out=gates)
        sigmoid(gates[:3], out=gates[:3])  # o_t, i_t, f_t
        np.tanh(g, out=g)  # g_t
        np.multiply(f, c, out=c_t)
        np.add(c_t, np.multiply(i, g, out=tanh_c), out=c_t)  # c_t = f_t c_{t-1} + i_t g_t
        np.multiply(o, np.tanh(c_t, out=tanh_c), out=s_t)  # s_t = o_t tanh(c_t)

    def slopes(self, before: Arrays, after: Arrays, memory: Arrays, work: Workspace) -> Arrays:
        """Return the factors of ds_t in da_o and of dc_t in da_i, da_f and da_g (one array); the factor of
        ds_t in dc_t; and f_t."""
        (_, c), (gates, tanh_c) = before, memory
        o, i, f, g = (gates[:, k] for k in range(4))
        da, dc = work("slope", *gates.shape), work("slope of c", *tanh_c.shape)
        da_o, da_i, da_f, da_g = (da[:, k] for k in range(4))
        sigmoid_derivative(gates[:, :3], out=da[:, :3])  # o_t (1 - o_t), and so on
        tanh_derivative(g, out=da_g)  # 1 - g_t^2
        da_o *= tanh_c  # da_o = ds_t tanh(c_t) o_t (1 - o_t)
        da_i *= g  # da_i = dc_t g_t i_t (1 - i_t)
        da_f *= c  # da_f = dc_t c_{t-1} f_t (1 - f_t)
        da_g *= i  # da_g = dc_t i_t (1 - g_t^2)
        tanh_derivative(tanh_c, out=dc)
        dc *= o  # ds_t o_t (1 - tanh(c_t)^2)
        return da, dc, f

    def derivatives(self, ds_t: Array, dz_t: Array, slopes: Arrays, d_before: Arrays) -> None:
        (da, dc_ds, f), (_, dc) = slopes, d_before
        da_t = by_gate(dz_t, 4)
        np.add(dc, np.multiply(ds_t, dc_ds, out=dc_ds), out=dc)  # dc_t = f_{t+1} dc_{t+1} + ds_t dc_t/ds_t
        np.multiply(ds_t, da[0], out=da_t[0])  # da_o
        np.multiply(dc, da[1:], out=da_t[1:])  # da_i, da_f, da_g
        np.multiply(dc, f, out=dc)  # f_t dc_t, to c_{t-1}
