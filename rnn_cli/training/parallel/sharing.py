"""Memory that several processes see: parameters, gradients, and trays for what goes from one to another.

multiprocessing puts it into a file in /dev/shm or, where that lacks room, in the temporary folder. In a
container /dev/shm is small, and a write to a page for which the file system has no room ends the process
(SIGBUS). So the room is checked first, and all of the memory is written to (zeroed) at once.
"""

import ctypes
import errno
import math
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.network.arrays import Array
from rnn_cli.processes import PROCESSES
from rnn_cli.training.parallel.trainable import DType, Trainable

Rooms = dict[str, tuple[int, np.dtype[Any]]]  # name -> number of entries, and their type
Shapes = dict[str, tuple[int, ...]]
ALIGNMENT = 64  # bytes: a line of the cache
SHARED_MEMORY = "/dev/shm"


class SharedArrays:
    """Flat arrays by group and name, all zero at first. Picklable, but only as an argument of a new process.

    Raises RnnError where there is no room for them.
    """

    def __init__(self, groups: Mapping[str, Rooms]):
        self._places: dict[tuple[str, str], tuple[np.dtype[Any], int, int]] = {}
        end = 0
        for group, rooms in groups.items():
            for name, (size, dtype) in rooms.items():
                self._places[group, name] = dtype, size, end
                end += _rounded_up(size * dtype.itemsize, ALIGNMENT)
        needed = end + ALIGNMENT
        try:
            _look_for_room(needed)
            self._memory = PROCESSES.RawArray(ctypes.c_ubyte, needed)
        except OSError as error:
            raise RnnError(
                f"processes need {needed / 2**20:,.1f} MiB of shared memory, and neither {SHARED_MEMORY} nor "
                f"the temporary folder has room for it ({error.strerror}): --threads 1 needs none"
            ) from error
        self._start = -ctypes.addressof(self._memory) % ALIGNMENT  # in each process: pages are aligned

    def flat(self, group: str) -> dict[str, Array]:
        """Return the arrays of a group, by name: views of the shared memory."""
        memory = memoryview(self._memory)
        return {
            name: np.frombuffer(memory, dtype, size, self._start + offset)
            for (of, name), (dtype, size, offset) in self._places.items()
            if of == group
        }


def _look_for_room(needed: int) -> None:
    """Raise OSError where the folder that multiprocessing will choose has no room for that many bytes. It
    chooses /dev/shm on Linux, if that has room, and else the temporary folder (multiprocessing/heap.py)."""
    if sys.platform == "win32":
        return  # shared memory is no file there
    folders = [SHARED_MEMORY] if sys.platform == "linux" else []
    needed = _rounded_up(needed, mmap.PAGESIZE)
    if all(shutil.disk_usage(folder).free < needed for folder in [*folders, tempfile.gettempdir()]):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _rounded_up(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def of_run(network: Trainable, T: int, rows: int, threads: int, dtype: DType) -> dict[str, Rooms]:
    """Return what `threads` processes share: the parameters, and for each process but the first the
    gradients that it computes and a tray for its shards, of T steps and `rows` rows at most."""
    floats = np.dtype(dtype)
    parameters = {name: (size, floats) for name, size in network.sizes.items()}
    gradients = {name: room for name, room in parameters.items() if network.is_dense(name)}
    tray = of_shard(network, T, rows, dtype)
    of_ranks = {f"gradients {k}": gradients for k in range(1, threads)}
    return {"p": parameters} | of_ranks | {f"tray {k}": tray for k in range(1, threads)}


def of_shard(network: Trainable, T: int, rows: int, dtype: DType) -> Rooms:
    """Return the rooms of a shard's arrays and of its results, but for dense gradients."""
    ids, floats = np.dtype(np.intp), np.dtype(dtype)
    return {
        name: (size, ids if are_ids else floats) for name, (size, are_ids) in network.rooms(T, rows).items()
    }


def bytes_of(rooms: Rooms) -> int:
    """Return how many bytes the arrays take together."""
    return sum(size * dtype.itemsize for size, dtype in rooms.values())


class Tray:
    """Arrays that go from process to process: one puts them, the other gets them by their shapes, and they
    stay until the next are put."""

    def __init__(self, flat: dict[str, Array]):
        self._flat = flat

    def put(self, arrays: Mapping[str, Array]) -> Shapes:
        """Copy the arrays, each into the room of its name; return their shapes."""
        shapes = {name: array.shape for name, array in arrays.items()}
        for name, place in self.get(shapes).items():
            np.copyto(place, arrays[name])
        return shapes

    def get(self, shapes: Shapes) -> dict[str, Array]:
        """Return views of what was put."""
        return {name: self._flat[name][: math.prod(shape)].reshape(shape) for name, shape in shapes.items()}
