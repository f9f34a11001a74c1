"""The memory that training will take, told before it is taken."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from rnn_cli.network.arrays import Array
from rnn_cli.network.cells import CELLS
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network, Sequences
from rnn_cli.network.outputs.softmax import BLOCK_LOGITS, BLOCK_ROWS
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.parallel.sharing import bytes_of, of_shard

FLOAT = 4  # bytes
ARRAYS = 8  # of a value for each position and unit, at most, that a step holds at a time
RANK = 40 << 20  # bytes of a process beside this one, before it has any arrays
BESIDES = 8 << 20  # of this process: what it loads later on, and what is freed and not given back
FIRST_RANK = 12 << 20  # more, for multiprocessing's own process and for the optimizer's pieces in threads


@dataclass(frozen=True)
class Demand:
    """What training takes, in bytes."""

    weights: int  # the parameters, and those of the last good state
    moments: int  # the optimizer's, of both
    windows: int  # states, and all that is computed of them, with gradients, in all processes
    programs: int  # Python and NumPy, in all processes, and the text's vocabulary

    @property
    def total(self) -> int:
        return self.weights + self.moments + self.windows + self.programs


def least_demand(network: Network, optimizer: str, keeps: bool) -> int:
    """Bytes of what training takes with any batch: weights, moments, and those of the state that it keeps."""
    return (2 if keeps else 1) * FLOAT * (network.size + _moments(network, optimizer))


def ample_demand(
    network: Network, optimizer: str, keeps: bool, batch: int, bptt: int, shards: int, resident: int
) -> int:
    """Bytes that are enough for what `demand` finds out, without its trouble."""
    of_position = network.layers * network.n * len(CELLS[network.cell].gates) + network.width_of_table
    windows = ARRAYS * batch * bptt * (of_position + network.n)
    gradients = 2 * shards * network.size  # and copies, of V by rows, say
    blocks = 2 * shards * (BLOCK_LOGITS + BLOCK_ROWS * network.m)
    floats = windows + gradients + blocks
    return least_demand(network, optimizer, keeps) + FLOAT * floats + resident + shards * RANK


def demand(
    network: Network,
    counts: Array,
    optimizer: str,
    dropout: float,
    keeps: bool,
    batch: int,
    bptt: int,
    shards: int,
    resident: int,
) -> Demand:
    """What a run takes that splits `batch` rows of `bptt` steps among so many processes.

    counts: (m,) how often each token occurs.
    keeps: whether a good state is kept to go back to.
    resident: bytes that this process takes already.
    """
    rows, states = -(-batch // shards), 2 if keeps else 1
    window = window_bytes(network, counts, dropout, bptt, rows)
    tray = bytes_of(of_shard(network, bptt, rows, np.float32))  # by which a shard goes to its process
    windows, programs = shards * round(window), resident + BESIDES
    if beside := shards - 1:
        windows += beside * tray + _sum(network, counts, bptt * batch)
        programs += beside * RANK + FIRST_RANK
    return Demand(
        weights=states * FLOAT * network.size,
        moments=states * FLOAT * _moments(network, optimizer),
        windows=windows,
        programs=programs,
    )


def _sum(network: Network, counts: Array, positions: int) -> int:
    """Of the shards' gradients, where it needs memory of its own: by columns, with those of all the tokens
    that are to be expected in a batch."""
    if network.is_dense(network.table):
        return 0
    tokens = np.sum(1 - (1 - counts / counts.sum()) ** positions)
    return round(FLOAT * tokens * network.width_of_table)


def _moments(network: Network, optimizer: str) -> int:
    arrays, columns, *_ = OPTIMIZERS[optimizer]
    return sum(
        size * len((arrays if network.is_dense(name) else columns).moments)
        for name, size in network.sizes.items()
    )


def window_bytes(network: Network, counts: Array, dropout: float, bptt: int, rows: int) -> float:
    """The bytes that a step on a window needs, gradients included.

    Each array of a step has T, B, both or neither among its lengths, so windows of a half and three quarters
    of either tell of the whole; but for blocks of a size of their own, of which smaller windows tell less.
    """
    rng = np.random.default_rng(0)
    p = {name: network.view(name, np.zeros(size, np.float32)) for name, size in network.sizes.items()}
    frequency = counts / counts.sum()
    shapes = [(T, B) for T in _smaller(bptt) for B in _smaller(rows)]
    with threadpool_limits(1, user_api="blas"):  # whose threads would take longer to meet
        peaks = [
            _peak(network, p, rng.choice(network.m, (2, *shape), p=frequency), dropout) for shape in shapes
        ]
    of_one, of_T, of_B, of_both = np.linalg.solve([[1, T, B, T * B] for T, B in shapes], peaks)
    return float(of_one + of_T * bptt + of_B * rows + of_both * bptt * rows)


def _smaller(length: int) -> tuple[int, int]:
    half = max(2, length // 2)
    return half, max(half + 1, 3 * length // 4)


def _peak(network: Network, p: dict[str, Array], ids: Array, dropout: float) -> int:
    """The most bytes that a step on a window holds at a time."""
    x, y = ids
    ones = np.ones(x.shape, np.float32)
    T, B = x.shape
    tracemalloc.start()
    try:
        masks = network.draw_masks(np.random.default_rng(0), dropout, T, B)
        batch, work = Sequences(x, y, ones, ones), Workspace(np.float32)
        network.loss_and_gradients(p, batch, network.zero_state(B), work, masks)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
