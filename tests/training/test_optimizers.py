import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.training import optimizers
from rnn_cli.training.optimizers import OPTIMIZERS, PIECE, average_and_clip


def arrays(**named):
    return {name: np.array(values, np.float64) for name, values in named.items()}


def test_a_step_of_sgd_is_what_a_hand_works_out():
    p = arrays(W=[[1.0, -2.0]], b=[0.5])
    OPTIMIZERS["sgd"].update(p, arrays(W=[[10.0, 4.0]], b=[-1.0]), {}, 0.1, 1)
    np.testing.assert_allclose(p["W"], [[0.0, -2.4]])
    np.testing.assert_allclose(p["b"], [0.6])


def test_two_steps_of_adam_are_what_a_hand_works_out():
    # p = 1, lr = 0.1, gradients 0.5 and then -1; beta_1 = 0.9, beta_2 = 0.999
    # step 1: mean 0.05, square 0.00025; unbiased 0.5 and 0.25: p = 1 - 0.1 * 0.5/0.5 = 0.9
    # step 2: mean 0.9*0.05 - 0.1 = -0.055,         unbiased -0.055/0.19 = -0.28947368
    #         square 0.999*0.00025 + 0.001 = 0.00124975, unbiased /0.001999 = 0.62518759, root 0.79068805
    #         p = 0.9 + 0.1 * 0.28947368/0.79068805 = 0.93661036
    p = arrays(a=[1.0])
    moments = OPTIMIZERS["adam"].initial(p)
    assert {name: array.tolist() for name, array in moments.items()} == {"mean.a": [0], "square.a": [0]}
    OPTIMIZERS["adam"].update(p, arrays(a=[0.5]), moments, 0.1, 1)
    np.testing.assert_allclose(p["a"], [0.9], rtol=1e-7)
    np.testing.assert_allclose([moments["mean.a"][0], moments["square.a"][0]], [0.05, 0.00025])
    OPTIMIZERS["adam"].update(p, arrays(a=[-1.0]), moments, 0.1, 2)
    np.testing.assert_allclose(p["a"], [0.93661036], rtol=1e-7)
    np.testing.assert_allclose([moments["mean.a"][0], moments["square.a"][0]], [-0.055, 0.00124975])


def test_adam_does_not_divide_by_a_gradient_of_zero():
    p = arrays(a=[1.0, 1.0])
    OPTIMIZERS["adam"].update(p, arrays(a=[0.0, 1e-30]), OPTIMIZERS["adam"].initial(p), 0.1, 1)
    assert p["a"].tolist() == [1, 1]


def test_adam_takes_a_step_of_lr_whatever_the_scale_of_the_gradient():
    p = arrays(a=[0.0, 0.0, 0.0])
    OPTIMIZERS["adam"].update(p, arrays(a=[1e-3, 1.0, -1e3]), OPTIMIZERS["adam"].initial(p), 0.1, 1)
    np.testing.assert_allclose(p["a"], [-0.1, -0.1, 0.1], rtol=1e-4)


def test_gradients_are_averaged_and_clipped_by_their_norm_together():
    gradients = arrays(W=[[6.0]], b=[8.0])
    assert average_and_clip(gradients, tokens=2, limit=1.0) == 5  # (3, 4)
    np.testing.assert_allclose([gradients["W"][0, 0], gradients["b"][0]], [0.6, 0.8])


@pytest.mark.parametrize("limit", [5.0, 5.1, np.inf, None])
def test_a_gradient_within_the_limit_is_only_averaged(limit):
    gradients = arrays(W=[[6.0]], b=[8.0])
    assert average_and_clip(gradients, 2, limit) == 5
    assert [gradients["W"][0, 0], gradients["b"][0]] == [3, 4]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9), st.integers(1, 500), st.floats(0.01, 100))
def test_clipping_keeps_the_direction_and_bounds_the_norm(values, tokens, limit):
    gradients = arrays(a=values[:4], b=values[4:])
    summed = np.array(values)
    norm = average_and_clip(gradients, tokens, limit)
    clipped = np.concatenate([gradients["a"], gradients["b"]])
    assert norm == pytest.approx(np.linalg.norm(summed) / tokens)
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-9)
    np.testing.assert_allclose(clipped, summed / tokens * min(1, limit / norm if norm else 1), atol=1e-12)


def test_clipping_works_in_place_on_arrays_by_columns_and_in_float32():
    gradient = np.asfortranarray([[3.0, 0.0], [0.0, 4.0]], np.float32)
    assert average_and_clip({"U": gradient}, 1, 1.0) == 5
    np.testing.assert_allclose(gradient, [[0.6, 0], [0, 0.8]], rtol=1e-6)
    assert gradient.dtype == np.float32


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_shows_in_the_norm(value):
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(average_and_clip({"a": np.array([1.0, value])}, 1, 1.0))


def copies(named):
    return {name: array.copy(order="K") for name, array in named.items()}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_arrays_by_columns_are_updated_in_place_as_those_by_rows(name):
    rng = np.random.default_rng(0)
    by_rows = {"U": rng.normal(size=(3, 5)).astype(np.float32)}
    by_columns = {"U": np.asfortranarray(by_rows["U"])}
    ends = []
    for order, p in (("C", by_rows), ("F", by_columns)):
        held, moments = p["U"], OPTIMIZERS[name].initial(p)
        draws = np.random.default_rng(1)
        for step in (1, 2):
            gradient = np.array(draws.normal(size=(3, 5)), np.float32, order=order)
            OPTIMIZERS[name].update(p, {"U": gradient}, moments, 0.1, step)
        assert p["U"] is held
        assert {array.dtype for array in [held, *moments.values()]} == {np.dtype(np.float32)}
        ends.append(held)
    np.testing.assert_array_equal(*ends)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_pieces_make_no_difference(name, monkeypatch):
    rng = np.random.default_rng(0)
    first = {"W": rng.normal(size=(7, 11)), "b": rng.normal(size=4)}
    gradients = {"W": rng.normal(size=(7, 11)), "b": rng.normal(size=4)}
    ends = []
    for piece in (PIECE, 1, 10):
        monkeypatch.setattr(optimizers, "PIECE", piece)
        p = copies(first)
        OPTIMIZERS[name].update(p, gradients, OPTIMIZERS[name].initial(p), 0.1, 1)
        ends.append(p)
    for p in ends[1:]:
        for key in p:
            np.testing.assert_array_equal(p[key], ends[0][key])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_array_longer_than_a_piece_is_updated_to_its_end(name):
    p = {"V": np.zeros((3, PIECE + 1), np.float32)}
    OPTIMIZERS[name].update(p, {"V": np.ones_like(p["V"])}, OPTIMIZERS[name].initial(p), 0.5, 1)
    np.testing.assert_allclose(p["V"], -0.5, rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_gradients_are_only_read(name):
    p, gradients = arrays(a=[1.0, 2.0]), arrays(a=[0.5, -0.5])
    OPTIMIZERS[name].update(p, gradients, OPTIMIZERS[name].initial(p), 0.1, 1)
    assert gradients["a"].tolist() == [0.5, -0.5]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_finds_the_bottom_of_a_bowl(name):
    target = np.array([1.0, -2.0, 0.5])
    p = {"a": np.zeros(3)}
    moments = OPTIMIZERS[name].initial(p)
    for step in range(1, 301):
        OPTIMIZERS[name].update(p, {"a": p["a"] - target}, moments, 0.05, step)
    np.testing.assert_allclose(p["a"], target, atol=0.01)
