"""What the executor needs of a network, so that it trains any that offers this."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rnn_cli.network.arrays import NO_MASKS, Array, Masks, Parameters, State
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop

DType = type[np.floating[Any]]  # float32, or float64 where gradients are checked


class Batch(Protocol):
    """T steps of B rows. What else it holds is known to the network alone."""

    @property
    def weight(self) -> Array: ...  # (T, B): 1 where a target counts, 0 where there is none


class Rows(Batch, Protocol):
    """Some rows of a batch, or all, as a named tuple of arrays: as such they go to another process."""

    def _asdict(self) -> dict[str, Array]: ...


class Windows(Protocol):
    """A text as windows in reading order; each row continues where it ended in the window before."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Batch: ...


@runtime_checkable
class InRows(Protocol):
    """Windows of which some rows can be made without the others."""

    @property
    def rows(self) -> int: ...
    def targets(self, index: int) -> int:
        """Return how many targets a window has."""

    def part(self, index: int, rows: slice) -> Rows:
        """Return some rows of a window."""


OwnBatch = Any  # a `Batch` of the network's own kind


class Trainable(Protocol):
    """A network, as far as training is concerned: a pure function of parameters that are plain arrays.

    Picklable, as each process has its own. rnn_cli.network.network.Network is one.
    """

    @property
    def m(self) -> int: ...  # number of classes of a target: a guess costs ln m nats
    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...  # of each parameter
    @property
    def sizes(self) -> Mapping[str, int]: ...  # entries of each parameter
    @property
    def size(self) -> int: ...  # entries of all parameters

    def is_dense(self, name: str) -> bool:
        """Return whether a parameter's gradient is an array of its shape, and not `Columns`."""

    def views(self, flat: Parameters) -> Parameters:
        """Return flat arrays as parameters: views in their shapes and memory order."""

    def zero_state(self, B: int, dtype: DType = np.float32) -> State:
        """Return s_0 = 0 of B rows."""

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Return the masks of what a batch of T steps and B rows leaves out."""

    def rooms(self, T: int, B: int) -> Mapping[str, tuple[int, bool]]:
        """Return, for each array by which a batch of T steps and B rows travels (its own, its state's, and
        those of a gradient by columns), how many numbers it has at most and whether they are ids."""

    def rows(self, batch: OwnBatch, k: slice) -> Rows:
        """Return some rows of a batch."""

    def loss(
        self, p: Parameters, batch: OwnBatch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E that is learned from, summed over the batch, and the state after it."""

    def evaluate(self, p: Parameters, batch: OwnBatch, state: State, work: Workspace) -> tuple[float, State]:
        """Return E by which an epoch is judged, summed over the batch, and the state after it."""

    def loss_and_gradients(
        self, p: Parameters, batch: OwnBatch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, dE/dp for each parameter p, and the state after the batch. Dense gradients are written
        to `work.gradient(name, *shape)`, and hold until the next call with the same `work`."""
