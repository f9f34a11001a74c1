"""Beam search beside the search of everything."""

import itertools
import math

import numpy as np
import pytest

from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.text.vocabulary import END, START

TOKENS = tuple("abc")


def log_p(one, ids):
    """The logarithm of the probability of ids after START, step by step."""
    total, x, state = 0.0, START, one.network.zero_state(1)
    for id in ids:
        z, state = one.network.step(one.p, np.array([x]), state)
        o = z[0].astype(float)
        total += o[id] - math.log(np.exp(o).sum())
        x = START if id == END else id
    return total


def spell(ids):
    return "".join("\n" if id == END else TOKENS[id - 3] for id in ids)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_as_wide_as_everything_finds_the_likeliest_lines(seed, untrained):
    one = untrained(TOKENS, seed=seed, END=1)
    lines = [[*row, END] for n in range(4) for row in itertools.product((3, 4, 5), repeat=n)]
    lines += [[*row] for row in itertools.product((3, 4, 5), repeat=4)]  # ended by the length
    best = sorted(lines, key=lambda ids: -log_p(one, ids))[:10]
    assert one.sample(num=10, beam=500, length=4) == [spell(ids).removesuffix("\n") for ids in best]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_likeliest_of_those_that_the_rules_allow(seed, untrained):
    one = untrained(TOKENS, carry_state=True, seed=seed, END=1)
    texts = [[*row] for row in itertools.product((3, 4, 5, END), repeat=4)]
    allowed = [ids for ids in texts if "ab" not in spell(ids)]
    best = max(allowed, key=lambda ids: log_p(one, ids))
    assert one.sample(beam=500, length=4, ban=["ab"])[0].split() == spell(best).split() or "\n" in spell(best)
    form = [[*row] for row in itertools.product((3, 4, 5), repeat=3)]
    likeliest = sorted(form, key=lambda ids: -log_p(one, ids))[:3]
    assert one.sample(num=3, beam=500, form="□□□") == [spell(ids) for ids in likeliest]


def test_it_ends_as_a_draw_does(untrained):
    one = untrained(TOKENS, carry_state=True, END=1)
    (two,) = one.draw([""], 1, Sampling(beam=20, lines=2))
    assert (two.text.count("\n"), two.ended) == (1, "lines")
    (stopped,) = one.draw([""], 1, Sampling(beam=20, stop="b"))
    assert (stopped.ended, "b" in stopped.text) == ("stop", False)
    (cut,) = one.draw([""], 1, Sampling(beam=5, length=3))
    assert cut.tokens <= 3


def test_a_beam_of_one_is_greedy(untrained):
    for seed in range(6):
        one = untrained(TOKENS, seed=seed, END=1, UNK=-60, START=-60)
        assert one.sample("a", beam=1, length=20) == one.sample("a", temperature=0, length=20)


def test_a_wider_beam_finds_no_less_likely_lines(untrained):
    one = untrained(TOKENS, seed=1, END=0)
    found = [one.score(one.sample(beam=beam, length=12)).nats[0] for beam in (1, 4, 60)]
    assert found[2] <= found[0] + 1e-4


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"temperature": 1.0}, {"top_k": 3}, {"repetition_penalty": 1.2}]
)
def test_what_a_search_has_no_use_for_is_refused(other):
    with pytest.raises(ValueError, match=f"^beam and {next(iter(other))} exclude each other"):
        Sampling(beam=3, **other)


def test_a_search_is_not_drawn_step_by_step(untrained):
    with pytest.raises(ValueError, match="beam searches whole texts"):
        untrained(TOKENS).generate(beam=3)
