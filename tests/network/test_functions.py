import numpy as np
import pytest

from rnn_cli.machine import blas_threads
from rnn_cli.network.functions import (
    RELU,
    TANH,
    dropout_mask,
    glorot_uniform,
    identity,
    orthogonal,
    sigmoid,
)


def test_tanh_and_relu_have_their_known_values():
    z = np.array([-2.0, 0.0, 0.5])
    np.testing.assert_allclose(TANH.function(z, np.empty(3)), [-0.9640275800758169, 0, 0.46211715726000976])
    np.testing.assert_array_equal(RELU.function(z, np.empty(3)), [0, 0, 0.5])


def test_sigmoid_has_its_known_values_and_overflows_nowhere():
    z = np.array([-1e4, -np.log(3), 0, np.log(3), 1e4])
    out = np.empty(5)
    assert sigmoid(z, out) is out
    np.testing.assert_allclose(out, [0, 0.25, 0.5, 0.75, 1], atol=1e-16)
    np.testing.assert_array_equal(z[[0, 4]], [-1e4, 1e4])
    assert sigmoid(z, z) is z  # in place too
    np.testing.assert_array_equal(z, out)
    few = np.linspace(-3, 3, 7, dtype=np.float32)
    np.testing.assert_allclose(sigmoid(few, np.empty(7, np.float32)), 1 / (1 + np.exp(-few)), rtol=1e-6)


@pytest.mark.parametrize("g1", [TANH, RELU])
def test_a_derivative_is_the_slope_of_its_function(g1):
    z = np.array([-3.0, -1.0, -0.1, 0.1, 1.0, 3.0])
    h = 1e-6
    slope = (g1.function(z + h, np.empty(6)) - g1.function(z - h, np.empty(6))) / (2 * h)
    s = g1.function(z, np.empty(6))
    np.testing.assert_allclose(g1.derivative(s, np.empty(6)), slope, atol=1e-9)


@pytest.mark.parametrize("g1", [TANH, RELU])
def test_functions_write_where_they_are_told_and_keep_float32(g1):
    z, s, slope = (np.full(3, 0.5, np.float32) for _ in range(3))
    assert g1.function(z, s) is s
    assert g1.derivative(s, slope) is slope
    assert slope.dtype == np.float32
    np.testing.assert_array_equal(z, 0.5)


def test_relu_has_no_slope_at_zero():
    assert RELU.derivative(np.zeros(1), np.empty(1)) == 0


def test_a_mask_drops_its_share_and_keeps_the_mean():
    mask = dropout_mask(np.random.default_rng(0), 0.25, 100, 1000)
    assert mask.dtype == np.float32
    assert set(np.unique(mask)) == {0, np.float32(1 / 0.75)}
    assert np.mean(mask == 0) == pytest.approx(0.25, abs=0.01)
    assert mask.mean() == pytest.approx(1, abs=0.01)
    assert np.ptp(mask.mean(axis=0)) > 0  # not the same for every row


def test_glorot_fills_its_range_and_goes_no_further():
    drawn = glorot_uniform(np.random.default_rng(0), 60, 90)
    limit = np.sqrt(6 / 150)
    assert drawn.shape == (60, 90)
    assert 0.99 * limit < drawn.max() <= limit
    assert -limit <= drawn.min() < -0.99 * limit
    assert abs(drawn.mean()) < 0.05 * limit


@pytest.mark.parametrize("n", [1, 2, 17])
def test_orthogonal_is_orthogonal(n):
    W = orthogonal(np.random.default_rng(0), n)
    np.testing.assert_allclose(W.T @ W, np.eye(n), atol=1e-12)


def test_the_same_seed_gives_the_same_rotation_on_any_number_of_cores():
    with blas_threads(1):
        expected = orthogonal(np.random.default_rng(0), 255)
    with blas_threads(2):
        np.testing.assert_array_equal(orthogonal(np.random.default_rng(0), 255), expected)


def test_orthogonal_turns_both_ways():
    # Without the signs of r's diagonal, LAPACK's q would lean one way: its trace would be far from 0.
    rng = np.random.default_rng(0)
    traces = [np.trace(orthogonal(rng, 3)) for _ in range(400)]
    assert abs(np.mean(traces)) < 0.2
    assert {float(np.sign(orthogonal(rng, 1)[0, 0])) for _ in range(20)} == {-1, 1}


def test_identity_is_the_identity():
    np.testing.assert_array_equal(identity(np.random.default_rng(0), 3), [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
