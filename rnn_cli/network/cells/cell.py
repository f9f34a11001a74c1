"""What a cell is, to those who write one and to those who use one."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, State
from rnn_cli.network.fast.products import Product
from rnn_cli.network.fast.workspace import Workspace

# elements of slopes computed at a time: many steps in one call, and still in the cache
SLOPES = 1 << 15
ALPHABET = 256  # most tokens of a vocabulary in which each is met thousands of times

# ds (T, B, n), overwritten -> da (T, B, k n), dW (k n, n)
Backward = Callable[[Array], tuple[Array, Array]]

# W (k n, n), a (T, B, k n), overwritten, s_0, keep (T, B) -> s (T, B, n), the state after s_T, backward
Forward = Callable[[Array, Array, State, Array, Workspace], tuple[Array, State, Backward]]

# of W (k n, n), a_t (B, k n), overwritten, the state before -> the state after
Step = Callable[[Product, Array, State], State]


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


def kept(states: Array, keep: Array, out: Array, t: int) -> Array:
    """keep_t s_{t-1}, of states s_0 … s_T."""
    return np.multiply(states[t], keep[t, :, None], out=out[t])
