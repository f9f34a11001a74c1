"""Element-wise functions with their derivatives, initialisations, and the buffers they write to."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32; float64 when gradients are checked


class Activation(NamedTuple):
    """g1, written to `out`, and its derivative g1'(z) in terms of s = g1(z)."""

    function: Callable[[Array, Array], Array]
    derivative: Callable[[Array, Array], Array]


def tanh(z: Array, out: Array) -> Array:
    return np.tanh(z, out=out)


def tanh_derivative(s: Array, out: Array) -> Array:
    np.multiply(s, s, out=out)
    return np.subtract(1, out, out=out)  # 1 - s^2


def relu(z: Array, out: Array) -> Array:
    return np.maximum(z, 0, out=out)


def relu_derivative(s: Array, out: Array) -> Array:
    return np.greater(s, 0, out=out)


TANH = Activation(tanh, tanh_derivative)
RELU = Activation(relu, relu_derivative)


class Buffers:
    """Arrays made once and used again: `buffers(name, shape)` is the same memory at every step.

    Fresh memory for each window would cost more in page faults than the arithmetic on it. Values
    are what the last user left; a smaller shape is a view of the largest made under the name.
    """

    def __init__(self, dtype: Any):
        self.dtype = np.dtype(dtype)
        self._memory: dict[str, Array] = {}

    def __call__(self, name: str, *shape: int) -> Array:
        size = int(np.prod(shape))
        memory = self._memory.get(name)
        if memory is None or memory.size < size:
            memory = self._memory[name] = np.empty(size, self.dtype)
        return memory[:size].reshape(shape)


def glorot_uniform(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform in ±sqrt(6 / (rows + columns)) (Glorot and Bengio 2010, equation 16)."""
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rng: np.random.Generator, n: int) -> Array:
    """A random rotation: its powers neither grow nor shrink a state (Saxe et al. 2014, section 3)."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)))


def identity(rng: np.random.Generator, n: int) -> Array:
    """The IRNN: a relu network that at first remembers everything (Le, Jaitly and Hinton 2015)."""
    return np.eye(n)
