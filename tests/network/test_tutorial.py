"""tutorial.py and tutorial_gated.py against numbers worked by hand, and against differences."""

import ast
import inspect

import numpy as np
import pytest

from rnn_cli.network import tutorial, tutorial_gated

LN2, LN3 = np.log(2), np.log(3)


def test_a_tiny_network_costs_what_a_hand_works_out():
    # m = 2, n = 1, relu, U = (1, 2), W = 3, b_a = -1, V = (ln 2, 0), b_y = (0, ln 2)
    # inputs 1, 0; targets 0, 1
    # s_1 = 2 - 1 = 1            V s_1 + b_y = (ln 2, ln 2)      o_1 = (1/2, 1/2)      E_1 = ln 2
    # s_2 = 1 + 3*1 - 1 = 3      V s_2 + b_y = (3 ln 2, ln 2)    o_2 = (8/10, 2/10)    E_2 = ln 5
    # o_1 - y_1 = (-0.5, 0.5),  o_2 - y_2 = (0.8, -0.8)
    # ds_2 = 0.8 ln 2 = da_2;  ds_1 = -0.5 ln 2 + 3 da_2 = 1.9 ln 2 = da_1  (relu' = 1);  ds_0 = 3 da_1
    p = {
        "U": np.array([[1.0, 2.0]]),
        "W": np.array([[3.0]]),
        "b_a": np.array([-1.0]),
        "V": np.array([[LN2], [0.0]]),
        "b_y": np.array([0.0, LN2]),
    }
    E, gradients, s = tutorial.loss_and_gradients(p, [1, 0], [0, 1], np.zeros(1), "relu")
    assert pytest.approx(np.log(10)) == E
    assert s == pytest.approx([3])
    expected = {
        "U": [[0.8 * LN2, 1.9 * LN2]],
        "W": [[0.8 * LN2]],
        "b_a": [2.7 * LN2],
        "V": [[1.9], [-1.9]],
        "b_y": [0.3, -0.3],
        "s_0": [5.7 * LN2],
    }
    assert gradients.keys() == expected.keys()
    for name, array in gradients.items():
        np.testing.assert_allclose(array, expected[name], err_msg=name)


@pytest.mark.parametrize("cell", tutorial.G1)
def test_its_derivatives_agree_with_differences(cell):
    rng = np.random.default_rng(0)
    shapes = {"U": (3, 5), "W": (3, 3), "b_a": (3,), "V": (5, 3), "b_y": (5,), "s_0": (3,)}
    p = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, y = rng.integers(5, size=(2, 6))
    _, gradients, _ = tutorial.loss_and_gradients(p, x, y, p["s_0"], cell)
    assert {name: array.shape for name, array in gradients.items()} == shapes
    for name, array in p.items():
        for place in np.ndindex(array.shape):
            value, E = array[place], []
            for h in (1e-6, -1e-6):
                array[place] = value + h
                E.append(tutorial.loss_and_gradients(p, x, y, p["s_0"], cell)[0])
            array[place] = value
            assert gradients[name][place] == pytest.approx((E[0] - E[1]) / 2e-6, rel=1e-6, abs=1e-8)


def test_large_logits_overflow_nothing():
    np.testing.assert_array_equal(tutorial.softmax(np.array([1e4, -1e4])), [1, 0])


def test_it_shares_no_code_with_the_network():
    for module in (tutorial, tutorial_gated):
        tree = ast.parse(inspect.getsource(module))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported <= {"collections.abc", "rnn_cli.network.arrays"}


def test_it_is_a_page():
    assert len(inspect.getsource(tutorial).splitlines()) <= 80


def test_a_step_of_a_gru_is_what_a_hand_works_out():
    # σ(-ln 3) = 1/4, σ(0) = 1/2, tanh(ln 3) = 0.8: r = 1/4, u = 1/2, g = tanh(ln 3 - 0.3 + 1/4 * 2*0.6) = 0.8
    p = {"U": np.array([[-LN3], [0], [LN3 - 0.3]]), "W": np.array([[0.0], [0], [2]]), "b_a": np.zeros(3)}
    assert tutorial_gated.gru(p, np.ones(1), np.array([0.6])) == pytest.approx([0.6 / 2 + 0.8 / 2])
    q = {"U": np.zeros((3, 1)), "W": p["W"], "b_a": p["U"][:, 0]}  # the bias does what U did
    assert tutorial_gated.gru(q, np.ones(1), np.array([0.6])) == pytest.approx([0.7])


def test_a_step_of_an_lstm_is_what_a_hand_works_out():
    # o = σ(0) = 1/2, i = f = σ(ln 3) = 3/4, g = tanh(ln 2 - 1.5 + 5*0.3) = 0.6
    U = np.array([[0], [LN3], [LN3], [LN2 - 1.5]])
    p = {"U": U, "W": np.array([[0.0], [0], [0], [5]]), "b_a": np.zeros(4)}
    s, c = tutorial_gated.lstm(p, np.ones(1), np.array([0.3]), np.array([LN2]))
    assert c == pytest.approx([0.75 * LN2 + 0.75 * 0.6])
    assert s == pytest.approx(np.tanh(c) / 2)
