"""Arrays and JSON in one .npz file: written whole or not at all, believed only once checked.

The file is a plain .npz that NumPy opens: each array under its name, the JSON as the uint8 array
`header`, which also holds a hash of each array. Neither pickle nor compression is used. It knows
neither words nor weights.
"""

import hashlib
import json
import math
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError

Array = NDArray[Any]
HEADER = "header"
HASHES = "sha256"  # in the header: of each array
DTYPES = ("<f4", "<f8", "|u1", "<i4", "<i8")
NPY = re.compile(  # the head of an .npy file of version 1.0, as NumPy writes it
    rb"\x93NUMPY\x01\x00..\{'descr': '(?P<dtype>%s)', "
    rb"'fortran_order': (?P<fortran>True|False), 'shape': \((?P<shape>(?:\d{1,19}, ?)*\d{0,19})\), \} *\n"
    % b"|".join(re.escape(dtype.encode()) for dtype in DTYPES),
    re.DOTALL,
)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of the one at `path` when the block ends well.

    Atomic and durable: at every instant one of the two is there, whole. Raises OSError, or what the
    block raises, with the old file untouched and nothing left behind.
    """
    temporary = temporary_path(path)
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()
    _sync_folder(path.parent)


def save(path: Path, arrays: dict[str, Array], header: dict[str, Any]) -> None:
    """Write a file in place of the one at `path`, as `replacing` does.

    Raises TypeError for an array of another type than DTYPES, ValueError for a header with nan or inf.
    """
    if strangers := [name for name, array in arrays.items() if array.dtype.str not in DTYPES]:
        raise TypeError(f"no type to save: {strangers}")
    header = header | {HASHES: {name: _hash(array) for name, array in arrays.items()}}
    as_bytes = np.frombuffer(json.dumps(header, ensure_ascii=False, allow_nan=False).encode(), np.uint8)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{HEADER: as_bytes}, **arrays)


def _hash(array: Array) -> str:
    """Of all that an array is: its type, shape, memory order and values."""
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    content = hashlib.sha256(repr((array.dtype.str, array.shape, fortran)).encode())
    content.update(array.ravel("F" if fortran else "C").data)
    return content.hexdigest()


def temporary_path(path: Path) -> Path:
    """Where the next content of `path` is written first: one name, so that what a killed run left is
    swept by the next save."""
    return path.with_name(f".{path.name}.rnn-tmp")


def _sync_folder(folder: Path) -> None:
    """Make a renaming in a folder durable, on systems that let a folder be opened."""
    with suppress(PermissionError, IsADirectoryError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_ours(path: Path) -> bool:
    """Whether a file looks like one that `save` wrote, without reading it all."""
    try:
        with zipfile.ZipFile(path) as file:
            return f"{HEADER}.npy" in file.namelist()
    except Exception:  # whatever the zip reader makes of a stranger
        return False


def load(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the header of a file.

    Raises RnnError, which names the file and what is wrong with it, for anything but a whole file of
    this kind. No code in it is run, and no more memory is used than the file's size accounts for.
    """
    try:
        arrays = _read(path)
    except OSError as error:
        raise RnnError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # the zip reader raises many kinds on damaged files
        raise _damaged(path, str(error)) from error
    header = _header(arrays.pop(HEADER, None), path)
    hashes = header.pop(HASHES, None)
    if hashes != {name: _hash(array) for name, array in arrays.items()}:
        raise _damaged(path, "its content is not what was written")
    return arrays, header


def _damaged(path: Path, what: str) -> RnnError:
    return RnnError(f"{path}: damaged, or not a file of rnn: {what}")


def _read(path: Path) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(path) as file:
        members = file.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("it is compressed (rnn writes and reads plain .npz files)")
        if sum(member.file_size for member in members) > path.stat().st_size:
            raise ValueError("it claims to hold more than its size")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise ValueError(f"{name!r} stands in it twice")
            arrays[name] = _array(file.read(member), name)  # to its end, or its checksum is not checked
    return arrays


def _array(data: bytes, name: str) -> Array:
    """An .npy member. Nothing it says of itself is believed before the bytes that are there."""
    said = NPY.match(data)
    if said is None:
        raise ValueError(f"{name!r} is no array of numbers as rnn writes them")
    dtype = np.dtype(said["dtype"].decode())
    shape = tuple(int(length) for length in said["shape"].split(b",") if length.strip())
    if math.prod(shape) * dtype.itemsize != len(data) - said.end():
        raise ValueError(f"{name!r} holds {len(data) - said.end()} bytes, not {dtype} of shape {shape}")
    array = np.frombuffer(data, dtype, offset=said.end())
    return array.reshape(shape, order="F" if said["fortran"] == b"True" else "C")


def _header(array: Array | None, path: Path) -> dict[str, Any]:
    if array is None or array.dtype != np.uint8:
        raise _damaged(path, "it has no header")
    try:
        header = json.loads(array.tobytes())
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header is not JSON") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is no JSON object")
    return header
