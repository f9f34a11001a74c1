"""Check derivatives against central differences, in float64, and against the tutorial's."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network import tutorial
from rnn_cli.network.arrays import NO_MASKS, Array, Ids, Masks, Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.columns import Gradients
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Batch, Network, Sequences
from rnn_cli.network.outputs import OUTPUTS

TOLERANCE = 1e-5
# values of h; the best result counts: a small h shows the rounding of E, a large one may cross a kink of relu
DIFFERENCES = (1e-3, 3e-3, 1e-4, 1e-5, 1e-6, 1e-7)
HIDDEN = 1e-8  # times E: the rounding of E, about 1e-16 / h, hides errors below TOLERANCE of this
NOISE = 0.3

ByHand = Callable[[Parameters, Any, State], Gradients]


class Differentiable(Protocol):
    """What gradcheck needs from a network. Batches are of the network's own kind."""

    def lay_out(self, p: Parameters, dtype: type[np.floating] = np.float32) -> Parameters:
        """Return copies of parameters in the network's memory layout."""

    def dense(self, gradients: Gradients) -> Parameters:
        """Return copies of gradients, all as dense arrays."""

    def loss(
        self, p: Parameters, batch: Any, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, State]:
        """Return E and the state after the batch."""

    def loss_and_gradients(
        self, p: Parameters, batch: Any, state: State, work: Workspace, masks: Masks = NO_MASKS
    ) -> tuple[float, Gradients, State]:
        """Return E, dE/dp for every parameter p, and the state after the batch."""


class Check(NamedTuple):
    """How well a parameter's gradient agrees with differences."""

    name: str
    shape: tuple[int, ...]
    checked: int  # number of entries
    error: float  # the largest relative error of an entry

    @property
    def ok(self) -> bool:
        return self.error <= TOLERANCE  # False for nan


class Entry(NamedTuple):
    """One derivative, computed by hand and as a difference of E."""

    name: str  # of its parameter
    place: tuple[int, ...]
    derivative: float
    difference: float
    error: float  # relative; inf if either is not finite

    @property
    def ok(self) -> bool:
        return self.error <= TOLERANCE


class Sequence(NamedTuple):
    """Part of a row of a batch, from the start of a line or of the window to the end of either."""

    x: Ids  # (T,)
    y: Ids
    state: State  # before the sequence, each array (n,)


def combinations(m: int, n: int, **chosen: Any) -> Iterator[Network]:
    """Yield a network of m tokens (at least 5) and n units for every valid combination of choices. `chosen`
    fixes some of them, by the names of Network's fields."""
    choices: dict[str, Iterable[Any]] = {
        "cell": CELLS,
        "layers": (1, 2),
        "embedding": (0, n),
        "output": OUTPUTS,
        "tie": (False, True),
    }
    choices |= {name: (value,) for name, value in chosen.items()}
    for values in itertools.product(*choices.values()):
        made: dict[str, Any] = dict(zip(choices, values, strict=True))
        cutoffs = (m // 3, m // 3 + 2) if OUTPUTS[made["output"]].has_cutoffs else ()
        try:
            network = Network(m, n, cutoffs=cutoffs, **made)
        except ValueError:  # not a valid combination
            continue
        yield network


def noisy_parameters(network: Network, rng: np.random.Generator) -> Parameters:
    """Return initial values with noise. Without noise, a dropped input leaves relu states exactly at the kink
    (W is the identity and biases are 0), and a bias of 0 hides errors in its use."""
    p = network.initialise(rng, np.ones(network.m))
    return {name: array + rng.normal(0, NOISE, array.shape) for name, array in p.items()}


def hard_batch(m: int, rng: np.random.Generator, T: int = 6, B: int = 4, runs_on: bool = False) -> Sequences:
    """Return a batch with the features of real text: a token that several rows share in one step, padding,
    tokens that do not occur and, unless the state `runs_on`, lines that end within the window. T must be at
    least 5 and B at least 3."""
    x = rng.integers(m, size=(T, B))
    x[1] = x[1, 0]
    keep = np.ones((T, B))
    if not runs_on:
        keep[2, 0] = keep[4, 1] = keep[0, 2] = 0
    weight = np.ones((T, B))
    weight[-2:, -1] = 0
    return Sequences(x, rng.integers(m, size=(T, B)), keep, weight)


def carried_state(network: Network, B: int, rng: np.random.Generator) -> State:
    """Return a nonzero state, as an earlier window would have left it."""
    zero = network.zero_state(B, np.float64)
    return {name: rng.uniform(-0.5, 0.5, s.shape) for name, s in zero.items()}


def sequences(batch: Batch, state: State) -> Iterator[Sequence]:
    """Yield the sequences of a batch, row by row: a row is cut where its state is not kept, and padding at
    the end of a sequence is left out.

    Raises ValueError if a step without a target comes before one with a target.
    """
    T, B = batch.x.shape
    for b in range(B):
        starts = sorted({0, *np.flatnonzero(batch.keep[:, b] == 0).tolist()})
        for first, end in itertools.pairwise([*starts, T]):
            targets = np.flatnonzero(batch.weight[first:end, b])
            if not len(targets):
                continue
            if len(targets) <= targets[-1]:
                raise ValueError(f"row {b} has a step without a target before its last target")
            k = slice(first, first + len(targets))
            # keep is 0 where a line starts, so only a row's first sequence can begin from `state`
            before = {name: s[b] * batch.keep[first, b] for name, s in state.items()}
            yield Sequence(batch.x[k, b], batch.y[k, b], before)


def second_opinion(network: Network, p: Parameters, batch: Batch, state: State) -> Parameters | None:
    """Return a batch's gradients, without dropout, as computed by tutorial.py, which shares no code with the
    network: arrays in the parameters' shapes. None if the tutorial has no such network.

    Raises ValueError if `sequences` cannot divide the batch.
    """
    if Network(network.m, network.n, network.cell) != network or network.cell not in tutorial.G1:
        return None
    total = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    for one in sequences(batch, state):
        _, gradients, _ = tutorial.loss_and_gradients(p, one.x, one.y, one.state["s"], network.cell)
        for name in total:
            total[name] += gradients[name]
    return total


def gradcheck(
    network: Differentiable,
    p: Parameters,
    batch: Any,
    state: State,
    rng: np.random.Generator,
    entries: int | None = None,
    masks: Masks = NO_MASKS,
    by_hand: ByHand | None = None,
) -> Iterator[Check]:
    """Yield a Check for each parameter: dE/dp compared with differences of E, in float64.

    by_hand: computes the gradients, under the same masks, instead of network.loss_and_gradients. The other
    arguments are those of `compared`.
    """
    for name, found in compared(network, p, batch, state, rng, entries, masks, by_hand):
        yield Check(name, p[name].shape, len(found), max((each.error for each in found), default=0.0))


def compared(
    network: Differentiable,
    p: Parameters,
    batch: Any,
    state: State,
    rng: np.random.Generator,
    entries: int | None = None,
    masks: Masks = NO_MASKS,
    by_hand: ByHand | None = None,
) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the name of each parameter with its derivatives and the differences of E, in float64.

    An error is relative to the largest of three numbers: the entry, a thousandth of the array's largest
    entry, and HIDDEN times E, as the rounding of E hides smaller errors.

    entries: how many entries of each array to check, drawn by rng; None checks all.
    masks: dropout masks, the same for every loss. by_hand: as for `gradcheck`.
    """
    p = network.lay_out(p, np.float64)
    work = Workspace(np.float64)
    E, _ = network.loss(p, batch, state, work, masks)
    if by_hand is None:
        gradients = network.dense(network.loss_and_gradients(p, batch, state, work, masks)[1])
    else:
        gradients = network.dense(by_hand(p, batch, state))

    def difference(array: Array, place: tuple[int, ...], h: float) -> float:
        value = array[place]
        array[place] = value + h
        above, _ = network.loss(p, batch, state, work, masks)
        array[place] = value - h
        below, _ = network.loss(p, batch, state, work, masks)
        array[place] = value
        return (above - below) / (2 * h)

    def slope(array: Array, place: tuple[int, ...], h: float) -> float:
        """Return two differences, weighted so that the error is of order h^4 instead of h^2 (Richardson).
        This allows an h so large that the rounding of a large E does not show in a small entry."""
        return (4 * difference(array, place, h) - difference(array, place, 2 * h)) / 3

    for name, array in p.items():
        largest = float(np.abs(gradients[name]).max())
        floor = max(1e-3 * largest, HIDDEN * E, 1e-12)  # nan or inf only if an entry is
        found = []
        for flat in _entries(gradients[name], entries, rng):
            place = tuple(int(i) for i in np.unravel_index(flat, array.shape))
            ours = float(gradients[name][place])
            tried = ((_error(ours, d, floor), d) for d in (slope(array, place, h) for h in DIFFERENCES))
            least, numeric = min(_until(TOLERANCE, tried))
            found.append(Entry(name, place, ours, float(numeric), least))
        yield name, found


def _error(ours: float, numeric: float, floor: float) -> float:
    error = abs(ours - numeric) / max(abs(ours), abs(numeric), floor)
    return math.inf if math.isnan(error) else error


def _until(good: float, tried: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield errors with their differences, up to the first that is good enough."""
    for error, difference in tried:
        yield error, difference
        if error <= good:
            return


def _entries(gradient: Array, count: int | None, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return flat indices into an array: all, or `count`, half of them where the gradient is not zero."""
    if count is None or count >= gradient.size:
        return np.arange(gradient.size)
    moved = np.flatnonzero(gradient)  # most columns of a large U belong to tokens not in the batch
    drawn = rng.choice(moved, min(count // 2, len(moved)), replace=False)
    others = rng.choice(gradient.size, count, replace=False)
    return np.concatenate([drawn, others[~np.isin(others, drawn)]])[:count]
