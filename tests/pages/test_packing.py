"""Parameters as text."""

import functools
import html
import itertools
import json
import math
import zlib

import numpy as np
import pytest

from rnn_cli.pages import packing
from rnn_cli.pages.packing import DIGITS, packed


def unpacked(said):
    """The arrays, read as the page reads them."""
    value = {digit: k for k, digit in enumerate(said["digits"])}
    places = (itertools.islice(said["data"], k, None, 5) for k in range(5))
    numbers = [
        functools.reduce(lambda n, digit: 85 * n + value[digit], five, 0)
        for five in zip(*places, strict=True)
    ]
    data = zlib.decompress(b"".join(n.to_bytes(4, "big") for n in numbers)[: said["size"]])
    at, p = 0, {}
    for name, shape, step in said["arrays"]:
        count, size = math.prod(shape), 3 if step else 4
        planes = np.frombuffer(data[at : at + count * size], np.uint8).reshape(size, count)
        numbers = np.zeros((count, 4), np.uint8)
        numbers[:, 4 - size :] = planes.T
        whole = numbers.view(">u4").astype(np.int64)[:, 0]
        values = (
            numbers.view(">f4")[:, 0]
            if not step
            else step * np.where(whole % 2, -(whole + 1) // 2, whole // 2)
        )
        p[name] = values.reshape(shape)
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
        assert array.astype(np.float32).tobytes() == np.ascontiguousarray(p[name]).tobytes()


def test_large_arrays_are_rounded_to_steps_and_small_ones_and_biases_are_exact(p, monkeypatch):
    assert all(step == 0 for _, _, step in packed(p, is_exact=False)["arrays"])
    monkeypatch.setattr(packing, "SMALL", 5)
    monkeypatch.setattr(packing, "FEW", 0)
    read = unpacked(packed(p, is_exact=False))
    assert 0 < np.abs(read["U"] - p["U"]).max() <= p["U"].std() / 12000 * 1.001
    assert np.array_equal(read["b_a"], p["b_a"])
    assert np.array_equal(read["V"], p["V"])


def test_the_fewer_numbers_the_finer_are_the_steps(p, monkeypatch):
    monkeypatch.setattr(packing, "SMALL", 5)
    steps = []
    for few in (0, 35, 350):
        monkeypatch.setattr(packing, "FEW", few)
        steps.append(packed(p, is_exact=False)["arrays"][0][2])
    assert steps == pytest.approx([steps[0], steps[0], steps[0] / 10])


@pytest.mark.parametrize("size", [5, 1 << 17])
def test_zeros_outliers_and_very_large_numbers_come_back(size, p, monkeypatch):
    monkeypatch.setattr(packing, "SMALL", 0)
    outlier = np.zeros((1, size), np.float32)
    outlier[0, 3] = -1e30
    read = unpacked(packed(p | {"U": np.zeros((3, 4), np.float32), "V": outlier}, is_exact=False))
    assert not read["U"].any()
    assert read["V"] == pytest.approx(outlier, rel=1e-4)


def test_digits_need_no_escape_in_json_and_html():
    assert len(set(DIGITS)) == 85
    assert json.dumps(DIGITS.decode()) == f'"{html.escape(DIGITS.decode())}"'.replace("&#x27;", "'")
