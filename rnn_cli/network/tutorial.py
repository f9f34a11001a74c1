"""The tutorial's network, written to be read: one sequence, one token at a time, nothing optimised.

    s_t = g1(U x_t + W s_{t-1} + b_a)        g1: tanh or relu
    o_t = softmax(V s_t + b_y)
    E_t = -log o_t[y_t]                      E = Σ_t E_t

x_t and y_t are the input and the target of step t, one-hot vectors of m entries (o_t[y_t] is the entry of o_t
where y_t is 1). s_t is the state, of n entries, and o_t holds the probabilities of all m tokens. U is (n, m),
W (n, n), V (m, n), b_a (n,) and b_y (m,).

The fast network in this package computes the same for many sequences at once. `rnn gradcheck` compares the
two.
"""

from collections.abc import Callable

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters

Function = Callable[[Array], Array]

G1: dict[str, tuple[Function, Function]] = {  # g1(z), and its derivative in terms of s = g1(z)
    "tanh": (np.tanh, lambda s: 1 - s**2),
    "relu": (lambda z: np.maximum(z, 0), lambda s: np.where(s > 0, 1.0, 0.0)),
}


def one_hot(ids: Ids, m: int) -> dict[int, Array]:
    """Return {1: x_1, 2: x_2, …}, where x_t is 1 at the id of the t-th token and 0 elsewhere."""
    return {t: np.where(np.arange(m) == token, 1.0, 0.0) for t, token in enumerate(ids, 1)}


def softmax(z: Array) -> Array:
    exp_z = np.exp(z - z.max())  # the maximum cancels out; without it, exp could overflow
    return exp_z / exp_z.sum()


def loss_and_gradients(
    p: Parameters, tokens: Ids, targets: Ids, s_0: Array, cell: str = "tanh"
) -> tuple[float, Parameters, Array]:
    """Return E, its derivatives with respect to U, W, b_a, V, b_y and s_0, and the last state.

    p: U, W, b_a, V and b_y.
    tokens, targets: ids, (T,).
    cell: the name of g1.
    """
    U, W, b_a, V, b_y = p["U"], p["W"], p["b_a"], p["V"], p["b_y"]
    g1, dg1 = G1[cell]
    T, (m, n) = len(tokens), V.shape
    x, y = one_hot(tokens, m), one_hot(targets, m)
    s, o, E = {0: s_0}, {}, {}

    for t in range(1, T + 1):
        s[t] = g1(U @ x[t] + W @ s[t - 1] + b_a)
        o[t] = softmax(V @ s[t] + b_y)
        E[t] = -np.log(o[t] @ y[t])  # the probability of y_t alone

    E_sum = float(sum(E.values()))

    # Backpropagation through time. dU is the derivative of E with respect to U, and so on; dz and da are
    # those with respect to V s_t + b_y and to U x_t + W s_{t-1} + b_a. A state affects both o_t and the next
    # state.
    dU, dW, db_a, dV, db_y = (np.zeros(array.shape) for array in (U, W, b_a, V, b_y))
    ds_by_next = np.zeros(n)
    for t in range(T, 0, -1):
        dz = o[t] - y[t]  # the derivative of -log softmax(z)[y]
        dV += np.outer(dz, s[t])
        db_y += dz
        ds = V.T @ dz + ds_by_next
        da = ds * dg1(s[t])
        dU += np.outer(da, x[t])
        dW += np.outer(da, s[t - 1])
        db_a += da
        ds_by_next = W.T @ da  # after the last turn, of s_0

    gradients = {"U": dU, "W": dW, "b_a": db_a, "V": dV, "b_y": db_y, "s_0": ds_by_next}
    return E_sum, gradients, s[T]
