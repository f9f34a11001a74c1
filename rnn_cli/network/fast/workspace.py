"""The working memory of a training step, and a stopwatch for its phases."""

import math
import time
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from rnn_cli.network.arrays import Array

NOTHING: Mapping[str, Array] = MappingProxyType({})


class Workspace:
    """Arrays that are allocated once and reused: `work(name, *shape)` is the same memory at every step.

    Fresh memory for each window would cost more in page faults than the arithmetic on it. An array holds
    whatever its last user left; a smaller shape is a view of the largest array made under the name.

    dtype: the type of all arrays.
    threads: how many threads a matrix product may use.
    gradients: arrays for the gradients of parameters, by parameter name, each in the parameter's shape.
    keeps: whether to keep what the backward pass of a cell needs. If not, all steps share the memory of one,
        which stays in the processor's cache.
    seconds: the time that each phase has taken so far; `work.lap(phase)` adds the time since the last lap.
    """

    def __init__(
        self, dtype: Any, threads: int = 1, gradients: Mapping[str, Array] = NOTHING, keeps: bool = True
    ):
        self.dtype, self.threads, self.keeps = np.dtype(dtype), threads, keeps
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._gradients = gradients
        self._memory: dict[str, Array] = {}
        self._arrays: dict[tuple[str, tuple[int, ...]], Array] = {}  # views of _memory, by name and shape
        self._lap = time.perf_counter()

    def __call__(self, name: str, *shape: int) -> Array:
        """Return the array of this name and shape."""
        array = self._arrays.get((name, shape))
        if array is None:
            size = math.prod(shape)
            if name not in self._memory or self._memory[name].size < size:
                self._memory[name] = np.empty(size, self.dtype)
                self._arrays = {key: array for key, array in self._arrays.items() if key[0] != name}
            array = self._arrays[name, shape] = self._memory[name][:size].reshape(shape)
        return array

    def gradient(self, name: str, *shape: int, order: Literal["C", "F"] = "C") -> Array:
        """Return the array for the gradient of parameter `name`: the one given in `gradients`, or one of the
        workspace's own, in memory by rows ("C") or by columns ("F")."""
        if name in self._gradients:
            return self._gradients[name]
        return self(f"d{name}", *shape) if order == "C" else self(f"d{name}", *reversed(shape)).T

    def room(self, suffix: str, gradients: Mapping[str, Array] = NOTHING) -> "Workspace":
        """Return this workspace for a user whose names others use too: `suffix` is added to them.

        gradients: arrays for some of this user's gradients, by the user's own names.
        """
        return _Room(self, suffix, gradients) if suffix or gradients else self

    def start(self) -> None:
        """Start the stopwatch; the time until now counts towards no phase."""
        self._lap = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Add the time since the last lap to `phase`."""
        now = time.perf_counter()
        self.seconds[phase] += now - self._lap
        self._lap = now


class _Room(Workspace):
    def __init__(self, whole: Workspace, suffix: str, gradients: Mapping[str, Array]):
        self.dtype, self.threads, self.keeps = whole.dtype, whole.threads, whole.keeps
        self.seconds = whole.seconds
        self._whole, self._suffix, self._gradients = whole, suffix, gradients

    def __call__(self, name: str, *shape: int) -> Array:
        return self._whole(name + self._suffix, *shape)

    def gradient(self, name: str, *shape: int, order: Literal["C", "F"] = "C") -> Array:
        if name in self._gradients:
            return self._gradients[name]
        return self._whole.gradient(name + self._suffix, *shape, order=order)

    def room(self, suffix: str, gradients: Mapping[str, Array] = NOTHING) -> Workspace:
        return _Room(self._whole, suffix + self._suffix, gradients) if suffix or gradients else self

    def start(self) -> None:
        self._whole.start()

    def lap(self, phase: str) -> None:
        self._whole.lap(phase)
