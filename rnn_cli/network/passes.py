"""What goes through the layers of a network (layers.py), and what their backward pass returns."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from rnn_cli.network.arrays import Array, Ids, Masks, Parameters, State
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.turning import Turn

NO_GRADIENTS: Gradients = {}


class Steps(NamedTuple):
    """What goes through the layers: T steps of B rows.

    x: (T, B), ids.
    keep: (T, B), 0 where a line starts and s_{t-1} is dropped, else 1.
    turned: (T, B), the step that stands at each place of a row when it is read from its end: row b has the
        ids x[turned[:, b], b] then. Turning twice is no turn. Only where there are two directions.
    beside: (T or 1, B, `beside`), the second input.
    """

    x: Ids
    keep: Array
    turned: Ids | None = None
    beside: Array | None = None


class Derivatives(NamedTuple):
    """What the backward pass of the layers returns."""

    gradients: Gradients  # of their parameters
    before: State  # dE/d(state before the window)
    beside: Array | None  # dE/dq, as q


class Backward(Protocol):
    """The backward pass of `Layers.states`; it may be called once."""

    def __call__(
        self, dh: Array, d_after: State | None = None, of_output: Gradients = NO_GRADIENTS
    ) -> Derivatives:
        """Return the gradients of the cells' and the input's parameters, and those of what came in.

        dh: (T, B, width), dE/dh; overwritten.
        d_after: dE/d(state after the window); None stands for zeros.
        of_output: the output layer's gradients, which are returned with the others: a tied V has the sum of
            both its uses.
        """
        ...


class Given(NamedTuple):
    """What all layers of a pass share."""

    p: Parameters
    steps: Steps
    turn: Turn | None  # where there are two directions
    state: State
    work: Workspace
    masks: Masks


# ds (T, B, width), of both directions, d_after -> what the layer below has of it, and this direction's own
IntoWay = Callable[[Array, State | None], tuple[Array, Derivatives]]


class Way(NamedTuple):
    """One direction of a layer."""

    s: Array  # (T, B, n), its states in the order of the steps
    last: State
    backward: IntoWay
