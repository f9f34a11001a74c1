"""Arrays and JSON in one .npz file: written completely or not at all, and checked before use.

The file is a plain .npz that NumPy can open: each array under its name, and the JSON as the uint8 array
`header`, which also holds a hash of each array and of itself. Neither pickle nor compression is used.
This module knows nothing about words or weights.
"""

import hashlib
import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import LONGEST_QUOTE, RnnError
from rnn_cli.replacing import replacing, replacing_together, sync_folder, temporary_path

Array = NDArray[Any]
Arrays = dict[str, Array]
File = tuple[Path, Arrays, dict[str, Any]]  # a path, and what `save` writes there
HEADER = "header"
HASHES = "sha256"  # entry of the header: the hash of each array
SEAL = "header_sha256"  # last entry of the header: the hash of its bytes before it; older files lack it
PARTNER = "goes_with"  # entry of the header of a pair's second file: the digest of the first
DTYPES = ("<f4", "<f8", "|u1", "<i4", "<i8")
NPY = re.compile(  # the head of an .npy file of version 1.0, as NumPy writes it
    rb"\x93NUMPY\x01\x00..\{'descr': '(?P<dtype>%s)', 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:\d{1,19}, ?){0,64}\d{0,19})\), \} *\n"
    % b"|".join(re.escape(dtype.encode()) for dtype in DTYPES),
    re.DOTALL,
)
NO_ZIP = "not a zip file"  # part of the zip reader's message
END = 22  # bytes of the record at the end of a zip file


def save(path: Path, arrays: Arrays, header: dict[str, Any]) -> None:
    """Write a file that replaces the one at `path` (see `replacing`).

    Raises TypeError for an array whose type is not in DTYPES, ValueError for a header with nan or inf.
    """
    with replacing(path) as file:
        _write(file, arrays, header)


def save_pair(first: File, second: File) -> str:
    """Write two files that belong together. Return the digest of the first, which is also the entry PARTNER
    in the header of the second.

    Both are on the disk before the first replaces its old file; if a run is interrupted between the two
    renames, `finish_pair` completes the pair. Raises what `save` raises.
    """
    path, arrays, header = first
    with replacing_together(path, second[0]) as (file, partner):
        _write(file, arrays, header)
        content = _digest(file)
        _write(partner, second[1], second[2] | {PARTNER: content})
    return content


def finish_pair(first: Path, second: Path) -> None:
    """Complete a `save_pair` that was interrupted between its two renames, and delete what an earlier
    interruption left. Raises OSError."""
    waiting = temporary_path(second)
    if waiting.exists() and first.exists():
        with suppress(RnnError):  # `waiting` is incomplete
            if load(waiting)[1].get(PARTNER) == digest(first):
                os.replace(waiting, second)
                sync_folder(second.parent)
    for path in (first, second):
        temporary_path(path).unlink(missing_ok=True)


def digest(path: Path) -> str:
    """Return a hash of a file's bytes. Raises OSError, or RnnError if it is not a regular file."""
    with _open(path) as file:
        return _digest(file)


def _digest(file: BufferedRandom | BufferedReader) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _write(file: BinaryIO, arrays: Arrays, header: dict[str, Any]) -> None:
    if strangers := [name for name, array in arrays.items() if array.dtype.str not in DTYPES]:
        raise TypeError(f"cannot save arrays of their types: {strangers}")
    header = header | {HASHES: {name: _hash(array) for name, array in arrays.items()}}
    np.savez(file, allow_pickle=False, **{HEADER: np.frombuffer(sealed(header), np.uint8)}, **arrays)


def sealed(header: dict[str, Any]) -> bytes:
    """Return a header as JSON with a hash of itself as its last entry. Raises ValueError for nan or inf."""
    # A lone surrogate, as in a file name that is not UTF-8, is written as its escape in JSON.
    content = json.dumps(header, ensure_ascii=False, allow_nan=False).encode(errors="backslashreplace")
    return _seal(content.removesuffix(b"}"))


def unsealed(content: bytes) -> tuple[dict[str, Any], bool | None]:
    """Return a header without its seal, and whether the seal is right; None for a header without a seal.

    Raises ValueError or RecursionError for anything but a JSON object.
    """
    header = json.loads(content.decode(), parse_constant=_refuse)
    if not isinstance(header, dict):
        raise ValueError("not a JSON object")
    if header.pop(SEAL, None) is None:
        return header, None
    return header, _seal(content.rpartition(f', "{SEAL}"'.encode())[0]) == content


def _seal(content: bytes) -> bytes:
    """Return a JSON object, given without its closing brace, with SEAL as its last entry."""
    return content + f', "{SEAL}": "{hashlib.sha256(content).hexdigest()}"}}'.encode()


def _hash(array: Array) -> str:
    """Return a hash over the type, shape, memory order and values of an array."""
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    content = hashlib.sha256(repr((array.dtype.str, array.shape, fortran)).encode())
    content.update(array.ravel("F" if fortran else "C").data)
    return content.hexdigest()


def is_ours(path: Path) -> bool:
    """Return whether a file looks like one written by `save`, without reading all of it."""
    try:
        with _open(path) as stream, zipfile.ZipFile(stream) as file:
            return f"{HEADER}.npy" in file.namelist()
    except Exception:  # whatever the zip reader raises on a foreign file
        return False


def load(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays and the header of a file.

    Raises RnnError, which names the file and what is wrong with it, for anything but a complete file of this
    kind; MemoryError if it is too large. No code in the file is run. Memory is at most about thirty times the
    file's size, whatever the file claims: that is the worst case for JSON; arrays take little more than their
    own size.
    """
    try:
        with _open(path) as stream:
            arrays = _read(stream)
    except OSError as error:
        raise RnnError(f"{path}: {error.strerror or error}") from error
    except (MemoryError, RnnError):
        raise
    except zipfile.BadZipFile as error:
        if NO_ZIP in str(error):
            raise RnnError(f"{path}: not a file that rnn wrote, or cut off at its end") from error
        raise _damaged(path, str(error)) from error
    except Exception as error:  # the zip reader raises many kinds on damaged files
        raise _damaged(path, str(error)) from error
    header, whole = _header(arrays.pop(HEADER, None), path)
    hashes = header.pop(HASHES, None)
    if not whole or hashes != {name: _hash(array) for name, array in arrays.items()}:
        raise _damaged(path, "its content is not what was written")
    return arrays, header


@contextmanager
def _open(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file for reading. Anything else is refused: a pipe would wait for a writer, and a device
    may never end."""

    def at_once(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    with open(path, "rb", opener=at_once) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise RnnError(f"{path}: not a regular file")
        yield stream


def _damaged(path: Path, what: str) -> RnnError:
    return RnnError(f"{path}: damaged, or not a file of rnn: {what[:LONGEST_QUOTE]}")


def _read(stream: BinaryIO) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    size = stream.seek(0, os.SEEK_END)
    with zipfile.ZipFile(stream) as file:
        members = file.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("it is compressed (rnn writes and reads plain .npz files)")
        if any(member.compress_size != member.file_size for member in members):
            raise ValueError("it contradicts itself about a size")
        if sum(member.file_size for member in members) > size:
            raise ValueError("it claims to hold more than its size")
        if min((member.header_offset for member in members), default=0) or not _ends(stream, size):
            raise ValueError("it does not begin and end as it was written")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise ValueError(f"{name!r} stands in it twice")
            arrays[name] = _array(file.read(member), name)  # read to its end, or no checksum is checked
    return arrays


def _ends(stream: BinaryIO, size: int) -> bool:
    """Return whether a file ends with the last record of a zip file, without a comment."""
    stream.seek(size - END)
    record = stream.read()
    return record.startswith(b"PK\5\6") and record.endswith(b"\0\0")


def _array(data: bytes, name: str) -> Array:
    """Return the array of an .npy member. Its claims are checked against the bytes present."""
    said = NPY.match(data)
    if said is None or said.end() != 10 + int.from_bytes(data[8:10], "little"):
        raise ValueError(f"{name!r} is not an array of numbers as rnn writes them")
    dtype = np.dtype(said["dtype"].decode())
    shape = tuple(int(length) for length in said["shape"].split(b",") if length.strip())
    if math.prod(shape) * dtype.itemsize != len(data) - said.end():
        raise ValueError(f"{name!r} holds {len(data) - said.end()} bytes, not {dtype} of shape {shape}")
    array = np.frombuffer(data, dtype, offset=said.end())
    return array.reshape(shape, order="F" if said["fortran"] == b"True" else "C")


def _header(array: Array | None, path: Path) -> tuple[dict[str, Any], bool]:
    """Return the header, without its seal, and whether it is as it was written."""
    if array is None or array.dtype != np.uint8:
        raise _damaged(path, "it has no header")
    try:
        header, is_own = unsealed(array.tobytes())
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header is not JSON, or not an object") from error
    return header, is_own is not False  # older files have no seal


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")
