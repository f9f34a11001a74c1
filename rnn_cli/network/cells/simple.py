"""The tutorial's network (Elman 1990), with tanh or relu for g1:

    s_t = g1(U x_t + W s_{t-1} + b_a)

and with z_t the argument of g1,

    dz_t = ds_t g1'(z_t)
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnn_cli.network.arrays import Array
from rnn_cli.network.cells.recurrence import ALPHABET, Arrays, Recurrence
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import RELU, TANH, Activation, identity


@dataclass(frozen=True)
class Simple(Recurrence):
    """A cell with one gate, g1."""

    gates: ClassVar = {"s": 0.0}
    g1: Activation = TANH

    def equations(self, a_t: Array, Ws: Array, before: Arrays, after: Arrays, memory: Arrays) -> None:
        (s_t,) = after
        self.g1.function(np.add(a_t, Ws, out=s_t), s_t)  # s_t = g1(a_t + W s_{t-1})

    def slopes(self, before: Arrays, after: Arrays, memory: Arrays, work: Workspace) -> Arrays:
        (s_t,) = after
        return (self.g1.derivative(s_t, work("slope", *s_t.shape)),)  # g1'(z_t)

    def derivatives(self, ds_t: Array, dz_t: Array, slopes: Arrays, d_before: Arrays) -> None:
        (slope,) = slopes
        np.multiply(ds_t, slope, out=dz_t)  # dz_t = ds_t g1'(z_t)


def spread_for_tanh(m: int, n: int) -> float:
    """A unit whose U is large for a letter forgets when that letter comes; one whose U is small keeps what it
    holds. A small layer cannot afford to have few of the latter (measured in tests/benchmarks)."""
    return math.sqrt(n) / 6 if m <= ALPHABET else 0.5


def spread_for_relu(m: int, n: int) -> float:
    """The states of relu are unbounded: with a spread of 0.5 they grow too large in long windows."""
    return 0.1


TANH_CELL = Simple(spread_of_U=spread_for_tanh)
RELU_CELL = Simple(g1=RELU, initial_W=identity, spread_of_U=spread_for_relu)
