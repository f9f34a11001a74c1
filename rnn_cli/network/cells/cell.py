"""What a cell is, to those who write one and to those who use one."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, State
from rnn_cli.network.workspace import Workspace

# elements of slopes computed at a time: many steps in one call, and still in the cache
SLOPES = 1 << 15
# numbers between two lines of W, a line of the cache: a distance of a power of two would put every line
# into the same few places of the cache
GAP = 16
TILE = 32  # rows of W turned into columns at a time, so that both stay in the cache
ALPHABET = 256  # most tokens of a vocabulary in which each is met thousands of times

# ds (T, B, n), overwritten -> da (T, B, k n), dW (k n, n)
Backward = Callable[[Array], tuple[Array, Array]]

# W (k n, n), a (T, B, k n), overwritten, s_0, keep (T, B) -> s (T, B, n), the state after s_T, backward
Forward = Callable[[Array, Array, State, Array, Workspace], tuple[Array, State, Backward]]

# W (k n, n), a_t (B, k n), overwritten, the state before -> the state after
Step = Callable[[Array, Array, State], State]


def gated_spread_of_U(m: int, n: int) -> float:
    """Where letters open and close the gates, they had better do so from the start; words are met too
    seldom to unlearn it (measured in tests/benchmarks)."""
    return 2.0 if m <= ALPHABET else 0.5


class Cell(NamedTuple):
    """A row of CELLS.

    gates: the k blocks of n rows that U, W and b_a are made of, in this order, and what the bias of each
        begins as.
    state: the names of what is handed on; the first is what the layers above see.
    initial_W: the first (n, n) weights of a gate.
    step: the equations, for one step.
    forward: the equations for a window, and the way back. `keep` is 0 where a line starts afresh from
        s_0 = 0: it multiplies the state before. Arrays are of the workspace, but for the state after.
    spread_of_U: the standard deviation of U at first, where it meets a one-hot x_t of m tokens, for n units.
    """

    gates: dict[str, float]
    state: tuple[str, ...]
    initial_W: Callable[[np.random.Generator, int], Array]
    step: Step
    forward: Forward
    spread_of_U: Callable[[int, int], float] = gated_spread_of_U


def by_gate(z: Array, k: int) -> Array:
    """A view (k, B, n) of the gates that stand side by side in z (B, k n)."""
    return z.reshape(len(z), k, -1).swapaxes(0, 1)


def by_columns(W: Array, B: int, work: Workspace) -> Array:
    """W (k n, n), held in memory by columns, for the product W s_{t-1} of every step: of several rows it
    takes up to half the time so (measured with AVX-512). One row's product reads W but once: as it is."""
    if B == 1:
        return W
    columns = work("W by columns", W.shape[1], len(W) + GAP)[:, : len(W)]
    for first in range(0, len(W), TILE):
        np.copyto(columns[:, first : first + TILE], W[first : first + TILE].T)
    return columns.T


def by_rows(W: Array, B: int, work: Workspace) -> Array:
    """W (k n, n), held by rows, for the product W^T da_t of every step back."""
    if B == 1:
        return W
    rows = work("W by rows", len(W), W.shape[1] + GAP)[:, : W.shape[1]]
    np.copyto(rows, W)
    return rows


def kept(states: Array, keep: Array, out: Array, t: int) -> Array:
    """keep_t s_{t-1}, of states s_0 … s_T."""
    return np.multiply(states[t], keep[t, :, None], out=out[t])
