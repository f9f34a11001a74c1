"""The size of the derivatives of a sequence's loss: where they vanish, nothing is learned."""

import numpy as np

from rnn_cli.models.looking.parts import Norms
from rnn_cli.network.arrays import Array, Ids, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network, Sequences
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.passes import Steps


def norms_of(network: Network, p: Parameters, ids: tuple[Ids, Ids], first: State) -> Norms:
    """Return the norms for a sequence, computed in float64.

    ids: inputs and targets, each (T,). first: the state before the first step, each (1, n).
    """
    p = network.lay_out(p, np.float64)
    first = {name: s.astype(np.float64) for name, s in first.items()}
    x, y = (each[:, None] for each in ids)
    ones = np.ones(x.shape)
    _, gradients, _ = network.loss_and_gradients(p, Sequences(x, y, ones, ones), first, Workspace(np.float64))
    parameters = {name: float(np.linalg.norm(g)) for name, g in network.dense(gradients).items()}
    return Norms(parameters, _by_step(network, p, ids, first))


def _by_step(network: Network, p: Parameters, ids: tuple[Ids, Ids], first: State) -> dict[str, list[float]]:
    """Return the norms of dE_T/ds_t, t = 1 … T, and for an lstm also of dE_T/dc_t; the norm covers all layers
    together.

    It works step by step: each step's backward pass turns dE_T/d(state after it) into dE_T/d(state before
    it).
    """
    x, y = ids
    states = network.states(p, x, first)
    T, letters = len(x), CELLS[network.cell].state
    last = network.seen(states)[-1:]
    output = OUTPUTS[network.output]
    _, ds, _ = output.nats_and_gradients(p, last, y[-1:], np.ones(1), Workspace(np.float64))
    dh: Array = ds[None]
    d_after = {name: np.zeros((1, network.n)) for name in states}
    found = {letter: [0.0] * T for letter in letters}
    for t in range(T - 1, -1, -1):
        before = first if t == 0 else {name: s[t - 1 : t] for name, s in states.items()}
        for letter in letters:
            d = [d_after[letter + suffix] for suffix in network.suffixes]
            if letter == letters[0] and t == T - 1:
                d = [*d, dh[0]]  # at the last step, what the output layer sends back
            found[letter][t] = float(np.linalg.norm(np.concatenate(d)))
        steps = Steps(x[t : t + 1, None], np.ones((1, 1)))
        _, _, backward = network.through(p, steps, before, Workspace(np.float64))
        d_after = backward(dh.copy(), d_after).before
        dh = np.zeros_like(dh)
    return found
