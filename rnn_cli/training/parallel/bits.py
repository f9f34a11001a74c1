"""Gradients in 16 bits on their way between ranks: half the traffic of a sum, and other last bits.

The code is bfloat16: the upper half of a float32, rounded to the nearest, and to even in the middle. Its
error is at most 2^-8 of a number, and 0.14 % on average. float16 has an eighth of that. But its range is
small, so that it needs a scale, and NumPy is slow with it: 2.8 ns to encode a number and 2.3 ns to decode it,
against 0.5 and 0.2. A link of 10 Gbit sends it in 1.6 ns.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array

BITS = (16, 32)


class Code(NamedTuple):
    """How numbers travel: what is sent for float32, and what is received."""

    encode: Callable[[Array], Array]
    decode: Callable[[Array], Array]


def code_of(bits: int) -> Code:
    """Return the code of 16 bits, or of 32, which are the numbers themselves."""
    return Code(to_16_bits, from_16_bits) if bits == 16 else Code(_as_they_are, _as_they_are)


def to_16_bits(numbers: Array) -> Array:
    """Return float32 as bfloat16, in uint16. What is not finite stays so."""
    bits = np.ascontiguousarray(numbers, np.float32).view(np.uint32)
    rounded: Array = bits >> np.uint32(16)
    rounded &= np.uint32(1)
    rounded += np.uint32(0x7FFF)
    rounded += bits
    rounded >>= np.uint32(16)
    rounded[np.isnan(numbers)] = 0x7FC0
    return rounded.astype(np.uint16)


def from_16_bits(code: Array) -> Array:
    """Return the float32 of bfloat16."""
    return (code.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _as_they_are(numbers: Array) -> Array:
    return numbers
