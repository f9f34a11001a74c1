"""Pooling against a loop over rows and entries, and its derivatives against differences of a linear loss."""

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.pooling import POOLINGS, Rows

LENGTHS = (4, 1, 3, 0)
REAL = (np.arange(4)[:, None] < LENGTHS).astype(float)


def states(rng):
    h = rng.normal(size=(4, 4, 6)) - 3  # mostly below 0: padding, 0, would win a maximum
    h[REAL == 0] = 0
    return h


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("directions", [1, 2])
def test_each_row_is_pooled_as_it_is_alone(name, directions):
    rng = np.random.default_rng(0)
    h = states(rng)
    v, backward = POOLINGS[name].pool(h, Rows(REAL, directions), Workspace(np.float64))
    assert v.shape == (4, 6 * POOLINGS[name].parts)
    for b, L in enumerate(LENGTHS):
        alone = plain.pooled(name, list(h[:L, b]), directions) if L else np.zeros(v.shape[1])
        np.testing.assert_allclose(v[b], alone, rtol=1e-12)
    dv, dh = rng.normal(size=v.shape), rng.normal(size=h.shape)
    before = dh.copy()
    backward(dv, dh)
    for b, L in enumerate(LENGTHS):
        for t in range(L):
            for k in range(6):
                z = h[:L, b].astype(complex)
                z[t, k] += 1e-30j
                slope = np.dot(dv[b], plain.pooled(name, list(z), directions).imag) / 1e-30
                assert dh[t, b, k] - before[t, b, k] == pytest.approx(slope, abs=1e-12)


def test_by_hand():
    # two steps of one row: (1, -5), (3, -2), each direction has one entry
    h = np.array([[[1.0, -5.0]], [[3.0, -2.0]], [[0.0, 0.0]]])
    rows = Rows(np.array([[1.0], [1.0], [0.0]]), 2)
    v, backward = POOLINGS["last+max+mean"].pool(h, rows, Workspace(np.float64))
    assert v.tolist() == [[3, -5, 3, -2, 2, -3.5]]
    dh = np.zeros(h.shape)
    backward(np.array([[1.0, 2, 10, 20, 200, 400]]), dh)
    assert dh[:2, 0].tolist() == [[100, 202], [111, 220]]


def test_equal_entries_share_the_derivative():
    h = np.ones((3, 1, 1))
    _, backward = POOLINGS["max"].pool(h, Rows(np.ones((3, 1)), 1), Workspace(np.float64))
    dh = np.zeros(h.shape)
    backward(np.ones((1, 1)), dh)
    assert dh.ravel().tolist() == pytest.approx([1 / 3] * 3)
