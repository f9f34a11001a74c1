"""The laid-out product is the product."""

import numpy as np
import pytest

from rnn_cli.network.fast.products import FEW, SMALL, panel_of, plain, times
from rnn_cli.network.fast.workspace import Workspace

SHAPES = [
    (1, 1),
    (3, 5),
    (32, 64),
    (65, 128),
    (200, 200),
    (130, 2048),  # a row of W in parts
    (65, 1009),  # cannot be parted
]


@pytest.mark.parametrize(("k", "d"), SHAPES)
@pytest.mark.parametrize("B", [1, 2, 10, FEW, FEW + 1])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("threads", [1, 2])
def test_it_is_the_product(k, d, B, order, threads):
    rng = np.random.default_rng(0)
    W, s = np.asarray(rng.normal(size=(k, d)), order=order), rng.normal(size=(B, d))
    np.testing.assert_allclose(times(W, B, Workspace(float, threads))(s), s @ W.T, atol=1e-11)
    np.testing.assert_array_equal(plain(W)(s), s @ W.T)


def test_the_memory_of_an_earlier_product_does_not_show():
    work = Workspace(np.float32)
    times(np.full((128, 40), np.nan, np.float32), 3, work)(np.ones((3, 40), np.float32))
    with np.errstate(all="raise"):
        z = times(np.ones((40, 40), np.float32), 3, work)(np.ones((3, 40), np.float32))
    np.testing.assert_array_equal(z, np.full((3, 40), 40))


def test_a_product_is_of_w_as_it_was_laid_out():
    W = np.ones((4, 4))
    product = times(W, 2, Workspace(float))
    W[:] = 0
    np.testing.assert_array_equal(product(np.ones((2, 4))), np.full((2, 4), 4))


@pytest.mark.parametrize(("n", "B"), [(128, 25), (256, 32), (512, 32), (1024, 32), (1024, FEW), (650, 10)])
def test_each_panel_is_a_small_product(n, B):
    parts, width = panel_of(n, n, B)
    assert width * n // parts * B <= SMALL
