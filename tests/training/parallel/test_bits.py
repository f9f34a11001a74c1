"""Sums in 16 bits: half the traffic, the same on all ranks, and close to those of 32."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from threads import on_ranks

from rnn_cli.network.columns import Columns
from rnn_cli.training.parallel.bits import BITS, code_of, from_16_bits, to_16_bits


def float32(*values):
    return np.array(values, np.float32)


def test_a_number_is_rounded_to_the_nearest_of_8_digits_and_to_even_in_the_middle():
    for number, expected in [
        (0.0, 0.0),
        (1.0, 1.0),
        (-2.5, -2.5),
        (1 + 1 / 128, 1 + 1 / 128),
        (1 + 1 / 256, 1.0),  # in the middle
        (1 + 3 / 256, 1 + 2 / 128),  # in the middle
        (1 + 1.01 / 256, 1 + 1 / 128),
        (1 + 0.99 / 256, 1.0),
        (1e-40, 1.0101e-40),  # far below what float16 has
        (3e38, 3.00406e38),
    ]:
        assert from_16_bits(to_16_bits(float32(number)))[0] == pytest.approx(expected, rel=1e-5), number


def test_the_error_is_at_most_a_256th_of_a_number_and_what_is_encoded_twice_stays():
    numbers = np.random.default_rng(0).standard_normal(10_000).astype(np.float32) * float32(1e-4)
    once = from_16_bits(to_16_bits(numbers))
    assert (np.abs(once - numbers) <= np.abs(numbers) / 256).all()
    assert np.abs(once - numbers).mean() < 0.002 * np.abs(numbers).mean()
    assert from_16_bits(to_16_bits(once)).tobytes() == once.tobytes()


def test_what_is_not_finite_stays_so_and_too_large_is_infinite():
    largest = np.finfo(np.float32).max
    of_ones = np.array([0x7FFFFFFF, 0xFFFFFFFF], np.uint32).view(np.float32)  # also these are not numbers
    numbers = np.concatenate([float32(np.inf, -np.inf, np.nan, largest, -largest), of_ones])
    found = from_16_bits(to_16_bits(numbers))
    expected = float32(np.inf, -np.inf, np.nan, np.inf, -np.inf, np.nan, np.nan)
    np.testing.assert_array_equal(found, expected)


def test_32_bits_are_the_numbers_themselves():
    numbers = float32(1.1, np.nan)
    assert code_of(32).decode(code_of(32).encode(numbers)) is numbers
    assert BITS == (16, 32)


def test_ranks_have_one_sum_which_is_close_to_that_of_32_bits():
    rng = np.random.default_rng(1)
    dense = rng.standard_normal((3, 12)).astype(np.float32)
    values = rng.standard_normal((3, 2, 4)).astype(np.float32)
    tokens = [np.array([1, 5]), np.array([5, 9]), np.array([1, 2])]

    def work(world):
        found = {}
        for bits in BITS:
            flat = dense[world.rank].copy()
            world.sum(flat, 3, bits)
            columns = world.sum_columns(Columns(tokens[world.rank], values[world.rank]), 3, bits)
            found[bits] = flat, columns.values
        return found

    first, *others = on_ranks(3, work)
    for other in others:
        for bits in BITS:
            for ours, theirs in zip(first[bits], other[bits], strict=True):
                assert ours.tobytes() == theirs.tobytes()
    for ours, exact in zip(first[16], first[32], strict=True):
        assert ours.tobytes() != exact.tobytes()
        np.testing.assert_allclose(ours, exact, atol=4 * np.abs(exact).max() / 256)
