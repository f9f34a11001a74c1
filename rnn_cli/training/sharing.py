"""Memory that several processes see."""

import contextlib
import math
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.model import Network
from rnn_cli.processes import PROCESSES

DType = type[np.floating[Any]]
Rooms = dict[str, tuple[int, np.dtype[Any]]]  # how many numbers, and of which type, by name
Shapes = dict[str, tuple[int, ...]]


def shared_room() -> int:
    """Bytes that processes could share: multiprocessing keeps them in a file in one of these folders, and
    a write to a page for which there is no room left would end the process."""
    folders = ["/dev/shm"]
    with contextlib.suppress(FileNotFoundError):  # no folder that could be written
        folders.append(tempfile.gettempdir())
    return max((shutil.disk_usage(folder).free for folder in folders if Path(folder).is_dir()), default=0)


class SharedArrays:
    """Flat arrays by name. An object of this kind can be handed to a process that begins.

    Raises RnnError where there is no room for them.
    """

    def __init__(self, rooms: Rooms):
        needed, room = sum(size * dtype.itemsize for size, dtype in rooms.values()), shared_room()
        if needed > room:
            raise RnnError(
                f"processes need {needed >> 20:,} MiB to share, and /dev/shm or the temporary folder has "
                f"{room >> 20:,}: --threads 1 needs none"
            )
        self._dtypes = {name: dtype for name, (_, dtype) in rooms.items()}
        self._memory = {name: PROCESSES.RawArray(dtype.char, size) for name, (size, dtype) in rooms.items()}

    def flat(self) -> dict[str, Array]:
        return {name: np.frombuffer(memory, self._dtypes[name]) for name, memory in self._memory.items()}

    def of(self, network: Network) -> Parameters:
        """As parameters of the network: in its shapes and its memory layout."""
        return {name: network.view(name, array) for name, array in self.flat().items()}


def of_parameters(sizes: Mapping[str, int], dtype: DType) -> Rooms:
    return {name: (size, np.dtype(dtype)) for name, size in sizes.items()}


def of_shards(network: Network, T: int, B: int, dtype: DType) -> Rooms:
    """For the arrays of a shard of T steps and B rows at most, and those that come of it but for gradients
    of the size of a parameter: the state, and a gradient by columns."""
    ids, floats = np.dtype(np.intp), np.dtype(dtype)
    rooms = {"x": (T * B, ids), "y": (T * B, ids), "keep": (T * B, floats), "weight": (T * B, floats)}
    rooms |= {name: (state.size, floats) for name, state in network.zero_state(B).items()}
    if network.is_dense(network.table):
        return rooms
    tokens = min(T * B, network.m)
    return rooms | {"tokens": (tokens, ids), "values": (tokens * network.width_of_table, floats)}


class Tray:
    """Arrays that go from process to process: one puts them, another gets them by their shapes, and they
    stay until the next are put."""

    def __init__(self, shared: SharedArrays):
        self._flat = shared.flat()

    def put(self, arrays: Mapping[str, Array]) -> Shapes:
        shapes = {name: array.shape for name, array in arrays.items()}
        for name, view in self.get(shapes).items():
            np.copyto(view, arrays[name])
        return shapes

    def get(self, shapes: Shapes) -> dict[str, Array]:
        """Raises ValueError where one has no room."""
        return {name: self._flat[name][: math.prod(shape)].reshape(shape) for name, shape in shapes.items()}
