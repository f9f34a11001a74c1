import numpy as np
import pytest

from rnn_cli.network.inputs import ONE_HOT_UP_TO, Columns
from rnn_cli.network.model import Network
from rnn_cli.training import optimizers
from rnn_cli.training.optimizers import (
    OPTIMIZERS,
    PIECE,
    add,
    apply,
    clipping,
    gradient_norm,
    initial_moments,
)


def arrays(**named):
    return {name: np.array(values, np.float64) for name, values in named.items()}


def moments_of(name, p, m=3):
    return initial_moments(OPTIMIZERS[name], Network(m, 2), p)


def test_a_step_of_sgd_is_what_a_hand_works_out():
    p = arrays(W=[[1.0, -2.0]], b=[0.5])
    apply(OPTIMIZERS["sgd"], p, arrays(W=[[10.0, 4.0]], b=[-1.0]), {}, 0.1, 1)
    np.testing.assert_allclose(p["W"], [[0.0, -2.4]])
    np.testing.assert_allclose(p["b"], [0.6])


def test_two_steps_of_adam_are_what_a_hand_works_out():
    # p = 1, lr = 0.1, gradients 0.5 and then -1; beta_1 = 0.9, beta_2 = 0.999
    # step 1: mean 0.05, square 0.00025; unbiased 0.5 and 0.25: p = 1 - 0.1 * 0.5/0.5 = 0.9
    # step 2: mean 0.9*0.05 - 0.1 = -0.055,         unbiased -0.055/0.19 = -0.28947368
    #         square 0.999*0.00025 + 0.001 = 0.00124975, unbiased /0.001999 = 0.62518759, root 0.79068805
    #         p = 0.9 + 0.1 * 0.28947368/0.79068805 = 0.93661036
    p = arrays(a=[1.0])
    moments = moments_of("adam", p)
    assert {name: array.tolist() for name, array in moments.items()} == {"mean.a": [0], "square.a": [0]}
    apply(OPTIMIZERS["adam"], p, arrays(a=[0.5]), moments, 0.1, 1)
    np.testing.assert_allclose(p["a"], [0.9], rtol=1e-7)
    np.testing.assert_allclose([moments["mean.a"][0], moments["square.a"][0]], [0.05, 0.00025])
    apply(OPTIMIZERS["adam"], p, arrays(a=[-1.0]), moments, 0.1, 2)
    np.testing.assert_allclose(p["a"], [0.93661036], rtol=1e-7)
    np.testing.assert_allclose([moments["mean.a"][0], moments["square.a"][0]], [-0.055, 0.00124975])


def test_adam_does_not_divide_by_a_gradient_of_zero():
    p = arrays(a=[1.0, 1.0])
    apply(OPTIMIZERS["adam"], p, arrays(a=[0.0, 1e-30]), moments_of("adam", p), 0.1, 1)
    assert p["a"].tolist() == [1, 1]


def test_adam_takes_a_step_of_lr_whatever_the_scale_of_the_gradient():
    p = arrays(a=[0.0, 0.0, 0.0])
    apply(OPTIMIZERS["adam"], p, arrays(a=[1e-3, 1.0, -1e3]), moments_of("adam", p), 0.1, 1)
    np.testing.assert_allclose(p["a"], [-0.1, -0.1, 0.1], rtol=1e-4)


def test_the_norm_is_of_all_gradients_together():
    columns = Columns(np.array([3, 8]), np.array([[1.0, 2.0], [0.0, 2.0]]))
    assert gradient_norm({"U": columns, "W": np.array([[6.0]]), "b": np.array([2.0])}) == 7
    assert gradient_norm({"U": np.asfortranarray([[3.0, 0.0], [0.0, 4.0]])}) == 5


def test_a_gradient_beyond_the_limit_is_scaled_to_it():
    assert clipping(5.0, 1.0) == 0.2


@pytest.mark.parametrize("limit", [5.0, 5.1, np.inf, None])
def test_a_gradient_within_the_limit_is_left(limit):
    assert clipping(5.0, limit) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_shows_in_the_norm(value):
    assert not np.isfinite(gradient_norm({"a": np.array([1.0, value])}))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_gradient_counts_as_much_as_it_is_scaled(name):
    ends = []
    for gradient, scale in ((arrays(a=[6.0, -2.0]), 0.25), (arrays(a=[1.5, -0.5]), 1.0)):
        p = arrays(a=[1.0, 1.0])
        apply(OPTIMIZERS[name], p, gradient, moments_of(name, p), 0.1, 1, scale)
        ends.append(p["a"])
    np.testing.assert_array_equal(*ends)


def test_decay_shrinks_matrices_by_lr_times_itself_and_leaves_biases():
    p = arrays(W=[[10.0]], b=[10.0])
    apply(OPTIMIZERS["sgd"], p, arrays(W=[[1.0]], b=[1.0]), {}, 0.5, 1, weight_decay=0.2)
    assert p["W"].tolist() == [[10 * (1 - 0.5 * 0.2) - 0.5]]
    assert p["b"].tolist() == [9.5]


def test_two_steps_of_adam_by_columns_are_what_a_hand_works_out():
    # Column 2 of a U of one row; lr = 0.1, gradient 0.5 in step 1 and -1 in step 3; beta_2 = 0.999
    # step 1: square 0.00025, unbiased 0.25, root 0.5: p = 1 - 0.1 * 0.5/0.5 = 0.9
    # step 3: square 0.999^2 * 0.00025 + 0.001 = 0.00124950025, unbiased /0.002997001 = 0.41691687,
    #         root 0.64569100: p = 0.9 + 0.1 * 1/0.64569100 = 1.05487292
    network = Network(ONE_HOT_UP_TO + 1, 1)
    p = {"U": np.ones((1, network.m), order="F")}
    moments = initial_moments(OPTIMIZERS["adam"], network, p)
    assert {name: array.shape for name, array in moments.items()} == {
        "square.U": (1, network.m),
        "seen.U": (network.m,),
    }
    for step, g in ((1, 0.5), (3, -1.0)):
        gradient = {"U": Columns(np.array([2]), np.array([[g]]))}
        apply(OPTIMIZERS["adam"], p, gradient, moments, 0.1, step)
    assert p["U"][0, 2] == pytest.approx(1.05487292, rel=1e-7)
    assert moments["square.U"][0, 2] == pytest.approx(0.00124950025)
    assert moments["seen.U"][2] == 3
    others = np.arange(network.m) != 2
    assert (p["U"][0, others] == 1).all()
    assert not moments["square.U"][0, others].any()
    assert not moments["seen.U"][others].any()


def test_sgd_by_columns_is_sgd():
    U = np.asfortranarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    apply(
        OPTIMIZERS["sgd"], {"U": U}, {"U": Columns(np.array([0, 2]), np.array([[1.0, 2], [3, 4]]))}, {}, 1, 1
    )
    assert U.tolist() == [[0, 2, 0], [2, 5, 2]]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("of", [2, 5])
def test_shares_of_columns_are_updated_as_the_whole(name, of, monkeypatch):
    monkeypatch.setattr(optimizers, "PIECE", 4)
    rng = np.random.default_rng(0)
    network = Network(ONE_HOT_UP_TO + 1, 3)
    U = rng.normal(size=(network.m, 3)).T
    tokens = rng.choice(network.m, 20, replace=False)
    gradients = [{"U": Columns(np.sort(tokens), rng.normal(size=(20, 3)))} for _ in range(2)]
    ends = []
    for shares in (1, of):
        p = {"U": U.copy(order="F")}
        moments = initial_moments(OPTIMIZERS[name], network, p)
        for step, gradient in enumerate(gradients, 1):
            for share in range(shares):
                apply(OPTIMIZERS[name], p, gradient, moments, 0.1, step, 0.5, 0.1, share, shares)
        ends.append([p["U"], *moments.values()])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


def test_gradients_add_up_in_the_memory_of_the_first_in_any_shares(monkeypatch):
    monkeypatch.setattr(optimizers, "PIECE", 4)
    for of in (1, 2, 3):
        first, second, third = (np.full((3, 7), value, np.float32) for value in (1, 10, 100))
        for share in range(of):
            add([first, second, third], share, of)
        np.testing.assert_array_equal(first, 111)


def copies(named):
    return {name: array.copy(order="K") for name, array in named.items()}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_arrays_by_columns_are_updated_in_place_as_those_by_rows(name):
    rng = np.random.default_rng(0)
    by_rows = {"U": rng.normal(size=(3, 5)).astype(np.float32)}
    by_columns = {"U": np.asfortranarray(by_rows["U"])}
    ends = []
    for order, p in (("C", by_rows), ("F", by_columns)):
        held, moments = p["U"], moments_of(name, p)
        draws = np.random.default_rng(1)
        for step in (1, 2):
            gradient = np.array(draws.normal(size=(3, 5)), np.float32, order=order)
            apply(OPTIMIZERS[name], p, {"U": gradient}, moments, 0.1, step)
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
        apply(OPTIMIZERS[name], p, gradients, moments_of(name, p), 0.1, 1)
        ends.append(p)
    for p in ends[1:]:
        for key in p:
            np.testing.assert_array_equal(p[key], ends[0][key])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_array_longer_than_a_piece_is_updated_to_its_end(name):
    p = {"V": np.zeros((3, PIECE + 1), np.float32)}
    apply(OPTIMIZERS[name], p, {"V": np.ones_like(p["V"])}, moments_of(name, p), 0.5, 1)
    np.testing.assert_allclose(p["V"], -0.5, rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_gradients_are_only_read(name):
    p, gradients = arrays(a=[1.0, 2.0]), arrays(a=[0.5, -0.5])
    apply(OPTIMIZERS[name], p, gradients, moments_of(name, p), 0.1, 1)
    assert gradients["a"].tolist() == [0.5, -0.5]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_finds_the_bottom_of_a_bowl(name):
    target = np.array([1.0, -2.0, 0.5])
    p = {"a": np.zeros(3)}
    moments = moments_of(name, p)
    for step in range(1, 301):
        apply(OPTIMIZERS[name], p, {"a": p["a"] - target}, moments, 0.05, step)
    np.testing.assert_allclose(p["a"], target, atol=0.01)
