"""Gradients sent between ranks in 16 bits: half the traffic of a sum, at the price of different last bits.

The code is bfloat16: the upper half of a float32, rounded to the nearest, ties to even. Its error is at most
2^-8 of a number, and 0.14 % on average. The error of float16 is an eighth of that, but its range is small, so
that it needs a scale, and NumPy is slow with it: 2.8 ns to encode a number and 2.3 ns to decode it, against
0.5 and 0.2. A 10 Gbit link sends a number in 1.6 ns.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array

BITS = (16, 32)


class Code(NamedTuple):
    """How float32 numbers are encoded for sending and decoded on receipt."""

    encode: Callable[[Array], Array]
    decode: Callable[[Array], Array]


def code_of(bits: int) -> Code:
    """Return the code for 16 bits, or for 32, which leaves numbers unchanged."""
    return Code(to_16_bits, from_16_bits) if bits == 16 else Code(_as_they_are, _as_they_are)


def to_16_bits(numbers: Array) -> Array:
    """Return float32 numbers as bfloat16, stored in uint16. Non-finite numbers stay non-finite."""
    bits = np.ascontiguousarray(numbers, np.float32).view(np.uint32)
    rounded: Array = bits >> np.uint32(16)
    rounded &= np.uint32(1)
    rounded += np.uint32(0x7FFF)
    rounded += bits
    rounded >>= np.uint32(16)
    rounded[np.isnan(numbers)] = 0x7FC0
    return rounded.astype(np.uint16)


def from_16_bits(code: Array) -> Array:
    """Return bfloat16 numbers as float32."""
    return (code.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _as_they_are(numbers: Array) -> Array:
    return numbers
