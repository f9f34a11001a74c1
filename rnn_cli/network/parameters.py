"""What all networks have in common: parameters as plain arrays, with names, shapes and a place in memory."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_cli.network.arrays import NO_MASKS, Array, Masks, Parameters, State
from rnn_cli.network.columns import Columns, Gradients
from rnn_cli.network.fast.workspace import Workspace

Order = Literal["C", "F"]


class Table(NamedTuple):
    """A parameter of which a look-up picks columns."""

    order: Order = "F"  # how it lies in memory, by columns ("F") or by rows ("C")
    by_columns: bool = True  # whether its gradient is `Columns` and not an array


class Parametrised(ABC):
    """A network, as far as its parameters are concerned."""

    @property
    @abstractmethod
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Each parameter's name and shape."""

    @property
    @abstractmethod
    def tables(self) -> Mapping[str, Table]:
        """The parameters of which a look-up picks columns."""

    @property
    def size(self) -> int:
        """The number of entries of all parameters."""
        return sum(self.sizes.values())

    @property
    def sizes(self) -> dict[str, int]:
        """The number of entries of each parameter."""
        return {name: math.prod(shape) for name, shape in self.shapes.items()}

    def is_dense(self, name: str) -> bool:
        """Return whether a parameter's gradient is an array of its shape, and not `Columns`."""
        return name not in self.tables or not self.tables[name].by_columns

    def lay_out(self, p: Parameters, dtype: type[np.floating] = np.float32) -> Parameters:
        """Return copies in the order of `shapes`, and in memory as the layers want them: a table by columns
        (unless it is V), the others by rows."""
        return {name: np.array(p[name], dtype, order=self._order(name)) for name in self.shapes}

    def dense(self, gradients: Gradients) -> Parameters:
        """Return copies of gradients, all as arrays."""
        return {
            name: g.dense(self.shapes[name][1]) if isinstance(g, Columns) else g.copy(order="K")
            for name, g in gradients.items()
        }

    def view(self, name: str, flat: Array) -> Array:
        """Return a parameter in its shape; `flat` has its entries in the order of the memory."""
        return flat.reshape(self.shapes[name], order=self._order(name))

    def views(self, flat: Parameters) -> Parameters:
        """Return flat arrays as parameters: views in their shapes and memory order."""
        return {name: self.view(name, array) for name, array in flat.items()}

    def _order(self, name: str) -> Order:
        return self.tables[name].order if name in self.tables else "C"


class Learner(Parametrised):
    """A network that learns from an E and is judged by an E."""

    @abstractmethod
    def loss(
        self, p: Parameters, batch: Any, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E that it learns from, summed over the batch, and the state after it."""

    def evaluate(self, p: Parameters, batch: Any, state: State, work: Workspace) -> tuple[float, State]:
        """Return E by which it is judged, summed over the batch, and the state after it. It is that which it
        learns from, unless a network says otherwise."""
        return self.loss(p, batch, state, work)


class WithoutState(Learner):
    """A network whose rows are whole sequences: no state runs on from one batch into the next."""

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """Return a state with nothing in it."""
        return {}
