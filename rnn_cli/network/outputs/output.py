"""The interface of an output layer: what the architecture and the network need from a row of OUTPUTS."""

from collections.abc import Callable
from typing import NamedTuple

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.fast.workspace import Workspace


class Output(NamedTuple):
    """A row of OUTPUTS: from states s (N, n) to the probabilities of the next token.

    shapes: (m, n, cutoffs) -> the names and shapes of its parameters. Those with two dimensions are weights,
        the others biases.
    initial_biases: (counts (m,), cutoffs) -> biases that make the initial probabilities proportional to the
        counts.
    cost: (counts (m,), n, cutoffs) -> the mean number of multiplications per token.
    logits: (p, s (B, n)) -> (B, m); their softmax gives the tokens' probabilities.
    nats: (p, s, y (N,), work) -> E_t = -log o_t[y_t], (N,).
    nats_and_gradients: (p, s, y, weight (N,), work) -> E_t and the derivatives of Σ_t weight_t E_t:
        ds (N, n), and the parameters' gradients, in `work.gradient`. All are arrays of the workspace.
    choose_cutoffs: (counts, n) -> the best cutoffs for a text with these counts; () if the layer has none.
    has_cutoffs: whether it needs cutoffs.
    has_full_rows: whether V is (m, n), so that it can be a tied embedding.
    """

    shapes: Callable[[int, int, tuple[int, ...]], dict[str, tuple[int, ...]]]
    initial_biases: Callable[[Array, tuple[int, ...]], Parameters]
    cost: Callable[[Array, int, tuple[int, ...]], float]
    logits: Callable[[Parameters, Array], Array]
    nats: Callable[[Parameters, Array, Ids, Workspace], Array]
    nats_and_gradients: Callable[[Parameters, Array, Ids, Array, Workspace], tuple[Array, Array, Parameters]]
    choose_cutoffs: Callable[[Array, int], tuple[int, ...]]
    has_cutoffs: bool
    has_full_rows: bool
