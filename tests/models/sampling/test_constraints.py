"""What may not be written, and what must be written first."""

import re

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.models.sampling.rules import Sampling

LETTERS = tuple("hea t.")


def drawn(one, prompt="", num=300, **rules):
    return one.sample(prompt, num, temperature=5.0, seed=2, **rules)


def test_a_banned_word_of_characters_is_a_word_of_its_own(untrained):
    one = untrained(LETTERS, END=-1)
    texts = drawn(one, ban=["he", "a ha"], length=60)
    assert not any(re.search(r"\bhe\b|\ba ha\b", text) for text in texts)
    assert any(re.search(r"\bhe\w", text) for text in texts)  # heat may be written,
    assert any(re.search(r"\whe\b", text) for text in texts)  # and the end of one
    assert sum(bool(re.search(r"\bhe\b", text)) for text in drawn(one, length=60)) > 10


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_banned_word_does_not_stand_at_the_end_of_a_text_either(length, untrained):
    one = untrained(LETTERS, END=1)
    for carry in (True, False):
        assert not any(re.search(r"\bhe\b", text) for text in drawn(one, ban="he", length=length, num=500)), (
            carry
        )


@pytest.mark.parametrize(
    ("tokenizer", "tokens"),
    [("char", tuple("春江花月")), ("jieba", ("春江", "江花", "花", "春", "月春"))],
)
def test_a_banned_word_of_han_characters_stands_nowhere_whatever_the_tokens(tokenizer, tokens, untrained):
    one = untrained(tokens, tokenizer, END=-2)
    assert any("江花" in text and "花春" in text for text in drawn(one, length=30))
    texts = drawn(one, length=30, ban=["江花", "花春", "月月"])
    assert not any(word in text for text in texts for word in ("江花", "花春", "月月"))
    assert len({*"".join(texts)} - {"\n"}) > 2


def test_a_token_that_ends_a_banned_word_ends_it(untrained):
    words = untrained(("the", "he", " he", " heat", " her", "."), "jieba", END=-3)
    texts = drawn(words, ban="he", length=20)
    assert not any(re.search(r"\bhe\b", text) for text in texts)
    assert any(" heat" in text for text in texts)
    spaced = untrained(("he", "heat", "of", "the"), "space", END=-3)
    texts = drawn(spaced, ban=["he", "of the"], length=20)
    assert not any({"he"} & {*text.split()} or "of the" in text for text in texts)
    assert any("the of" in text for text in texts)


def test_what_a_prompt_says_is_not_banned_but_counts(untrained):
    one = untrained(LETTERS, END=-9)
    assert all(text.startswith("he h") for text in drawn(one, "he h", ban="he", length=10))
    assert not any(re.match(r"he he\b", text) for text in drawn(one, "he h", ban="he", length=10))
    words = untrained(("春", "春风", "春江", "月"), "jieba", END=-9)
    texts = drawn(words, "春", ban=["春", "风月"], length=4)
    assert {text[:2] for text in texts} == {"春", "春风", "春江", "春月"}
    assert not any("春" in text[1:] or "风月" in text for text in texts)


def test_where_everything_is_banned_that_may_come_an_error_says_so(untrained):
    with pytest.raises(RnnError, match="no token is possible here: --ban"):
        untrained(("春", "江")).sample(ban=["春", "江"], form="□")


def test_a_banned_text_of_any_length_is_not_drawn_by_beam_search(untrained):
    one = untrained(LETTERS, END=1)
    assert not any(re.search(r"\bhe\b", text) for text in one.sample(num=20, beam=50, ban="he", length=6))


@pytest.mark.parametrize("ban", ["", " ", ["a", ""], "a\nb"])
def test_what_is_no_word_is_refused(ban):
    with pytest.raises(ValueError, match=r"^ban "):
        Sampling(ban=ban)


def test_what_remains_is_as_likely_as_it_was(untrained):
    """To ban a token leaves the odds of the others."""
    one = untrained(tuple("abcd"), END=-60)
    first = one.sample(num=40_000, length=1, temperature=1.0, seed=5)
    without = one.sample(num=40_000, length=1, temperature=1.0, seed=6, ban="a")
    share = {c: first.count(c) / (len(first) - first.count("a")) for c in "bcd"}
    assert {c: without.count(c) / len(without) for c in "bcd"} == pytest.approx(share, abs=0.02)
    assert "a" not in without
