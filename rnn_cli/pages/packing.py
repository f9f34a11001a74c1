"""Parameters as text: float16 or float32, compressed, in base64.

Of each array the first bytes of all numbers come first, then the second ones. They hold sign and exponent,
which differ little from number to number, so that a page gets a sixth smaller. Small arrays are float32
always: they take little room, and to round the biases alone costs as much accuracy as to round all matrices.
assets/network/unpacking.js reads it.
"""

import base64
import zlib
from typing import Any

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.network.arrays import Array, Parameters

SMALL = 1 << 17  # numbers of an array, up to which it is float32
FULL, HALF = np.dtype(">f4"), np.dtype(">f2")


def packed(p: Parameters, is_exact: bool) -> dict[str, Any]:
    """Return the parameters as JSON can hold them: `arrays`, the name, shape and bytes a number of each, and
    `data`.

    is_exact: float32 for all arrays, and not float16 for large ones. Raises UsageError for a number that
    float16 cannot hold.
    """
    kinds = {name: FULL if is_exact or _is_small(array) else HALF for name, array in p.items()}
    planes = b"".join(_planes(name, array, kinds[name]) for name, array in p.items())
    return {
        "arrays": [[name, array.shape, kinds[name].itemsize] for name, array in p.items()],
        "data": base64.b64encode(_compressed(planes)).decode("ascii"),
    }


def _compressed(data: bytes) -> bytes:
    """Return data as zlib has it, by the frequencies of bytes alone: nothing in weights comes again."""
    compressor = zlib.compressobj(strategy=zlib.Z_HUFFMAN_ONLY)
    return compressor.compress(data) + compressor.flush()


def _is_small(array: Array) -> bool:
    return array.ndim == 1 or array.size <= SMALL


def _planes(name: str, array: Array, kind: "np.dtype[Any]") -> bytes:
    """Return the first bytes of all numbers, then the second ones, and so on."""
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array, kind)
    if not np.isfinite(numbers).all():
        raise UsageError(f"{name} holds a number too large for float16: use --exact")
    return numbers.reshape(-1, 1).view(np.uint8).T.tobytes()
