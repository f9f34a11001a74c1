"""rnn gradcheck: the table, and that a wrong derivative shows."""

import re

import numpy as np
import pytest

from rnn_cli.network.cells import CELLS, Cell, simple_recurrent
from rnn_cli.network.functions import TANH, orthogonal

ROW = re.compile(r"(\w+) +(\d+) +(\d) (\w+) +([\dx ]+?) +(\d+) +([\d.e+-]+|nan|inf)  (ok|FAIL)")


def rows(out):
    head, *lines = out.splitlines()
    assert head.split() == ["cell", "m", "shards", "array", "shape", "checked", "relative", "error"]
    matches = [ROW.fullmatch(line) for line in lines]
    assert all(matches), out
    return [match.groups() for match in matches]


@pytest.fixture
def wrong_tanh(monkeypatch):
    """A derivative of tanh that is off by a thousandth."""

    def derivative(s, out):
        return np.multiply(TANH.derivative(s, out), 1.001, out=out)

    broken = Cell(orthogonal, *simple_recurrent(TANH._replace(derivative=derivative)))
    monkeypatch.setitem(CELLS, "tanh", broken)


def test_every_array_of_every_cell_agrees_on_small_and_large_vocabularies(rnn):
    said = rnn("gradcheck", "--hidden", "2")
    table = rows(said.out)
    assert said.err.startswith("ok: every derivative agrees")
    assert {row[0] for row in table} == set(CELLS)
    sizes = sorted({int(row[1]) for row in table})
    assert len(sizes) == 2
    assert {row[2] for row in table} == {"1", "2"}
    assert len(table) == len(CELLS) * len(sizes) * 2 * 5
    for _, m, _, name, shape, checked, error, verdict in table:
        expected = {"U": (2, int(m)), "W": (2, 2), "b_a": (2,), "V": (int(m), 2), "b_y": (int(m),)}[name]
        assert tuple(map(int, shape.split(" x "))) == expected
        assert int(checked) == np.prod(expected)
        assert float(error) < 1e-5
        assert verdict == "ok"


def test_one_cell_is_checked_where_one_is_named(rnn):
    table = rows(rnn("gradcheck", "--cell", "relu", "--hidden", "1").out)
    assert {row[0] for row in table} == {"relu"}


def test_a_wrong_derivative_fails_with_status_1_and_shows_where(rnn, wrong_tanh):
    said = rnn("gradcheck", "--hidden", "1", "--cell", "tanh", status=1)
    verdicts = {row[3]: row[7] for row in rows(said.out)}
    assert verdicts == {"U": "FAIL", "W": "FAIL", "b_a": "FAIL", "V": "ok", "b_y": "ok"}


def test_a_derivative_that_is_not_a_number_fails(rnn, monkeypatch):
    def derivative(s, out):
        out.fill(np.nan)
        return out

    broken = Cell(orthogonal, *simple_recurrent(TANH._replace(derivative=derivative)))
    monkeypatch.setitem(CELLS, "tanh", broken)
    said = rnn("gradcheck", "--hidden", "1", "--cell", "tanh", status=1)
    assert "FAIL" in {row[7] for row in rows(said.out) if row[3] == "U"}


def test_a_trained_model_is_checked_at_its_own_parameters(rnn, models, read_npz):
    arrays = read_npz(models["char"]).arrays
    table = rows(rnn("gradcheck", "--model", models["char"]).out)
    assert [row[3] for row in table] == list(arrays)
    for cell, m, _, name, shape, checked, _, verdict in table:
        assert (cell, int(m), verdict) == ("tanh", len(arrays["b_y"]), "ok")
        assert tuple(map(int, shape.split(" x "))) == arrays[name].shape
        assert 0 < int(checked) <= arrays[name].size


def test_a_wrong_derivative_shows_on_a_trained_model_too(rnn, models, wrong_tanh):
    said = rnn("gradcheck", "--model", models["char"], status=1)
    assert {row[3]: row[7] for row in rows(said.out)}["W"] == "FAIL"


def test_a_cell_that_is_not_the_models_is_refused(fails, rnn, models):
    message = fails(2, "gradcheck", "--model", models["char"], "--cell", "relu")
    assert "--cell relu" in message
    assert "tanh" in message
    rnn("gradcheck", "--model", models["char"], "--cell", "tanh")


def test_a_model_that_is_missing_is_named(fails):
    assert fails(1, "gradcheck", "--model", "no.npz").startswith("no.npz: No such file")


def test_one_seed_gives_one_table(rnn, models):
    options = ["gradcheck", "--model", models["char"]]
    assert rnn(*options, "--seed", "3") == rnn(*options, "--seed", "3")
    assert rnn(*options, "--seed", "3") != rnn(*options, "--seed", "4")
