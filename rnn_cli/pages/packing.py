"""Parameters as text: whole numbers or float32, compressed, in base 85.

A large array is stored as whole numbers times a step. Its standard deviation is 6,000 steps, or more in a
model of fewer than a million numbers. With 6,000 steps a number takes 15 bits, where float16 would take 13.5;
but the loss of a token is three to ten times as exact, because all numbers are rounded alike. Small arrays
are float32: rounding the biases alone would cost as much accuracy as rounding all matrices.

The sign is in the last bit: 0, -1, 1, -2 are stored as 0, 1, 2, 3. For each array, the first bytes of all
numbers come first (nearly always 0), then the second bytes, then the third. assets/network/unpacking.js reads
it.
"""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array, Parameters

SMALL = 1 << 15  # an array of up to this many numbers is float32
STEPS = 6000  # in a standard deviation, for a model of FEW numbers or more; a smaller one has inversely more
FEW = 1_000_000
MOST = 1 << 22  # steps in the largest number, at most: with its sign it fits in three bytes
DIGITS = bytes(code for code in range(ord("#"), 127) if code not in b"&<>\\")[:85]  # plain in JSON and HTML


def packed(p: Parameters, is_exact: bool) -> dict[str, Any]:
    """Return the parameters in a form that JSON can hold.

    `arrays` has the name, shape and step of each array; the step is 0 if it is float32. `data` has their
    compressed bytes, of which there are `size`, in base 85 with these `digits`.

    is_exact: float32 for large arrays too.
    """
    large = {} if is_exact else {name: array for name, array in p.items() if _is_large(array)}
    count = STEPS * max(1, FEW / (sum(array.size for array in large.values()) or 1))
    steps = dict.fromkeys(p, 0.0) | {name: _step(array, count) for name, array in large.items()}
    data = _compressed(b"".join(_planes(array, steps[name]) for name, array in p.items()))
    return {
        "arrays": [[name, array.shape, steps[name]] for name, array in p.items()],
        "digits": DIGITS.decode("ascii"),
        "size": len(data),
        "data": _base_85(data),
    }


def _compressed(data: bytes) -> bytes:
    """Return data compressed by zlib, using only byte frequencies and runs of zeros: nothing else repeats."""
    compressor = zlib.compressobj(strategy=zlib.Z_RLE)
    return compressor.compress(data) + compressor.flush()


def _base_85(data: bytes) -> str:
    """Return bytes as text: five digits for every four bytes, the last four padded with zeros."""
    numbers = np.frombuffer(data + bytes(-len(data) % 4), ">u4")
    digits = np.empty((len(numbers), 5), np.uint8)
    for place, power in enumerate((85**4, 85**3, 85**2, 85, 1)):
        digits[:, place] = numbers // power % 85
    shown: NDArray[np.uint8] = np.frombuffer(DIGITS, np.uint8)[digits]
    return shown.tobytes().decode("ascii")


def _is_large(array: Array) -> bool:
    return array.ndim > 1 and array.size > SMALL


def _step(array: Array, count: float) -> float:
    """Return the step: a standard deviation has `count` steps, or fewer if a number would exceed MOST."""
    return max(float(array.std(dtype=np.float64)) / count, float(np.abs(array).max()) / MOST) or 1.0


def _planes(array: Array, step: float) -> bytes:
    """Return the first bytes of all numbers, then the second bytes, and so on."""
    if step:
        whole = np.rint(array / step).astype(np.int32)
        numbers = (whole << 1) ^ (whole >> 31)  # 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
        return _bytes(numbers, ">u4")[:, 1:].T.tobytes()
    return _bytes(array, ">f4").T.tobytes()


def _bytes(array: NDArray[Any], kind: str) -> NDArray[np.uint8]:
    """Return the bytes of each number, (numbers, 4)."""
    return np.ascontiguousarray(array, kind).reshape(-1, 1).view(np.uint8)
