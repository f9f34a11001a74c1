"""The gated cells, written to be read: one step of one sequence, as tutorial.py does for tanh and relu.

x_t is the input; s_t and c_t are states (n,); * multiplies entry by entry. U, W and b_a hold the rows of all
gates, stacked in the order of the lines below. The derivatives are in cells/.
"""

import numpy as np

from rnn_cli.network.arrays import Array, Parameters


def σ(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def gru(p: Parameters, x_t: Array, s: Array) -> Array:
    """Return s_t, from x_t and s = s_{t-1} (Cho et al. 2014, first version)."""
    (U_r, U_u, U_g), (W_r, W_u, W_g), (b_r, b_u, b_g) = (np.split(p[name], 3) for name in ("U", "W", "b_a"))
    r_t = σ(U_r @ x_t + W_r @ s + b_r)
    u_t = σ(U_u @ x_t + W_u @ s + b_u)
    g_t = np.tanh(U_g @ x_t + r_t * (W_g @ s) + b_g)
    return u_t * s + (1 - u_t) * g_t


def lstm(p: Parameters, x_t: Array, s: Array, c: Array) -> tuple[Array, Array]:
    """Return s_t and c_t, from x_t, s = s_{t-1} and c = c_{t-1} (Hochreiter and Schmidhuber 1997; the forget
    gate f_t: Gers, Schmidhuber and Cummins 2000)."""
    (U_o, U_i, U_f, U_g), (W_o, W_i, W_f, W_g), (b_o, b_i, b_f, b_g) = (
        np.split(p[name], 4) for name in ("U", "W", "b_a")
    )
    o_t = σ(U_o @ x_t + W_o @ s + b_o)
    i_t = σ(U_i @ x_t + W_i @ s + b_i)
    f_t = σ(U_f @ x_t + W_f @ s + b_f)
    g_t = np.tanh(U_g @ x_t + W_g @ s + b_g)
    c_t = f_t * c + i_t * g_t
    return o_t * np.tanh(c_t), c_t
