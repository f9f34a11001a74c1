"""What the executor needs from a network: it can train any network that has these methods."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rnn_cli.network.arrays import NO_MASKS, Array, Masks, Parameters, State
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.functions import Drop

DType = type[np.floating[Any]]  # float32, or float64 to check gradients


class Batch(Protocol):
    """T steps of B rows. Only the network knows its other contents."""

    @property
    def weight(self) -> Array: ...  # (T, B): 1 where a target counts, 0 where there is none


class Rows(Batch, Protocol):
    """Some or all rows of a batch, as a named tuple of arrays, which can be sent to another process."""

    def _asdict(self) -> dict[str, Array]: ...


class Windows(Protocol):
    """A text as windows in reading order; each row continues where it ended in the previous window."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Batch: ...


@runtime_checkable
class InRows(Protocol):
    """Windows that can make some of their rows without the others."""

    @property
    def rows(self) -> int: ...
    def targets(self, index: int) -> int:
        """Return the number of targets of a window."""

    def part(self, index: int, rows: slice) -> Rows:
        """Return some rows of a window."""


OwnBatch = Any  # a `Batch` of the network's own kind


class Trainable(Protocol):
    """A network as training sees it: pure functions of parameters, which are plain arrays.

    Picklable, as each process has its own. rnn_cli.network.network.Network is one.
    """

    @property
    def m(self) -> int: ...  # the number of classes of a target: a guess costs ln m nats
    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...  # of each parameter
    @property
    def sizes(self) -> Mapping[str, int]: ...  # entries of each parameter
    @property
    def size(self) -> int: ...  # entries of all parameters

    def is_dense(self, name: str) -> bool:
        """Return whether a parameter's gradient is an array of its shape instead of `Columns`."""

    def views(self, flat: Parameters) -> Parameters:
        """Return flat arrays as parameters: views in their shapes and memory order."""

    def zero_state(self, B: int, dtype: DType = np.float32) -> State:
        """Return s_0 = 0 for B rows."""

    def draw_masks(self, rng: np.random.Generator, drop: Drop, T: int, B: int) -> Masks:
        """Return dropout and DropConnect masks for a batch of T steps and B rows."""

    def rooms(self, T: int, B: int) -> Mapping[str, tuple[int, bool]]:
        """Return, for each array sent to or from the process that computes a batch of T steps and B rows (the
        batch's, its state's, and those of gradients by columns), the most numbers it can have and whether
        they are ids."""

    def rows(self, batch: OwnBatch, k: slice) -> Rows:
        """Return some rows of a batch."""

    def loss(
        self, p: Parameters, batch: OwnBatch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return the training loss E, summed over the batch, and the state after it."""

    def evaluate(self, p: Parameters, batch: OwnBatch, state: State, work: Workspace) -> tuple[float, State]:
        """Return the evaluation loss E, summed over the batch, and the state after it."""

    def loss_and_gradients(
        self, p: Parameters, batch: OwnBatch, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, dE/dp for each parameter p, and the state after the batch. Dense gradients are written to
        `work.gradient(name, *shape)` and are valid until the next call with the same `work`."""
