"""What an output layer is, to those who write one and to those who use one."""

from collections.abc import Callable
from typing import NamedTuple

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.fast.workspace import Workspace


class Output(NamedTuple):
    """A row of OUTPUTS: from states s (N, n) to the probabilities of the next token.

    shapes: (m, n, cutoffs) -> its parameters' names and shapes. Those of two dimensions are weights, the
        others biases.
    initial_biases: (counts (m,), cutoffs) -> biases with which the first probabilities are the counts'.
    cost: (counts (m,), n, cutoffs) -> how many weights a token meets, on average.
    log_probabilities: (p, s (B, n)) -> (B, m), of each token; a constant may be added to a row.
    nats: (p, s, y (N,), work) -> E_t = -log o_t[y_t], (N,).
    nats_and_gradients: (p, s, y, weight (N,), work) -> E_t, and of Σ_t weight_t E_t the derivative
        ds (N, n) and those of the parameters. Arrays of the workspace.
    """

    shapes: Callable[[int, int, tuple[int, ...]], dict[str, tuple[int, ...]]]
    initial_biases: Callable[[Array, tuple[int, ...]], Parameters]
    cost: Callable[[Array, int, tuple[int, ...]], float]
    log_probabilities: Callable[[Parameters, Array], Array]
    nats: Callable[[Parameters, Array, Ids, Workspace], Array]
    nats_and_gradients: Callable[[Parameters, Array, Ids, Array, Workspace], tuple[Array, Array, Parameters]]
