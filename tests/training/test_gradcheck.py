"""The check of every derivative: its cases, and that a wrong one shows."""

import math

import numpy as np
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.network.gradcheck import combinations
from rnn_cli.network.gradcheck_sequences import TASKS
from rnn_cli.network.network import Network
from rnn_cli.training import gradcheck as module
from rnn_cli.training.gradcheck import (
    AGREEMENT,
    VOCABULARIES,
    cases,
    check,
    check_sequences,
    model_case,
    sequence_cases,
)
from rnn_cli.training.parallel.ranks import NO_DROPOUT

FEW = {"cell": "tanh", "layers": 1, "embedding": 0, "output": "softmax"}


def rng(seed=0):
    return np.random.default_rng(seed)


def one_case(**chosen):
    return cases(2, FEW | chosen, rng())[0]


def spoil(monkeypatch, name, change):
    """Let the network compute a wrong gradient."""
    right = Network.loss_and_gradients

    def spoilt(*arguments):
        E, gradients, after = right(*arguments)
        gradients[name] = change(gradients[name])
        return E, gradients, after

    monkeypatch.setattr(Network, "loss_and_gradients", spoilt)


def test_every_network_is_a_case_and_one_of_each_cell_is_one_in_two_shards():
    all_of_them = cases(2, {}, rng())
    alone = [case.network for case in all_of_them if case.shards == 1]
    assert alone == [network for m in VOCABULARIES for network in combinations(m, 2)]
    assert [case.network.cell for case in all_of_them if case.shards == 2] == list(CELLS)
    assert {case.dropout.drop.rate for case in all_of_them} == {0.3}


@pytest.mark.parametrize(
    "chosen", [{"cell": "gru"}, {"layers": 3}, {"embedding": 3}, {"tie": True}, {"output": "adaptive"}]
)
def test_a_choice_narrows_the_cases(chosen):
    ((name, value),) = chosen.items()
    found = {getattr(case.network, name) for case in cases(2, chosen, rng())}
    assert found == {value}


def test_choices_that_leave_no_network_are_refused():
    with pytest.raises(ValueError, match="tied embedding"):
        cases(2, {"tie": True, "embedding": 3}, rng())


def test_every_derivative_agrees(monkeypatch):
    """Of a small vocabulary, and in two shards: the command's own tests have the large one."""
    monkeypatch.setattr(module, "ENTRIES", 2)
    for case in cases(2, {}, rng()):
        if case.network.m > min(VOCABULARIES) and case.shards == 1:
            continue
        report = check(case, rng(1))
        assert report.ok, report
        shapes = {row.name: row.shape for row in report.checks}
        assert shapes == case.network.shapes
        assert report.worst.error == max(row.error for row in report.checks)
        assert report.worst.checked == 2 * len(shapes)


def test_every_derivative_of_the_networks_of_sequences_agrees(monkeypatch):
    """Of two cells: the command's own tests have all."""
    monkeypatch.setattr(module, "ENTRIES_OF_SEQUENCES", 2)
    found = sequence_cases(2, CELLS, rng())
    assert {case.task for case in found} == {*TASKS}
    assert {(case.task, case.example.cell) for case in found} == {
        (task, cell) for task in TASKS for cell in CELLS
    }
    assert {case.task for case in found if case.shards == 2} == {*TASKS}
    for case in found:
        if case.example.cell in ("tanh", "gru"):
            continue
        report = check_sequences(case, rng(1))
        assert report.ok, report
        assert {row.name: row.shape for row in report.checks} == case.network.shapes


def test_a_wrong_derivative_of_a_network_of_sequences_shows(monkeypatch):
    case = sequence_cases(2, CELLS, rng())[0]
    right = type(case.network).loss_and_gradients

    def spoilt(*arguments):
        E, gradients, after = right(*arguments)
        gradients["V"] = gradients["V"] * 1.001
        return E, gradients, after

    monkeypatch.setattr(type(case.network), "loss_and_gradients", spoilt)
    report = check_sequences(case, rng())
    assert [row.name for row in report.checks if not row.ok] == ["V"]


@pytest.mark.parametrize("cell", ["tanh", "relu"])
def test_the_tutorial_is_a_second_opinion_on_every_array(cell):
    both = [case for case in cases(3, FEW | {"cell": cell}, rng()) if case.network.cell == cell]
    assert [case.shards for case in both] == [1, 1, 2]
    for case in both:
        report = check(case._replace(entries=1), rng(1))
        assert set(report.opinions) == set(case.network.shapes)
        assert 0 < report.worst_opinion < AGREEMENT / 100


def test_there_is_no_second_opinion_where_the_tutorial_has_no_equation():
    report = check(one_case(cell="lstm"), rng())
    assert report.opinions is report.worst_opinion is None


def test_a_wrong_derivative_shows_in_its_array(monkeypatch):
    spoil(monkeypatch, "W", lambda dW: dW * 1.001)
    report = check(one_case(), rng())
    assert not report.ok
    assert [row.name for row in report.checks if not row.ok] == ["W"]
    assert report.worst.name == "W"
    assert [name for name, error in report.opinions.items() if error > AGREEMENT] == ["W"]


def test_a_derivative_too_nearly_right_for_differences_shows_in_the_second_opinion(monkeypatch):
    spoil(monkeypatch, "W", lambda dW: dW * (1 + 1e-7))
    report = check(one_case(), rng())
    assert all(row.ok for row in report.checks)
    assert report.worst_opinion == pytest.approx(1e-7, rel=1e-3)
    assert not report.ok


def test_a_derivative_that_is_not_a_number_shows(monkeypatch):
    spoil(monkeypatch, "U", lambda dU: dU * np.nan)
    report = check(one_case(), rng())
    assert not report.ok
    assert report.worst.error == report.worst_opinion == math.inf


@pytest.mark.parametrize("shards", [1, 2])
def test_dropout_is_in_both_ways_or_the_check_fails(monkeypatch, shards):
    case = one_case()._replace(shards=shards)
    assert check(case, rng()).ok
    masks = module._masks
    monkeypatch.setattr(module, "_masks", lambda case, T: masks(case._replace(dropout=NO_DROPOUT), T))
    assert not check(case, rng()).ok


def test_a_model_is_checked_at_its_own_parameters_without_dropout():
    network = Network(7, 3)
    p = network.initialise(rng(), np.ones(7))
    case = model_case(network, p)
    assert case.dropout == NO_DROPOUT
    report = check(case, rng())
    assert report.ok
    checked = {row.name: row.checked for row in report.checks}
    assert checked == {name: min(50, size) for name, size in network.sizes.items()}


def test_one_seed_gives_one_report():
    one, same, other = (check(one_case(), rng(seed)) for seed in (3, 3, 4))
    assert one.checks == same.checks != other.checks
