"""The memory that a step works in, and a stopwatch for its phases."""

import math
import time
from collections import defaultdict
from typing import Any

import numpy as np

from rnn_cli.network.arrays import Array


class Workspace:
    """Arrays made once and used again: `work(name, *shape)` is the same memory at every step.

    Fresh memory for each window would cost more in page faults than the arithmetic on it. Values
    are what the last user left; a smaller shape is a view of the largest made under the name.

    threads: how many a product may use.
    seconds: how long each phase has taken so far; `work.lap(phase)` adds the time since the last lap.
    """

    def __init__(self, dtype: Any, threads: int = 1):
        self.dtype, self.threads = np.dtype(dtype), threads
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._memory: dict[str, Array] = {}
        self._arrays: dict[tuple[str, tuple[int, ...]], Array] = {}  # views of it that were asked for
        self._lap = time.perf_counter()

    def __call__(self, name: str, *shape: int) -> Array:
        array = self._arrays.get((name, shape))
        if array is None:
            size = math.prod(shape)
            if name not in self._memory or self._memory[name].size < size:
                self.provide(name, np.empty(size, self.dtype))
            array = self._arrays[name, shape] = self._memory[name][:size].reshape(shape)
        return array

    def provide(self, name: str, array: Array) -> None:
        """Use the memory of this array under the name."""
        self._memory[name] = array.ravel("K")
        self._arrays = {key: array for key, array in self._arrays.items() if key[0] != name}

    def room(self, suffix: str) -> "Workspace":
        """This workspace, to one who uses names that others use too: there they end in `suffix`."""
        return _Room(self, suffix) if suffix else self

    def start(self) -> None:
        """What came before belongs to no phase."""
        self._lap = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] += now - self._lap
        self._lap = now


class _Room(Workspace):
    def __init__(self, whole: Workspace, suffix: str):
        self.dtype, self.threads, self.seconds = whole.dtype, whole.threads, whole.seconds
        self._whole, self._suffix = whole, suffix

    def __call__(self, name: str, *shape: int) -> Array:
        return self._whole(name + self._suffix, *shape)

    def lap(self, phase: str) -> None:
        self._whole.lap(phase)
