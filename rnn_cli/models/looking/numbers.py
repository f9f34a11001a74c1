"""All vectors of a small network in full, so that each step can be followed with a pencil."""

from collections.abc import Iterator

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.models.looking.parts import Vector
from rnn_cli.network.arrays import Array, Ids, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.cells.recurrence import Recurrence
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS

MOST_UNITS, MOST_TOKENS = 16, 64


def numbers_of(network: Network, p: Parameters, ids: tuple[Ids, Ids], first: State) -> list[list[Vector]]:
    """Return the vectors of each step of a sequence, in the order in which they are computed.

    ids: inputs and targets, each (T,). first: the state before the first step, each (1, n).
    Raises UsageError for a network that is too large to follow.
    """
    if max(network.n, network.embedding) > MOST_UNITS or network.m > MOST_TOKENS:
        small = f"at most {MOST_UNITS} units and {MOST_TOKENS} tokens"
        raise UsageError(f"--numbers needs a small network, {small}: --fresh --hidden 4 makes one")
    p = network.lay_out(p, np.float64)
    before = {name: s.astype(np.float64) for name, s in first.items()}
    states = network.states(p, ids[0], before)
    log_o = network.log_o(p, states)
    steps = []
    for t, (x_t, y_t) in enumerate(zip(*ids, strict=True)):
        after = {name: s[t : t + 1] for name, s in states.items()}
        seen, o_t = network.seen(after)[0], np.exp(log_o[t])
        last = f"s{network.suffixes[-1]}_t"
        steps.append(
            [
                *_entrance(network, p, int(x_t)),
                *(v for suffix in network.suffixes for v in _layer(network, p, suffix, before, after, x_t)),
                *_output(network, p, seen, last),
                _vector("o_t", o_t),
                _vector("y_t", np.eye(network.m)[y_t]),
                _vector("E_t", -log_o[t, y_t : y_t + 1]),
            ]
        )
        before = after
    return steps


def parameters_of(network: Network, p: Parameters) -> list[Vector]:
    """Return each parameter in full."""
    return [Vector(name, p[name].tolist()) for name in network.shapes]


def _entrance(network: Network, p: Parameters, x_t: int) -> Iterator[Vector]:
    yield _vector("x_t", np.eye(network.m)[x_t])
    if network.embedding:
        yield _vector("C x_t", (p["V"].T if network.tie else p["C"])[:, x_t])


def _layer(
    network: Network, p: Parameters, suffix: str, before: State, after: State, x_t: int
) -> Iterator[Vector]:
    U, b_a, W = (p[letter + suffix] for letter in ("U", "b_a", "W"))
    if suffix:
        below = f"s{network.suffixes[network.suffixes.index(suffix) - 1]}"
        a_t, entered = after[below][0] @ U.T + b_a, f"{below}_t"
    else:
        a_t, entered = network.input.step(p, np.array([x_t]))[0], "C x_t" if network.embedding else "x_t"
    Ws = W @ before[f"s{suffix}"][0]
    yield _vector(f"U{suffix} {entered}", a_t - b_a)
    yield _vector(f"W{suffix} s{suffix}_(t-1)", Ws)
    yield _vector(f"b_a{suffix}", b_a)
    yield from _gates(network, suffix, (a_t, Ws), before)
    for letter in reversed(CELLS[network.cell].state):
        yield _vector(f"{letter}{suffix}_t", after[letter + suffix][0])


def _gates(network: Network, suffix: str, entered: tuple[Array, Array], before: State) -> Iterator[Vector]:
    """Yield the gates of a step, as given by the cell's own equations."""
    cell = CELLS[network.cell]
    if not isinstance(cell, Recurrence) or "gates" not in cell.memory:
        return
    a_t, Ws = (array[None].copy() for array in entered)
    states = [before[name + suffix] for name in cell.state]
    after = [np.empty_like(s) for s in states]
    memory = [np.empty((*shape, 1, network.n)) for shape in cell.memory.values()]
    cell.equations(a_t, Ws, states, after, memory)
    gates = memory[[*cell.memory].index("gates")]
    for name, gate in zip(cell.gates, gates, strict=True):
        yield _vector(f"gate {name}{suffix}_t", gate[0])


def _output(network: Network, p: Parameters, seen: Array, last: str) -> Iterator[Vector]:
    """Yield the terms that the output layer adds: the products of its matrices with the state, and its
    biases."""
    for name in OUTPUTS[network.output].shapes(network.m, network.n, network.cutoffs):
        narrower = "P" + name.removeprefix("V")  # for a cluster of an adaptive layer
        if name.startswith("b_y"):
            yield _vector(name, p[name])
        elif narrower in p:
            yield _vector(f"{name} {narrower} {last}", p[name] @ (p[narrower] @ seen))
        else:
            yield _vector(f"{name} {last}", p[name] @ seen)


def _vector(name: str, values: Array) -> Vector:
    return Vector(name, values.tolist())
