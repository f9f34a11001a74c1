"""Parameters as text."""

import base64
import math
import zlib

import numpy as np
import pytest

from rnn_cli.errors import UsageError
from rnn_cli.pages import packing
from rnn_cli.pages.packing import packed


def unpacked(said):
    """The arrays, read as the page reads them."""
    data, at, p = zlib.decompress(base64.b64decode(said["data"])), 0, {}
    for name, shape, size in said["arrays"]:
        count = math.prod(shape)
        planes = np.frombuffer(data[at : at + count * size], np.uint8).reshape(size, count)
        p[name] = np.ascontiguousarray(planes.T).view(f">f{size}").reshape(shape)
        at += count * size
    assert at == len(data)
    return p


@pytest.fixture
def p():
    rng = np.random.default_rng(0)
    values = np.array([[0, -0.0, 1e-7, 65504, -1 / 3]], np.float32)
    return {
        "U": np.asfortranarray(rng.normal(0, 1, (7, 5)).astype(np.float32)),
        "b_a": rng.normal(0, 1, 7).astype(np.float32),
        "V": values,
    }


def test_exact_parameters_come_back_bit_for_bit(p):
    for name, array in unpacked(packed(p, is_exact=True)).items():
        assert array.dtype == ">f4"
        assert array.astype(np.float32).tobytes() == np.ascontiguousarray(p[name]).tobytes()


def test_large_arrays_are_float16_and_small_ones_and_biases_are_exact(p, monkeypatch):
    assert all(array.dtype == ">f4" for array in unpacked(packed(p, is_exact=False)).values())
    monkeypatch.setattr(packing, "SMALL", 5)
    read = unpacked(packed(p, is_exact=False))
    assert [array.dtype.itemsize for array in read.values()] == [2, 4, 4]
    assert np.array_equal(read["U"], p["U"].astype(np.float16))
    assert np.array_equal(read["b_a"], p["b_a"])


def test_a_number_too_large_for_float16_is_refused_with_a_way_that_works(p, monkeypatch):
    monkeypatch.setattr(packing, "SMALL", 0)
    p["V"][0, 3] = 7e4
    with pytest.raises(UsageError, match="V holds a number too large for float16: use --exact"):
        packed(p, is_exact=False)
    assert unpacked(packed(p, is_exact=True))["V"][0, 3] == 7e4
