"""Many sequences at a time have the words that jieba's model gives each."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.text.hidden_markov import FIRST_HAN, LAST_HAN, HiddenMarkovModel

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jieba import finalseg

MODEL = HiddenMarkovModel(finalseg.start_P, finalseg.trans_P, finalseg.emit_P)
cut_by_jieba = getattr(finalseg, "__cut")
# Common characters, characters that only some states show, and characters that no state shows.
SHOWN_BY = [{*finalseg.emit_P[state]} for state in "BMES"]
SHOWN = set.union(*SHOWN_BY)
PARTLY = sorted(SHOWN - set.intersection(*SHOWN_BY))
NEVER = [chr(code) for code in range(FIRST_HAN, LAST_HAN + 1) if chr(code) not in SHOWN]
characters = st.one_of(
    st.sampled_from("的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以"),
    st.sampled_from([character for character in PARTLY if FIRST_HAN <= ord(character) <= LAST_HAN]),
    st.sampled_from(NEVER),
    st.characters(min_codepoint=FIRST_HAN, max_codepoint=LAST_HAN),
)
sequences = st.lists(st.lists(characters, min_size=1, max_size=12).map("".join), max_size=12)


def words_of(strings: list[str], between: str = "，") -> list[list[str]]:
    text = between.join(strings)
    lengths = np.array([len(string) for string in strings], np.intp)
    begins = np.cumsum(lengths + len(between)) - lengths - len(between)
    codes = np.array([ord(character) for character in text], np.uint32)
    places, is_end = MODEL.find_word_ends(codes, np.stack([begins, begins + lengths], axis=1))
    assert sorted(places) == [k for b, n in zip(begins, lengths, strict=True) for k in range(b, b + n)]
    ends = set(places[is_end].tolist())
    found = []
    for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True):
        cuts = [begin, *(k + 1 for k in range(begin, begin + length) if k in ends)]
        assert cuts[-1] == begin + length
        found.append([text[a:b] for a, b in itertools.pairwise(cuts)])
    return found


@settings(max_examples=300, deadline=None)
@given(strings=sequences)
def test_the_words_are_those_that_jieba_makes_of_each_sequence(strings):
    assert words_of(strings) == [[*cut_by_jieba(string)] for string in strings]


def test_sequences_of_very_unlike_lengths_do_not_disturb_each_other():
    strings = ["杭研", "林黛玉" * 100, "龘", "彁" * 300, "我来到", "杭研大厦" * 40, "一"]
    assert words_of(strings) == [[*cut_by_jieba(string)] for string in strings]


def test_no_sequence_has_no_words():
    assert words_of([]) == []


@pytest.mark.parametrize("character", [NEVER[0], NEVER[-1], chr(LAST_HAN), chr(FIRST_HAN)])
@pytest.mark.parametrize("length", range(1, 8))
def test_equal_values_are_told_apart_as_jieba_does_it(character, length):
    """No state shows the character, so that the logarithm of a probability of 0 swallows all others."""
    assert words_of([character * length]) == [[*cut_by_jieba(character * length)]]
