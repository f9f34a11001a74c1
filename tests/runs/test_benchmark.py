"""How fast training goes, on random text."""

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.runs import memory
from rnn_cli.runs.benchmark import USUAL, benchmark


@pytest.fixture(autouse=True)
def a_small_product(monkeypatch):
    """The product whose speed is the machine's takes seconds at its real size."""
    monkeypatch.setattr("rnn_cli.training.measure.PEAK_SIZE", 512)


SMALL = {"hidden": 8, "batch": 4, "bptt": 8}


def test_the_network_that_is_measured_is_the_one_asked_for():
    found = benchmark(50, SMALL | {"cell": "gru", "layers": 2}, threads=1, seconds=0.05)
    assert "gru" in found.network
    assert "hidden 8" in found.network
    assert (found.rows, found.steps, found.threads) == (4, 8, 1)


def test_figures_go_together():
    found = benchmark(50, SMALL, threads=1, seconds=0.1)
    speed = found.speed
    assert speed.tokens == speed.steps * 4 * 8
    assert found.rate == pytest.approx(speed.tokens / speed.seconds)
    assert 0 < found.fraction_of_peak < 1
    milliseconds = found.milliseconds
    assert milliseconds["rest"] >= 0
    assert sum(milliseconds.values()) == pytest.approx(1e3 * speed.seconds / speed.steps)


@pytest.mark.parametrize(
    "given", [{"output": "adaptive"}, {"tie": True}, {"optimizer": "sgd", "dropout": 0.2}]
)
def test_what_is_given_may_be_any_choice(given):
    assert benchmark(300, SMALL | given, threads=1, seconds=0.02).speed.steps >= 1


def test_a_network_beyond_the_machines_memory_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "total_memory", lambda: 1 << 20)
    with pytest.raises(RnnError, match="this machine has"):
        benchmark(1000, {}, threads=1, seconds=0.1)


def test_the_usual_choices_are_the_tutorials_network():
    assert (USUAL.cell, USUAL.layers, USUAL.embedding, USUAL.output) == ("tanh", 1, 0, "softmax")
