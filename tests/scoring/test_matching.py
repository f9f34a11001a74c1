"""Longest match, by hand and on what it must give back."""

import random

import pytest

from rnn_cli.scoring.matching import LONGEST, learn_words, longest_match

TRAINING = [("我们看书", "BESS"), ("看书的人", "BESS"), ("图书馆", "BME")]


def test_words_are_learned_and_the_longest_is_taken():
    words = learn_words((list(tokens), list(tags)) for tokens, tags in TRAINING)
    assert words == {("我", "们"), ("看",), ("书",), ("看", "书"), ("的",), ("人",), ("图", "书", "馆")}
    assert "".join(longest_match("我们在图书馆看书", words)) == "BESBMEBE"


def test_nothing_is_a_sentence_too():
    assert longest_match("", learn_words([])) == []
    assert longest_match("ab", learn_words([])) == ["S", "S"]


def test_a_word_without_end_is_not_learned_nor_one_that_is_too_long():
    assert learn_words([("ab", "BM"), ("a" * (LONGEST + 1), "B" + "M" * (LONGEST - 1) + "E")]) == frozenset()


@pytest.mark.seeds(short=10, long=300)
def test_words_that_share_no_token_come_back_as_they_were(seed):
    rng = random.Random(seed)
    words = ["ab", "cde", "f", "ghij"]
    text = rng.choices(words, k=12)
    tags = "".join("S" if len(word) == 1 else "B" + "M" * (len(word) - 2) + "E" for word in text)
    learned = learn_words([("".join(text), tags)])
    assert "".join(longest_match("".join(text), learned)) == tags
