"""Memory shared by several processes: parameters, gradients, and trays that pass arrays between processes.

multiprocessing puts it into a file in /dev/shm or, if that lacks room, in the temporary folder. In a
container, /dev/shm is small, and writing to a page for which the file system has no room ends the
process (SIGBUS). So the room is checked first, and all of the memory is written to (zeroed) immediately.
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
ALIGNMENT = 64  # bytes: a cache line
SHARED_MEMORY = "/dev/shm"


class SharedArrays:
    """Flat arrays by group and name, initially zero. Picklable, but only as an argument of a new process.

    Raises RnnError if there is no room for them.
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
        """Return the arrays of a group by name, as views of the shared memory."""
        memory = memoryview(self._memory)
        return {
            name: np.frombuffer(memory, dtype, size, self._start + offset)
            for (of, name), (dtype, size, offset) in self._places.items()
            if of == group
        }


def _look_for_room(needed: int) -> None:
    """Raise OSError if the folder that multiprocessing will choose has no room for that many bytes: on Linux
    /dev/shm, if it has room, and otherwise the temporary folder (multiprocessing/heap.py)."""
    if sys.platform == "win32":
        return  # shared memory is no file there
    folders = [SHARED_MEMORY] if sys.platform == "linux" else []
    needed = _rounded_up(needed, mmap.PAGESIZE)
    if all(shutil.disk_usage(folder).free < needed for folder in [*folders, tempfile.gettempdir()]):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _rounded_up(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def of_run(network: Trainable, T: int, rows: int, threads: int, dtype: DType) -> dict[str, Rooms]:
    """Return the rooms that `threads` processes share: the parameters and, for each process except the first,
    its gradients and a tray for its shards, of at most T steps and `rows` rows."""
    floats = np.dtype(dtype)
    parameters = {name: (size, floats) for name, size in network.sizes.items()}
    gradients = {name: room for name, room in parameters.items() if network.is_dense(name)}
    tray = of_shard(network, T, rows, dtype)
    of_ranks = {f"gradients {k}": gradients for k in range(1, threads)}
    return {"p": parameters} | of_ranks | {f"tray {k}": tray for k in range(1, threads)}


def of_shard(network: Trainable, T: int, rows: int, dtype: DType) -> Rooms:
    """Return the rooms of a shard's arrays and of its results, except dense gradients."""
    ids, floats = np.dtype(np.intp), np.dtype(dtype)
    return {
        name: (size, ids if are_ids else floats) for name, (size, are_ids) in network.rooms(T, rows).items()
    }


def bytes_of(rooms: Rooms) -> int:
    """Return the total size of the arrays in bytes."""
    return sum(size * dtype.itemsize for size, dtype in rooms.values())


class Tray:
    """Passes arrays between processes: one puts them, the other gets them by their shapes. They stay until
    the next are put."""

    def __init__(self, flat: dict[str, Array]):
        self._flat = flat

    def put(self, arrays: Mapping[str, Array]) -> Shapes:
        """Copy each array into the room of its name; return the shapes."""
        shapes = {name: array.shape for name, array in arrays.items()}
        for name, place in self.get(shapes).items():
            np.copyto(place, arrays[name])
        return shapes

    def get(self, shapes: Shapes) -> dict[str, Array]:
        """Return views of the arrays that were put."""
        return {name: self._flat[name][: math.prod(shape)].reshape(shape) for name, shape in shapes.items()}
