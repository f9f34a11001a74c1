"""What all networks have in common: parameters as plain arrays, with names, shapes and memory layouts."""

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
    """A parameter whose columns are looked up."""

    order: Order = "F"  # its memory layout, by columns ("F") or by rows ("C")
    by_columns: bool = True  # whether its gradient is `Columns` instead of an array


class Parametrised(ABC):
    """A network with named parameters."""

    @property
    @abstractmethod
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Each parameter's name and shape."""

    @property
    @abstractmethod
    def tables(self) -> Mapping[str, Table]:
        """The parameters whose columns are looked up."""

    @property
    def size(self) -> int:
        """The number of entries of all parameters."""
        return sum(self.sizes.values())

    @property
    def sizes(self) -> dict[str, int]:
        """The number of entries of each parameter."""
        return {name: math.prod(shape) for name, shape in self.shapes.items()}

    def is_dense(self, name: str) -> bool:
        """Return whether a parameter's gradient is an array of its shape instead of `Columns`."""
        return name not in self.tables or not self.tables[name].by_columns

    def lay_out(self, p: Parameters, dtype: type[np.floating] = np.float32) -> Parameters:
        """Return copies in the order of `shapes` and in the layers' memory layout: tables by columns
        (except V), others by rows."""
        return {name: np.array(p[name], dtype, order=self._order(name)) for name in self.shapes}

    def dense(self, gradients: Gradients) -> Parameters:
        """Return copies of gradients, all as dense arrays."""
        return {
            name: g.dense(self.shapes[name][1]) if isinstance(g, Columns) else g.copy(order="K")
            for name, g in gradients.items()
        }

    def view(self, name: str, flat: Array) -> Array:
        """Return a parameter in its shape, a view of `flat`, which has the entries in memory order."""
        return flat.reshape(self.shapes[name], order=self._order(name))

    def views(self, flat: Parameters) -> Parameters:
        """Return flat arrays as parameters: views in their shapes and memory order."""
        return {name: self.view(name, array) for name, array in flat.items()}

    def _order(self, name: str) -> Order:
        return self.tables[name].order if name in self.tables else "C"


class Learner(Parametrised):
    """A network that is trained on one loss E and evaluated by another, or the same."""

    @abstractmethod
    def loss(
        self, p: Parameters, batch: Any, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return the training loss E, summed over the batch, and the state after it."""

    def evaluate(self, p: Parameters, batch: Any, state: State, work: Workspace) -> tuple[float, State]:
        """Return the evaluation loss E, summed over the batch, and the state after it. It is the training
        loss unless a subclass overrides this."""
        return self.loss(p, batch, state, work)


class WithoutState(Learner):
    """A network whose rows are whole sequences, so that no state passes from one batch to the next."""

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        """Return an empty state."""
        return {}
