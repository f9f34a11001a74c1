"""Arrays and JSON in one .npz file: written whole or not at all, believed only once checked.

The file is a plain .npz that NumPy opens: each array under its name, the JSON as the uint8 array
`header`. Neither pickle nor compression is used. It knows neither words nor weights.
"""

import io
import json
import os
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
DTYPES = ("<f4", "<f8", "|u1", "<i4", "<i8")


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
    """Write a file in place of the one at `path`, as `replacing` does."""
    as_bytes = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), np.uint8)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{HEADER: as_bytes}, **arrays)


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
    except (OSError, zipfile.BadZipFile):
        return False


def load(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the header of a file.

    Raises RnnError, which names the file and what is wrong with it, for anything but a whole file of
    this kind. No code in it is run, and no more memory is used than the file's size accounts for.
    """
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as file:
            members = file.infolist()
            if sum(member.file_size for member in members) > size:
                raise RnnError(f"{path}: compressed or damaged (rnn writes and reads plain .npz files)")
            arrays = {}
            for member in members:
                name = member.filename.removesuffix(".npy")
                if name in arrays or name == member.filename:
                    raise RnnError(f"{path}: damaged, or not a file of rnn: member {member.filename!r}")
                # Read to its end, or its checksum is not checked.
                arrays[name] = _array(file.read(member), f"{path}: {name}")
    except OSError as error:
        raise RnnError(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise RnnError(f"{path}: damaged, or not a file of rnn ({error})") from error
    return arrays, _header(arrays.pop(HEADER, None), path)


def _array(data: bytes, name: str) -> Array:
    """An .npy member. Its header is checked against the bytes that are there before it is believed."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise RnnError(f"{name}: damaged: version {version} of the .npy format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.str not in DTYPES:
        raise RnnError(f"{name}: damaged: holds {dtype}, not numbers that rnn writes")
    body = memoryview(data)[stream.tell() :]
    count = 1
    for length in shape:
        count *= length  # of Python's integers, which do not overflow
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(body):
        raise RnnError(f"{name}: damaged: {len(body)} bytes are not {dtype} of shape {shape}")
    return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C")


def _header(array: Array | None, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(bytes(array)) if array is not None else None
    except (ValueError, RecursionError) as error:
        raise RnnError(f"{path}: damaged: its header is not JSON") from error
    if not isinstance(header, dict):
        raise RnnError(f"{path}: not a file of rnn: it has no header")
    return header
