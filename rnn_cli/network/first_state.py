"""The first state, computed from a vector: an encoder's, or a label's.

    s_0 = tanh(F v + b_f)             the states of all layers, stacked

Backward, with da = ds_0 (1 - s_0^2),

    dF = Σ da v^T,  db_f = Σ da,  dv = F^T da
"""

from collections.abc import Callable, Sequence

import numpy as np

from rnn_cli.network.arrays import Array, Parameters, State
from rnn_cli.network.fast.workspace import Workspace


def shapes(states: int, n: int, d: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters, for `states` states of n entries and a vector of d."""
    return {"F": (states * n, d), "b_f": (states * n,)}


def first_state(
    p: Parameters, v: Array, names: Sequence[str], work: Workspace
) -> tuple[State, Callable[[State], tuple[Array, Parameters]]]:
    """Return s_0 for v (B, d), by the names of the states, and the backward pass, ds_0 -> dv, gradients."""
    F, b_f = p["F"], p["b_f"]
    s_0 = np.tanh(v @ F.T + b_f)  # (B, states n)

    def backward(ds_0: State) -> tuple[Array, Parameters]:
        da = np.concatenate([ds_0[name] for name in names], axis=1)
        da *= 1 - s_0 * s_0
        dF = np.matmul(da.T, v, out=work.gradient("F", *F.shape))
        return da @ F, {"F": dF, "b_f": np.add.reduce(da, axis=0, out=work.gradient("b_f", *b_f.shape))}

    return dict(zip(names, np.split(s_0, len(names), axis=1), strict=True)), backward
