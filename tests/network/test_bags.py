import numpy as np
import pytest

from rnn_cli.network.bags import Bags, mean
from rnn_cli.network.fast.workspace import Workspace


def bags(*rows):
    starts = np.cumsum([0, *(len(row) for row in rows)])
    return Bags(np.array([k for row in rows for k in row], np.intp), starts)


def test_the_mean_of_each_bag_and_what_it_sends_back_by_hand():
    G = np.asfortranarray([[1.0, 2, 4, 8], [10, 20, 40, 80]])
    v, backward = mean(G, bags([0, 2], [], [1, 1, 1, 3]), Workspace(np.float64))
    assert v.tolist() == [[2.5, 25], [0, 0], [3.5, 35]]
    dG = backward(np.array([[2.0, 4], [100, 100], [8, 16]]))
    assert dG.dense(4).tolist() == [[1, 6, 1, 2], [2, 12, 2, 4]]


def test_bags_without_any_id():
    v, backward = mean(np.ones((2, 5), order="F"), bags([], []), Workspace(np.float64))
    assert v.tolist() == [[0, 0], [0, 0]]
    assert backward(np.ones((2, 2))).dense(5).tolist() == [[0] * 5] * 2


@pytest.mark.parametrize(("first", "end"), [(0, 3), (1, 3), (1, 2), (2, 2)])
def test_a_cut_has_the_bags_between(first, end):
    rows = [3, 4], [], [5]
    cut, whole = bags(*rows).cut(first, end), bags(*rows[first:end])
    assert cut.ids.tolist() == whole.ids.tolist()
    assert cut.starts.tolist() == whole.starts.tolist()


def test_float32_stays_float32():
    v, backward = mean(np.ones((2, 5), np.float32, order="F"), bags([1, 2]), Workspace(np.float32))
    assert v.dtype == backward(np.ones((1, 2), np.float32)).values.dtype == np.float32
