"""rnn bench: figures that agree with each other, and with what was asked."""

import json

import pytest


@pytest.fixture(autouse=True)
def a_small_product(monkeypatch):
    """The product whose speed is the machine's takes seconds at its real size."""
    monkeypatch.setattr("rnn_cli.training.measure.PEAK_SIZE", 512)


SMALL = ["--hidden", 16, "--batch", 16, "--bptt", 8, "--seconds", 0.2]


@pytest.mark.parametrize(("cell", "gates"), [("tanh", 1), ("relu", 1), ("gru", 3), ("lstm", 4)])
def test_the_figures_of_the_contract_agree_with_each_other(cell, gates, rnn):
    figures = json.loads(rnn("bench", *SMALL, "--cell", cell, "--vocab", 65, "--threads", 1, "--json").out)
    assert {"tokens_per_second", "gflops", "peak_gflops", "fraction_of_peak"} <= set(figures)
    # products a token: forward, to what went in and to the weights, for W (16 x 16 a gate) and V (65 x 16),
    # and one for U (16 x 65 a gate) by one-hot; a multiplication and an addition each
    flops = 2 * (3 * (gates * 16 * 16 + 65 * 16) + gates * 65 * 16)
    assert figures["gflops"] == pytest.approx(figures["tokens_per_second"] * flops / 1e9, abs=0.06)
    assert figures["fraction_of_peak"] == pytest.approx(figures["gflops"] / figures["peak_gflops"], abs=0.01)
    assert figures["execution"] == "one thread"


@pytest.mark.parametrize("threads", [1, 2])
def test_the_phases_of_the_profile_make_up_a_step(threads, rnn):
    said = rnn("bench", *SMALL, "--threads", threads, "--json", "--profile")
    figures = json.loads(said.out)
    phases = figures["milliseconds"]
    wanted = ["look-up", "forward loop", "output layer", "softmax", "backward loop", "weight gradients"]
    assert set(wanted) | {"optimizer", "rest"} <= set(phases)
    assert all(phases[phase] > 0 for phase in wanted)
    assert sum(phases.values()) == pytest.approx(1e3 * 16 * 8 / figures["tokens_per_second"], rel=0.01)


def test_for_people_it_is_a_line_and_a_table(rnn):
    large_enough = ["--hidden", 128, "--batch", 16, "--bptt", 64, "--seconds", 0.2]
    said = rnn("bench", *large_enough, "--threads", 2, "--profile")
    first, blank, head, *rows = said.out.splitlines()
    assert "tokens/s" in first
    assert "GFLOP/s" in first
    assert blank == ""
    assert head.split() == ["phase", "ms", "a", "step", "share"]
    assert sum(int(row.split()[-1].rstrip("%")) for row in rows) == pytest.approx(100, abs=5)
    assert "2 processes" in said.err


@pytest.mark.parametrize(
    ("options", "network"),
    [
        (["--cell", "lstm", "--layers", 2], "lstm, 2 layers of hidden 16, vocabulary 65"),
        (["--cell", "gru", "--embedding", 9], "gru, hidden 16, embedding 9, vocabulary 65"),
        (["--cell", "lstm", "--tie"], "lstm, hidden 16, tied embedding 16, vocabulary 65"),
        (["--output", "adaptive", "--vocab", 5000], "tanh, hidden 16, vocabulary 5,000, adaptive output"),
    ],
)
def test_what_is_measured_is_the_network_asked_for(options, network, rnn):
    said = rnn("bench", *SMALL, *options)
    assert "tokens/s" in said.out
    assert said.err.startswith(f"{network}, 16 rows of 8 steps: ")


def test_a_vocabulary_without_two_tokens_is_refused(rnn):
    assert rnn("bench", "--vocab", 4, status=2).err.count("\n") == 1


def test_a_step_that_is_over_at_once_is_left_to_one_process(rnn):
    assert json.loads(rnn("bench", *SMALL, "--threads", 2, "--json").out)["threads"] == 1
