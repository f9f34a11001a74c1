"""Parameters as text: whole numbers or float32, compressed, in base 85.

A large array is whole numbers times a step. Its standard deviation is 6,000 steps, and more in a model of
less than a million numbers. 6,000 steps take 15 bits a number, where float16 would take 13.5; but the loss
of a token is three to ten times as exact, as all numbers are rounded alike. Small arrays are float32: to
round the biases alone would cost as much accuracy as to round all matrices.

A sign is in the last bit: 0, -1, 1, -2 are 0, 1, 2, 3. Of each array the first bytes of all numbers come
first, which are 0 nearly always, then the second ones, then the third. assets/network/unpacking.js reads it.
"""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.arrays import Array, Parameters

SMALL = 1 << 15  # numbers of an array, up to which it is float32
STEPS = 6000  # of a standard deviation, in a model of FEW numbers or more; inversely more in a smaller one
FEW = 1_000_000
MOST = 1 << 22  # steps of the largest number: with its sign it has three bytes
DIGITS = bytes(code for code in range(ord("#"), 127) if code not in b"&<>\\")[:85]  # that JSON and HTML leave


def packed(p: Parameters, is_exact: bool) -> dict[str, Any]:
    """Return the parameters as JSON can hold them.

    `arrays` has the name, shape and step of each, whose step is 0 where it is float32; `data` their bytes in
    base 85 with these `digits`, `size` bytes when decoded. is_exact: float32 for large arrays too.
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
    """Return data as zlib has it, by the frequencies of bytes and runs of zeros: nothing else comes again."""
    compressor = zlib.compressobj(strategy=zlib.Z_RLE)
    return compressor.compress(data) + compressor.flush()


def _base_85(data: bytes) -> str:
    """Return five digits for each four bytes; the last four are filled up with zeros."""
    numbers = np.frombuffer(data + bytes(-len(data) % 4), ">u4")
    digits = np.empty((len(numbers), 5), np.uint8)
    for place, power in enumerate((85**4, 85**3, 85**2, 85, 1)):
        digits[:, place] = numbers // power % 85
    shown: NDArray[np.uint8] = np.frombuffer(DIGITS, np.uint8)[digits]
    return shown.tobytes().decode("ascii")


def _is_large(array: Array) -> bool:
    return array.ndim > 1 and array.size > SMALL


def _step(array: Array, count: float) -> float:
    """Return a step of which a standard deviation has `count`."""
    return max(float(array.std(dtype=np.float64)) / count, float(np.abs(array).max()) / MOST) or 1.0


def _planes(array: Array, step: float) -> bytes:
    """Return the first bytes of all numbers, then the second ones, and so on."""
    if step:
        whole = np.rint(array / step).astype(np.int32)
        numbers = (whole << 1) ^ (whole >> 31)  # 0, -1, 1, -2, ... are 0, 1, 2, 3, ...
        return _bytes(numbers, ">u4")[:, 1:].T.tobytes()
    return _bytes(array, ">f4").T.tobytes()


def _bytes(array: NDArray[Any], kind: str) -> NDArray[np.uint8]:
    """Return the bytes of each number, (numbers, 4)."""
    return np.ascontiguousarray(array, kind).reshape(-1, 1).view(np.uint8)
