"""The draw of a page, in Python."""

import numpy as np
import pytest

from rnn_cli.pages.drawing import choose, uniform, write
from rnn_cli.text.vocabulary import END, START, UNK


def test_the_numbers_of_a_seed_are_splitmix():
    """With its state counted up, as its paper has it."""
    state = 7
    for k in range(5):
        state = (state + 0x9E3779B9) % 2**32
        z = state
        z = (z ^ (z >> 16)) * 0x85EBCA6B % 2**32
        z = (z ^ (z >> 13)) * 0xC2B2AE35 % 2**32
        assert uniform(7, k) == (z ^ (z >> 16)) / 2**32


def test_the_numbers_are_spread_evenly_and_do_not_depend_on_each_other():
    numbers = np.array([[uniform(seed, k) for k in range(200)] for seed in range(200)])
    counts, _ = np.histogram(numbers, 20, (0, 1))
    assert ((counts - 2000) ** 2 / 2000).sum() < 45  # chi square of 19 degrees of freedom
    for shifted in (numbers[:, 1:] * numbers[:, :-1], numbers[1:] * numbers[:-1]):
        assert shifted.mean() == pytest.approx(0.25, abs=0.005)


def test_an_id_is_drawn_as_often_as_it_is_likely():
    logits = np.log(np.array([0.3, 0.1, 0.3, 0.2, 0.1], np.float32))
    drawn = [choose(logits, uniform(1, k)) for k in range(4000)]
    shares = np.bincount(drawn, minlength=5) / 4000
    assert shares == pytest.approx([0, 0.25, 0, 0.5, 0.25], abs=0.03)


LOGITS = np.log(np.array([0.1, 0.05, 0.1, 0.4, 0.2, 0.15], np.float32))


@pytest.mark.parametrize(
    ("how", "possible"),
    [
        ({}, {1, 3, 4, 5}),
        ({"top_k": 2}, {3, 4}),
        ({"top_p": 0.5}, {3}),
        ({"top_p": 0.51}, {3, 4}),
        ({"top_k": 3, "top_p": 0.6}, {3, 4}),
        ({"top_k": 99, "top_p": 1.0}, {1, 3, 4, 5}),
        ({"temperature": 0}, {3}),
        ({"temperature": 1e-9}, {3}),
    ],
)
def test_only_what_is_left_is_drawn(how, possible):
    """Of 0.8 that remain without START and UNK, 0.4 are exactly a half."""
    assert {choose(LOGITS, u, **how) for u in np.linspace(0, 1, 400, endpoint=False)} == possible


def test_a_text_ends_with_end_and_depends_on_its_seed(random_model):
    model = random_model("tanh")
    texts = [tuple(write(model, "ab", seed, temperature=0.5)) for seed in range(4)]
    assert len(set(texts)) > 1
    assert texts[0] == tuple(write(model, "ab", 0, temperature=0.5))
    for text in texts:
        assert text.index(END) == len(text) - 1
        assert not {START, UNK} & {*text}
