"""The input of the layers of a network (layers.py), and the results of their backward pass."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from rnn_cli.network.arrays import Array, Ids, Masks, Parameters, State
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.turning import Turn

NO_GRADIENTS: Gradients = {}


class Steps(NamedTuple):
    """The input of the layers: T steps of B rows.

    x: (T, B), ids.
    keep: (T, B), 0 where a line starts and s_{t-1} is dropped, else 1.
    turned: (T, B), the order of the steps when a row is read from its end: row b then has the ids
        x[turned[:, b], b]. Turning twice restores the order. Given only if there are two directions.
    beside: (T or 1, B, `beside`), the second input.
    """

    x: Ids
    keep: Array
    turned: Ids | None = None
    beside: Array | None = None


class Derivatives(NamedTuple):
    """The results of the backward pass of the layers."""

    gradients: Gradients  # of the parameters
    before: State  # dE/d(state before the window)
    beside: Array | None  # dE/dq, in the shape of q


class Backward(Protocol):
    """The backward pass of `Layers.through`; it may be called only once."""

    def __call__(
        self, dh: Array, d_after: State | None = None, of_output: Gradients = NO_GRADIENTS
    ) -> Derivatives:
        """Return the gradients of the cells' and the input's parameters, and the derivatives with respect to
        the state before the window and the second input.

        dh: (T, B, width), dE/dh; overwritten.
        d_after: dE/d(state after the window); None means zeros.
        of_output: the output layer's gradients, which are returned with the others; that of a tied V becomes
            the sum over both its uses.
        """
        ...


class Given(NamedTuple):
    """What all layers share in a forward pass."""

    p: Parameters
    steps: Steps
    turn: Turn | None  # if there are two directions
    state: State
    work: Workspace
    masks: Masks


# ds (T, B, width) of both directions, d_after -> the derivative of the layer's input, and the other results
IntoWay = Callable[[Array, State | None], tuple[Array, Derivatives]]


class Way(NamedTuple):
    """One direction of a layer."""

    s: Array  # (T, B, n), the states in the order of the steps
    last: State
    backward: IntoWay
