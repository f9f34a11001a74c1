"""The loop over time, forward and backward: what tanh, relu, gru and lstm have in common.

Forward, with a_t the layer's input at step t,

    s_t = the cell's equations of a_t, W s_{t-1} and the state before

and backward, with dz_t the derivative of the product W s_{t-1}, and ds_t the derivative of s_t,

    ds_t     = from the layer above + from step t + 1
    dz_t     = the cell's derivatives of ds_t
    ds_{t-1} = keep_t (W^T dz_t + what reaches s_{t-1} past W)
    dW       = Σ_t dz_t s_{t-1}^T

A slope is a factor of a derivative that does not depend on later steps, such as g1'. Slopes are computed for
several steps in one call, which leaves little work in the loop.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import ClassVar, NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Parameters, State
from rnn_cli.network.cells.cell import Backward, Step
from rnn_cli.network.fast.products import Product, times
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import glorot_uniform, orthogonal

# Elements of a slope computed in one call: many steps, yet few enough to stay in the cache.
SLOPES = 1 << 15
ALPHABET = 256  # the largest vocabulary in which every token occurs thousands of times

Arrays = Sequence[Array]


def gated_spread_of_U(m: int, n: int) -> float:
    """Return a large spread for letters, so that they open and close the gates from the start; words occur
    too rarely to unlearn that (measured in tests/benchmarks)."""
    return 2.0 if m <= ALPHABET else 0.5


def by_gate(z: Array, k: int) -> Array:
    """Return a view (k, B, n) of k gates that lie side by side in z (B, k n)."""
    return z.reshape(len(z), k, -1).swapaxes(0, 1)


class Window(NamedTuple):
    """What the forward loop keeps for the backward loop."""

    W: Array
    a: Array  # (T, B, k n); may be overwritten
    keep: Array  # (T, B)
    runs_on: bool  # no line starts in this window, so keep need not be applied
    q: Arrays  # each state before each step, times keep, (T, B, n)
    after: Arrays  # each state after each step, (T, B, n)
    memory: Arrays


@dataclass(frozen=True)
class Recurrence(ABC):
    """A cell with a W. A subclass provides its equations and their derivatives; the rest is here.

    gates: the k blocks of n rows in U, W and b_a, in this order, with the initial value of each gate's bias.
    memory: arrays that the equations keep for the derivatives, by name, with the dimensions before (B, n).
    reaches_past_W: whether s_t depends on s_{t-1} in other ways than through W s_{t-1}.
    a_is_added_to_Ws: whether s_t depends on a_t only through a_t + W s_{t-1}, so that da_t = dz_t.
    initial_W: returns initial values of one gate's W.
    spread_of_U: returns the standard deviation of U's initial values, for a one-hot x_t of m tokens and
        n units.
    """

    gates: ClassVar[Mapping[str, float]]
    state: ClassVar[tuple[str, ...]] = ("s",)
    memory: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    reaches_past_W: ClassVar[bool] = False
    a_is_added_to_Ws: ClassVar[bool] = True
    initial_W: Callable[[np.random.Generator, int], Array] = orthogonal
    spread_of_U: Callable[[int, int], float] = gated_spread_of_U

    @abstractmethod
    def equations(self, a_t: Array, Ws: Array, before: Arrays, after: Arrays, memory: Arrays) -> None:
        """Write the state after a step to `after`, and to `memory` what the derivatives need.

        a_t, Ws: (B, k n), the layer's input and W s_{t-1}.
        before, after: the states, each (B, n).
        """

    @abstractmethod
    def slopes(self, before: Arrays, after: Arrays, memory: Arrays, work: Workspace) -> Arrays:
        """Return the factors that `derivatives` needs, for K steps at once: arrays (K, …).

        The arguments are those of `equations`, with a first dimension of K steps.
        """

    @abstractmethod
    def derivatives(self, ds_t: Array, dz_t: Array, slopes: Arrays, d_before: Arrays) -> None:
        """Write the derivatives of one step.

        ds_t: (B, n), the complete derivative of s_t.
        dz_t: (B, k n), output: the derivative of W s_{t-1}. It may share memory with ds_t.
        slopes: those of this step.
        d_before: output, (B, n) for each state: the part of the derivative of the state before that does not
            pass through W. On entry, for states other than s, it holds the derivative of the state after.
        """

    def input_derivatives(self, ds: Array, dz: Array, slopes: Arrays, da: Array) -> None:
        """Write da (K, B, k n) for K steps. Called only if a_is_added_to_Ws is false."""
        np.copyto(da, dz)

    def shapes(self, d: int, n: int) -> dict[str, tuple[int, ...]]:
        rows = len(self.gates) * n
        return {"U": (rows, d), "W": (rows, n), "b_a": (rows,)}

    def initial(self, name: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return Glorot values for U and the cell's own `initial_W` for W, both gate by gate."""
        n = shape[0] // len(self.gates)
        match name:
            case "U":
                blocks = [glorot_uniform(rng, n, shape[1]) for _ in self.gates]
            case "W":
                blocks = [self.initial_W(rng, n) for _ in self.gates]
            case _:
                blocks = [np.full(n, bias) for bias in self.gates.values()]
        return np.concatenate(blocks)

    def cost(self, d: int, n: int) -> int:
        return len(self.gates) * n * (d + n)

    def stepper(self, products: Mapping[str, Product]) -> Step:
        W_times, equations, names, shapes = products["W"], self.equations, self.state, [*self.memory.values()]

        def step(a_t: Array, before: State) -> State:
            states = [before[name] for name in names]
            s = states[0]
            after = [np.empty_like(s) for _ in names]
            equations(
                a_t, W_times(s), states, after, [np.empty(shape + s.shape, s.dtype) for shape in shapes]
            )
            return dict(zip(names, after, strict=True))

        return step

    def forward(
        self, p: Parameters, a: Array, before: State, keep: Array, work: Workspace
    ) -> tuple[Array, State, Backward]:
        W, (T, B) = p["W"], keep.shape
        n = W.shape[1]
        runs_on = bool(keep.all())
        states = [work(name, T + 1, B, n) for name in self.state]  # s_0 … s_T
        after = [s[1:] for s in states]
        q = [s[:-1] for s in states] if runs_on else [work(f"keep {x}", T, B, n) for x in self.state]
        K = T if work.keeps else 1
        memory = [work(f"memory {name}", K, *shape, B, n) for name, shape in self.memory.items()]
        of_steps = _steps(memory) if work.keeps else repeat([array[0] for array in memory])
        for name, s in zip(self.state, states, strict=True):
            s[0] = before[name]
        W_times, equations = times(W, B, work), self.equations
        steps = zip(range(T), a, _steps(q), _steps(after), of_steps, strict=False)
        for t, a_t, q_t, after_t, memory_t in steps:
            if not runs_on:
                for s, kept in zip(states, q_t, strict=True):
                    np.multiply(s[t], keep[t, :, None], out=kept)  # keep_t s_{t-1}
            equations(a_t, W_times(q_t[0]), q_t, after_t, memory_t)
        work.lap("forward loop")
        window = Window(W, a, keep, runs_on, q, after, memory)
        last = {name: s[-1].copy() for name, s in zip(self.state, states, strict=True)}
        return after[0], last, partial(self._backward, window, work)

    def _backward(
        self, window: Window, work: Workspace, ds: Array, d_after: State | None = None
    ) -> tuple[Array, Parameters, State]:
        assert work.keeps, "the workspace has not kept what the derivatives need"
        W, a, keep, runs_on, q, after, memory = window
        T, B, n = ds.shape
        da = ds if len(self.gates) == 1 else a
        dz = da if self.a_is_added_to_Ws else work("dz", *a.shape)
        d = [work(f"d{name}_t", B, n) for name in self.state]  # what each state receives from the next step
        for name, array in zip(self.state, d, strict=True):
            array[...] = 0 if d_after is None else d_after[name]
        W_T_times, derivatives, past_W = times(W.T, B, work), self.derivatives, self.reaches_past_W
        steps = zip(ds[::-1], dz[::-1], keep[::-1, :, None], strict=True)  # from the last to the first
        block = max(1, SLOPES // (B * n))
        for first in reversed(range(0, T, block)):
            k = slice(first, min(first + block, T))
            slopes = self.slopes(_cut(q, k), _cut(after, k), _cut(memory, k), work)
            of_steps = _steps([array[::-1] for array in slopes])
            for slopes_t, (ds_t, dz_t, keep_t) in zip(of_steps, steps, strict=False):  # the block's steps
                np.add(ds_t, d[0], out=ds_t)  # ds_t is now complete
                derivatives(ds_t, dz_t, slopes_t, d)
                through_W = W_T_times(dz_t)  # W^T dz_t
                d[0] = np.add(through_W, d[0], out=d[0]) if past_W else through_W
                if not runs_on:
                    for array in d:
                        np.multiply(array, keep_t, out=array)
            if not self.a_is_added_to_Ws:
                self.input_derivatives(ds[k], dz[k], slopes, da[k])
        work.lap("backward loop")
        # dW = Σ_t dz_t s_{t-1}^T
        dW = np.matmul(dz.reshape(T * B, -1).T, q[0].reshape(-1, n), out=work.gradient("W", *W.shape))
        work.lap("weight gradients")
        return da, {"W": dW}, {name: array.copy() for name, array in zip(self.state, d, strict=True)}


def _cut(arrays: Arrays, k: slice) -> Arrays:
    return [array[k] for array in arrays]


def _steps(arrays: Arrays) -> Iterator[tuple[Array, ...]]:
    """Yield one step of all arrays at a time; yield () forever if there are no arrays."""
    return zip(*arrays, strict=True) if arrays else repeat(())
