"""Memory that several processes see.

All of it is reserved at once, and on the disk or in /dev/shm, where multiprocessing has it, before anything
is written to it: a write to a page for which there is no room left would end the process (SIGBUS), and in a
container /dev/shm is small.
"""

import math
import os
from collections.abc import Mapping
from multiprocessing.heap import Arena  # what its own shared arrays lie in; it goes to any new process
from typing import Any

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.network.arrays import Array
from rnn_cli.network.network import Network

DType = type[np.floating[Any]]
Rooms = dict[str, tuple[int, np.dtype[Any]]]  # how many numbers, and of which type, by name
Shapes = dict[str, tuple[int, ...]]
ALIGNED = 64  # bytes, a line of the cache


class SharedArrays:
    """Flat arrays by group and name, all zero at first. An object of this kind can be handed to a process
    that begins.

    Raises RnnError where there is no room for them.
    """

    def __init__(self, groups: Mapping[str, Rooms]):
        self._places: dict[tuple[str, str], tuple[np.dtype[Any], int, int]] = {}
        needed = 0
        for group, rooms in groups.items():
            for name, (size, dtype) in rooms.items():
                self._places[group, name] = dtype, size, needed
                needed += -(-size * dtype.itemsize // ALIGNED) * ALIGNED
        try:
            self._memory = Arena(needed)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._memory.fd, 0, needed)
        except OSError as error:
            raise RnnError(
                f"processes need {needed / 2**20:,.1f} MiB to share, and neither /dev/shm nor the temporary "
                f"folder has them ({error.strerror}): --threads 1 needs none"
            ) from error

    def flat(self, group: str) -> dict[str, Array]:
        return {
            name: np.frombuffer(self._memory.buffer, *place)
            for (of, name), place in self._places.items()
            if of == group
        }


def of_run(network: Network, T: int, rows: int, threads: int, dtype: DType) -> dict[str, Rooms]:
    """What so many processes share: the parameters, and for each but the first the gradients that it
    computes and a tray for its shards, of T steps and so many rows at most."""
    floats = np.dtype(dtype)
    parameters = {name: (size, floats) for name, size in network.sizes.items()}
    gradients = {name: room for name, room in parameters.items() if network.is_dense(name)}
    tray = of_shard(network, T, rows, dtype)
    of_ranks = {f"gradients {k}": gradients for k in range(1, threads)}
    return {"p": parameters} | of_ranks | {f"tray {k}": tray for k in range(1, threads)}


def of_shard(network: Network, T: int, rows: int, dtype: DType) -> Rooms:
    """The arrays of a shard, and those that come of it but for gradients of the size of a parameter: the
    state, and a gradient by columns."""
    ids, floats = np.dtype(np.intp), np.dtype(dtype)
    rooms: Rooms = dict.fromkeys(("x", "y"), (T * rows, ids))
    rooms |= dict.fromkeys(("keep", "weight"), (T * rows, floats))
    rooms |= {name: (state.size, floats) for name, state in network.zero_state(rows).items()}
    if network.is_dense(network.table):
        return rooms
    tokens = min(T * rows, network.m)
    return rooms | {"tokens": (tokens, ids), "values": (tokens * network.width_of_table, floats)}


def bytes_of(rooms: Rooms) -> int:
    return sum(size * dtype.itemsize for size, dtype in rooms.values())


class Tray:
    """Arrays that go from process to process: one puts them, another gets them by their shapes, and they
    stay until the next are put."""

    def __init__(self, flat: dict[str, Array]):
        self._flat = flat

    def put(self, arrays: Mapping[str, Array]) -> Shapes:
        shapes = {name: array.shape for name, array in arrays.items()}
        for name, place in self.get(shapes).items():
            np.copyto(place, arrays[name])
        return shapes

    def get(self, shapes: Shapes) -> dict[str, Array]:
        return {name: self._flat[name][: math.prod(shape)].reshape(shape) for name, shape in shapes.items()}
