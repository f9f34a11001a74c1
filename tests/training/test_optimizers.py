import numpy as np
import pytest

from rnn_cli.network.inputs import ONE_HOT_UP_TO, Columns
from rnn_cli.network.network import Network
from rnn_cli.training import optimizers
from rnn_cli.training.optimizers import (
    OPTIMIZERS,
    PIECE,
    Share,
    Step,
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


def pieces_of(size, monkeypatch):
    """Let any number of threads work on this many entries at a time."""
    monkeypatch.setattr(optimizers, "PIECE", size)
    monkeypatch.setattr(optimizers, "PIECE_OF_THREADS", size)


def test_a_step_of_sgd_is_what_a_hand_works_out():
    p = arrays(W=[[1.0, -2.0]], b=[0.5])
    apply(OPTIMIZERS["sgd"], p, arrays(W=[[10.0, 4.0]], b=[-1.0]), {}, Step(0.1, 1))
    np.testing.assert_allclose(p["W"], [[0.0, -2.4]])
    np.testing.assert_allclose(p["b"], [0.6])


def two_steps(name):
    """p after each of two steps from p = 1, lr = 0.1, gradients 0.5 and then -1; and its moments."""
    p, ps = arrays(a=[1.0]), []
    moments = moments_of(name, p)
    for step, g in ((1, 0.5), (2, -1.0)):
        apply(OPTIMIZERS[name], p, arrays(a=[g]), moments, Step(0.1, step))
        ps.append(p["a"][0])
    return ps, {moment: array[0] for moment, array in moments.items()}


def test_two_steps_of_momentum_are_what_a_hand_works_out():
    # mu = 0.9; step 1: velocity 0.5,                     p = 1 - 0.1 * 0.5 = 0.95
    #           step 2: velocity 0.9 * 0.5 - 1 = -0.55,   p = 0.95 + 0.1 * 0.55 = 1.005
    p, moments = two_steps("momentum")
    assert p == pytest.approx([0.95, 1.005])
    assert moments == pytest.approx({"velocity.a": -0.55})


def test_two_steps_of_nesterov_are_what_a_hand_works_out():
    # mu = 0.9; step 1: velocity 0.5,    p = 1 - 0.1 * (0.5 + 0.9 * 0.5) = 0.905
    #           step 2: velocity -0.55,  p = 0.905 - 0.1 * (-1 - 0.9 * 0.55) = 1.0545
    p, moments = two_steps("nesterov")
    assert p == pytest.approx([0.905, 1.0545])
    assert moments == pytest.approx({"velocity.a": -0.55})


@pytest.mark.parametrize(("name", "ahead"), [("momentum", 0.0), ("nesterov", 0.9)])
def test_momentum_is_that_of_the_paper(name, ahead):
    """Sutskever et al. 2013, equations 1 to 4: v = mu v - lr ∇f(x + ahead v); x = x + v, for f = x^4 / 4."""
    p, x, v = arrays(a=[1.0]), 1.0, 0.0
    moments = moments_of(name, p)
    for step in range(1, 8):
        apply(OPTIMIZERS[name], p, {"a": p["a"] ** 3}, moments, Step(0.1, step))
        v = 0.9 * v - 0.1 * (x + ahead * v) ** 3
        x = x + v
        assert p["a"][0] == pytest.approx(x + ahead * v)


def test_two_steps_of_adagrad_are_what_a_hand_works_out():
    # step 1: square 0.25, root 0.5:         p = 1 - 0.1 * 0.5/0.5 = 0.9
    # step 2: square 1.25, root 1.11803399:  p = 0.9 + 0.1 * 1/1.11803399 = 0.98944272
    p, moments = two_steps("adagrad")
    assert p == pytest.approx([0.9, 0.98944272])
    assert moments == pytest.approx({"square.a": 1.25})


def test_two_steps_of_rmsprop_are_what_a_hand_works_out():
    # beta = 0.99
    # step 1: square 0.01 * 0.25 = 0.0025, root 0.05:                   p = 1 - 0.1 * 0.5/0.05 = 0
    # step 2: square 0.99 * 0.0025 + 0.01 = 0.012475, root 0.11169154:  p = 0 + 0.1/0.11169154 = 0.89532296
    p, moments = two_steps("rmsprop")
    assert p == pytest.approx([0, 0.89532296], abs=1e-6)
    assert moments == pytest.approx({"square.a": 0.012475})


def test_two_steps_of_adam_are_what_a_hand_works_out():
    # p = 1, lr = 0.1, gradients 0.5 and then -1; beta_1 = 0.9, beta_2 = 0.999
    # step 1: mean 0.05, square 0.00025; unbiased 0.5 and 0.25: p = 1 - 0.1 * 0.5/0.5 = 0.9
    # step 2: mean 0.9*0.05 - 0.1 = -0.055,         unbiased -0.055/0.19 = -0.28947368
    #         square 0.999*0.00025 + 0.001 = 0.00124975, unbiased /0.001999 = 0.62518759, root 0.79068805
    #         p = 0.9 + 0.1 * 0.28947368/0.79068805 = 0.93661036
    p = arrays(a=[1.0])
    moments = moments_of("adam", p)
    assert {name: array.tolist() for name, array in moments.items()} == {"mean.a": [0], "square.a": [0]}
    apply(OPTIMIZERS["adam"], p, arrays(a=[0.5]), moments, Step(0.1, 1))
    np.testing.assert_allclose(p["a"], [0.9], rtol=1e-7)
    np.testing.assert_allclose([moments["mean.a"][0], moments["square.a"][0]], [0.05, 0.00025])
    apply(OPTIMIZERS["adam"], p, arrays(a=[-1.0]), moments, Step(0.1, 2))
    np.testing.assert_allclose(p["a"], [0.93661036], rtol=1e-7)
    np.testing.assert_allclose([moments["mean.a"][0], moments["square.a"][0]], [-0.055, 0.00124975])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_divides_by_a_gradient_of_zero(name):
    p = arrays(a=[1.0, 1.0])
    apply(OPTIMIZERS[name], p, arrays(a=[0.0, 1e-30]), moments_of(name, p), Step(0.1, 1))
    assert p["a"].tolist() == [1, 1]


def test_adam_takes_a_step_of_lr_whatever_the_scale_of_the_gradient():
    p = arrays(a=[0.0, 0.0, 0.0])
    apply(OPTIMIZERS["adam"], p, arrays(a=[1e-3, 1.0, -1e3]), moments_of("adam", p), Step(0.1, 1))
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
        apply(OPTIMIZERS[name], p, gradient, moments_of(name, p), Step(0.1, 1, scale))
        ends.append(p["a"])
    np.testing.assert_array_equal(*ends)


def two_decayed_steps(name):
    """A matrix and a bias, both 10 at first, after each of two steps with lr = 0.5, weight decay 0.2 and
    gradients of 1; and the moments then."""
    p, matrix, bias = arrays(W=[[10.0]], b=[10.0]), [], []
    moments = moments_of(name, p)
    for step in (1, 2):
        apply(OPTIMIZERS[name], p, arrays(W=[[1.0]], b=[1.0]), moments, Step(0.5, step, weight_decay=0.2))
        matrix.append(p["W"].item())
        bias.append(p["b"].item())
    return matrix, bias, {key: array.item() for key, array in moments.items()}


def test_decay_is_part_of_the_gradient_of_matrices_and_not_of_biases():
    # W = 10 - 0.5 * (1 + 0.2 * 10) = 8.5, then 8.5 - 0.5 * (1 + 0.2 * 8.5) = 7.15
    # b = 10 - 0.5 * 1 = 9.5, then 9
    matrix, bias, _ = two_decayed_steps("sgd")
    assert matrix == pytest.approx([8.5, 7.15])
    assert bias == pytest.approx([9.5, 9])


def test_decay_that_is_part_of_the_gradient_gathers_momentum():
    # W: step 1: velocity 1 + 0.2 * 10 = 3,               W = 10 - 0.5 * 3 = 8.5
    #    step 2: velocity 0.9 * 3 + 1 + 0.2 * 8.5 = 5.4,  W = 8.5 - 0.5 * 5.4 = 5.8
    # b: step 1: velocity 1,                              b = 10 - 0.5 * 1 = 9.5
    #    step 2: velocity 0.9 + 1 = 1.9,                  b = 9.5 - 0.5 * 1.9 = 8.55
    matrix, bias, moments = two_decayed_steps("momentum")
    assert matrix == pytest.approx([8.5, 5.8])
    assert bias == pytest.approx([9.5, 8.55])
    assert moments == pytest.approx({"velocity.W": 5.4, "velocity.b": 1.9})


def test_decay_that_is_part_of_the_gradient_is_scaled_with_it_in_adam():
    # W: step 1: gradient 1 + 0.2 * 10 = 3: mean 0.3, square 0.009; unbiased 3 and 9: W = 10 - 0.5 * 3/3 = 9.5
    #    step 2: gradient 1 + 0.2 * 9.5 = 2.9: mean 0.27 + 0.29 = 0.56,    unbiased /0.19 = 2.94736842
    #            square 0.008991 + 0.00841 = 0.017401, unbiased /0.001999 = 8.70485243, root 2.95039869
    #            W = 9.5 - 0.5 * 2.94736842/2.95039869 = 9.00051354
    # b: by 0.5 in each step
    matrix, bias, moments = two_decayed_steps("adam")
    assert matrix == pytest.approx([9.5, 9.00051354])
    assert bias == pytest.approx([9.5, 9])
    assert moments["mean.W"] == pytest.approx(0.56)
    assert moments["square.W"] == pytest.approx(0.017401)


def test_decay_in_adamw_shrinks_matrices_beside_the_step_of_adam():
    # With gradients of 1 a step of Adam is lr = 0.5, and W shrinks by 0.5 * 0.2 = a tenth:
    # W = 10 * 0.9 - 0.5 = 8.5, then 8.5 * 0.9 - 0.5 = 7.15; b = 9.5, then 9
    matrix, bias, moments = two_decayed_steps("adamw")
    assert matrix == pytest.approx([8.5, 7.15])
    assert bias == pytest.approx([9.5, 9])
    assert moments["mean.W"] == moments["mean.b"] == pytest.approx(0.19)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # column 0: (1, 4) - 0.5 * ((1, 2) + 0.2 * (1, 4)); column 2: (3, 6) - 0.5 * ((3, 4) + 0.2 * (3, 6))
        ("sgd", [[0.4, 2, 1.2], [2.6, 5, 3.4]]),
        # each by lr = 0.5 down, whatever the gradient
        ("adam", [[0.5, 2, 2.5], [3.5, 5, 5.5]]),
        # nine tenths, and by lr = 0.5 down
        ("adamw", [[0.4, 2, 2.2], [3.1, 5, 4.9]]),
    ],
)
def test_decay_by_columns_is_of_those_that_occur(name, expected):
    network = Network(ONE_HOT_UP_TO + 1, 2)
    p = {"U": np.zeros((2, network.m), order="F")}
    p["U"][:, :3] = [[1, 2, 3], [4, 5, 6]]
    moments = initial_moments(OPTIMIZERS[name], network, p)
    gradient = {"U": Columns(np.array([0, 2]), np.array([[1.0, 2], [3, 4]]))}
    apply(OPTIMIZERS[name], p, gradient, moments, Step(0.5, 1, weight_decay=0.2))
    np.testing.assert_allclose(p["U"][:, :3], expected, rtol=1e-6)
    if name == "adam":
        np.testing.assert_allclose(moments["square.U"][:, 0], [0.001 * 1.2**2, 0.001 * 2.8**2])


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
        apply(OPTIMIZERS["adam"], p, gradient, moments, Step(0.1, step))
    assert p["U"][0, 2] == pytest.approx(1.05487292, rel=1e-7)
    assert moments["square.U"][0, 2] == pytest.approx(0.00124950025)
    assert moments["seen.U"][2] == 3
    others = np.arange(network.m) != 2
    assert (p["U"][0, others] == 1).all()
    assert not moments["square.U"][0, others].any()
    assert not moments["seen.U"][others].any()


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_momentum_by_columns_is_what_it_amounts_to(name):
    # 0.1 / (1 - 0.9) = 1 times the gradient: p = 1 - 0.5 = 0.5, and then 0.5 + 1 = 1.5
    network = Network(ONE_HOT_UP_TO + 1, 1)
    p = {"U": np.ones((1, network.m), order="F")}
    moments = initial_moments(OPTIMIZERS[name], network, p)
    assert moments == {}
    for step, g, expected in ((1, 0.5, 0.5), (7, -1.0, 1.5)):
        apply(OPTIMIZERS[name], p, {"U": Columns(np.array([2]), np.array([[g]]))}, moments, Step(0.1, step))
        assert p["U"][0, 1:4] == pytest.approx([1, expected, 1])
    dense = {"U": np.ones((1, 1))}
    moments = moments_of(name, dense)
    for step, g in enumerate([0.5, -1.0, *np.zeros(300)], 1):
        apply(OPTIMIZERS[name], dense, {"U": np.array([[g]])}, moments, Step(0.1, step))
    assert dense["U"].item() == pytest.approx(1.5)


@pytest.mark.parametrize("name", ["sgd", "adagrad", "rmsprop"])
def test_columns_go_as_in_a_whole_table_with_zeros_for_the_others(name):
    rng = np.random.default_rng(0)
    m, n = ONE_HOT_UP_TO + 1, 3
    by_columns = {"U": rng.normal(size=(m, n)).T}
    whole = {"U": by_columns["U"].copy(order="F")}
    moments = initial_moments(OPTIMIZERS[name], Network(m, n), by_columns)
    whole_moments = moments_of(name, whole)
    for step in range(1, 9):
        tokens = np.sort(rng.choice(12, 4, replace=False))  # each occurs in some of the steps
        gradient = Columns(tokens, rng.normal(size=(4, n)))
        apply(OPTIMIZERS[name], by_columns, {"U": gradient}, moments, Step(0.1, step))
        apply(OPTIMIZERS[name], whole, {"U": gradient.dense(m)}, whole_moments, Step(0.1, step))
        np.testing.assert_allclose(by_columns["U"], whole["U"], rtol=1e-9)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("of", [2, 5])
def test_shares_of_columns_are_updated_as_the_whole(name, of, monkeypatch):
    pieces_of(4, monkeypatch)
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
                apply(OPTIMIZERS[name], p, gradient, moments, Step(0.1, step, 0.5, 0.1), Share(share, shares))
        ends.append([p["U"], *moments.values()])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


def test_gradients_add_up_in_the_memory_of_the_first_in_any_shares(monkeypatch):
    pieces_of(4, monkeypatch)
    for of in (1, 2, 3):
        first, second, third = (np.full((3, 7), value, np.float32) for value in (1, 10, 100))
        for share in range(of):
            add([first, second, third], Share(share, of))
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
            apply(OPTIMIZERS[name], p, {"U": gradient}, moments, Step(0.1, step))
        assert p["U"] is held
        assert {array.dtype for array in [held, *moments.values()]} == {np.dtype(np.float32)}
        ends.append(held)
    np.testing.assert_array_equal(*ends)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_pieces_and_shares_of_them_make_no_difference(name, monkeypatch):
    rng = np.random.default_rng(0)
    first = {"W": rng.normal(size=(7, 11)), "b": rng.normal(size=4)}
    gradients = {"W": rng.normal(size=(7, 11)), "b": rng.normal(size=4)}
    ends = []
    for size, of in ((PIECE, 1), (1, 1), (10, 1), (10, 3)):
        pieces_of(size, monkeypatch)
        p = copies(first)
        moments = moments_of(name, p)
        for step in (1, 2):
            for share in range(of):
                apply(OPTIMIZERS[name], p, gradients, moments, Step(0.1, step, 0.5, 0.1), Share(share, of))
        ends.append(p | moments)
    for end in ends[1:]:
        for key in end:
            np.testing.assert_array_equal(end[key], ends[0][key])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_array_longer_than_a_piece_is_updated_to_its_end(name):
    p = {"V": np.zeros((3, PIECE + 1), np.float32)}
    apply(OPTIMIZERS[name], p, {"V": np.ones_like(p["V"])}, moments_of(name, p), Step(0.5, 1))
    assert p["V"][0, 0] < -0.499
    np.testing.assert_allclose(p["V"], p["V"][0, 0], rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_gradients_are_only_read(name):
    network = Network(ONE_HOT_UP_TO + 1, 2)
    p = {"U": np.ones((2, network.m), order="F"), "W": np.ones((1, 2))}
    gradients = {"U": Columns(np.array([3]), np.array([[0.5, -0.5]])), "W": np.array([[0.5, -0.5]])}
    moments = initial_moments(OPTIMIZERS[name], network, p)
    apply(OPTIMIZERS[name], p, gradients, moments, Step(0.1, 1, weight_decay=0.1))
    assert gradients["U"].values.tolist() == gradients["W"].tolist() == [[0.5, -0.5]]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_finds_the_bottom_of_a_bowl(name):
    target = np.array([1.0, -2.0, 0.5])
    p = {"a": np.zeros(3)}
    moments = moments_of(name, p)
    lr = 0.5 if name == "adagrad" else 0.05  # the only one whose steps get shorter by themselves
    for step in range(1, 301):
        apply(OPTIMIZERS[name], p, {"a": p["a"] - target}, moments, Step(lr * (1 - step / 301), step))
    np.testing.assert_allclose(p["a"], target, atol=0.01)
