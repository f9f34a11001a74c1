"""Parameters of a network with several tables. Those of a language model: test_architecture.py."""

import numpy as np
import pytest

from rnn_cli.network.columns import Columns
from rnn_cli.network.parameters import Parametrised, Table


class TwoTables(Parametrised):
    shapes = {"C": (2, 5), "G": (3, 4), "V": (4, 2), "W": (2, 2)}  # noqa: RUF012
    tables = {"C": Table(), "G": Table(by_columns=False), "V": Table("C", by_columns=False)}  # noqa: RUF012


def test_tables_lie_by_columns_unless_they_say_otherwise():
    network = TwoTables()
    p = network.lay_out({name: np.ones(shape) for name, shape in network.shapes.items()})
    by_columns = {name for name, array in p.items() if not array.flags.c_contiguous}
    assert by_columns == {"C", "G"}
    assert {array.dtype for array in p.values()} == {np.dtype(np.float32)}


def test_flat_arrays_are_seen_as_they_lie_in_memory():
    network = TwoTables()
    p = network.lay_out(
        {k: np.random.default_rng(0).normal(size=shape) for k, shape in network.shapes.items()}
    )
    assert network.sizes == {"C": 10, "G": 12, "V": 8, "W": 4}
    assert network.size == 34
    for name, array in network.views({k: array.ravel("K") for k, array in p.items()}).items():
        np.testing.assert_array_equal(array, p[name])


def test_gradients_by_columns_become_arrays_of_their_own_tables_width():
    network = TwoTables()
    assert [network.is_dense(name) for name in network.shapes] == [False, True, True, True]
    found = network.dense({"C": Columns(np.array([3]), np.array([[1.0, 2.0]])), "W": np.eye(2)})
    assert found["C"].tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 2, 0]]
    assert found["W"].tolist() == [[1, 0], [0, 1]]


def test_a_network_says_which_parameters_it_has():
    with pytest.raises(TypeError, match="abstract"):
        Parametrised()
