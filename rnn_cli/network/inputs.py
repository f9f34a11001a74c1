"""What enters the states: U x_t + b_a, for every step of a window at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.functions import Array, Buffers

# Up to this many tokens the gradient of U is fastest as a product with the one-hot matrix; beyond,
# as sums over the rows of each token that occurs.
ONE_HOT_UP_TO = 256

Backward = Callable[[Array], tuple[Array, Array]]  # da (T, B, n) -> dU (n, m), db_a (n,)


def look_up(U: Array, b_a: Array, x: NDArray[np.intp], buffers: Buffers) -> tuple[Array, Backward]:
    """a_t = U x_t + b_a. With x_t one-hot, U x_t is column x_t of U.

    U (n, m), in memory by columns; x (T, B) ids -> a (T, B, n).
    """
    (T, B), (n, m) = x.shape, U.shape
    a = buffers("a", T, B, n)
    np.take(U.T, x, axis=0, out=a, mode="clip")  # "clip", as "raise" would copy through a buffer
    np.add(a, b_a, out=a)

    def backward(da: Array) -> tuple[Array, Array]:
        da = da.reshape(T * B, n)
        dU = buffers("dU", m, n).T  # dU = Σ_t da_t x_t^T
        if m <= ONE_HOT_UP_TO:
            one_hot = buffers("one_hot", T * B, m)
            one_hot.fill(0)
            one_hot[np.arange(T * B), x.ravel()] = 1
            np.matmul(one_hot.T, da, out=dU.T)
        else:
            order = np.argsort(x, axis=None, kind="stable")
            tokens, first = np.unique(x.ravel()[order], return_index=True)
            dU.fill(0)
            dU.T[tokens] = np.add.reduceat(da[order], first, axis=0)
        return dU, np.add.reduce(da, axis=0)

    return a, backward
