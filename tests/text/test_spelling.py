"""What a spelling costs, checked against numbers worked by hand and a model of plain loops."""

import itertools
import json
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.text.spelling import MARK, Spelling

ENGLISH = Path(__file__).parents[2] / "corpora" / "english.txt"
CODE_POINTS = 0x110000

characters = st.one_of(st.sampled_from("ab中\0😀"), st.characters(exclude_categories=["Cs"]))
texts = st.text(characters, min_size=1, max_size=6)
some_tokens = st.lists(texts, max_size=12)


# Probabilities


def test_a_small_case_worked_by_hand():
    spelling = Spelling.count(["ab", "a"])
    # Pairs, with . for the mark: .a twice, ab, b. and a. once each. Of the characters alone a and .
    # stand twice and b once, three different ones; the uniform share of each is below a millionth:
    #   p(a) = p(.) = (2 + 3 · 0) / (5 + 3) = 1/4        p(b) = (1 + 3 · 0) / (5 + 3) = 1/8
    # a was followed by two different ones, the mark and b by one each:
    #   p(.|a) = (1 + 2 · 1/4) / (2 + 2) = 3/8           p(b|a) = (1 + 2 · 1/8) / (2 + 2) = 5/16
    #   p(.|b) = (1 + 1 · 1/4) / (1 + 1) = 5/8           p(b|b) = (0 + 1 · 1/8) / (1 + 1) = 1/16
    #   p(a|.) = (2 + 1 · 1/4) / (2 + 1) = 3/4           p(.|.) = (0 + 1 · 1/4) / (2 + 1) = 1/12
    # No token is empty, so that p(a|.) becomes 3/4 / (1 - 1/12) = 9/11.
    assert math.exp(-spelling.nats("a")) == pytest.approx(9 / 11 * 3 / 8, rel=1e-5)
    assert math.exp(-spelling.nats("ab")) == pytest.approx(9 / 11 * 5 / 16 * 5 / 8, rel=1e-5)
    assert math.exp(-spelling.nats("abb")) == pytest.approx(9 / 11 * 5 / 16 * 1 / 16 * 5 / 8, rel=1e-5)


def test_without_counts_every_code_point_and_the_end_are_as_likely_as_each_other():
    spelling = Spelling.count([])
    for token in ("a", "中", "\0", "\U0010ffff"):  # one of all code points, then the end or one of them
        assert spelling.nats(token) == pytest.approx(math.log(CODE_POINTS) + math.log(CODE_POINTS + 1))


@settings(max_examples=100, deadline=None)
@given(some_tokens, characters)
@example([], "a")
@example(["a" * 50], "a")
def test_after_every_character_the_next_or_the_end_has_probability_one(tokens, stranger):
    spelling = Spelling.count(tokens)
    met = set("".join(tokens)) | {stranger}
    unmet = next(c for c in map(chr, range(100)) if c not in met)
    for previous in [MARK, *met]:
        p = math.fsum(spelling.probability(character, previous) for character in met)
        p += (CODE_POINTS - len(met)) * spelling.probability(unmet, previous)
        assert p + spelling.probability(MARK, previous) == pytest.approx(1, rel=1e-12)
        assert (spelling.probability(MARK, previous) == 0) == (previous == MARK)


def steps(token: str) -> list:
    """What stands before each character and what stands there, None for the mark."""
    return list(itertools.pairwise([None, *token, None]))


def plain(tokens: list[str], token: str) -> float:
    """-log p(token), from lists of what stood after what."""
    after = [step for t in tokens for step in steps(t)]

    def smooth(seen: list, character, lower: float) -> float:
        different = len(set(seen))
        return (seen.count(character) + different * lower) / (len(seen) + different) if seen else lower

    def p(previous, character) -> float:
        alone = smooth([b for _, b in after], character, 1 / (CODE_POINTS + 1))
        return smooth([b for a, b in after if a == previous], character, alone)

    return math.log(1 - p(None, None)) - sum(math.log(p(*step)) for step in steps(token))


@settings(max_examples=100, deadline=None)
@given(some_tokens, texts)
def test_a_spelling_costs_what_plain_loops_make_of_it(tokens, token):
    assert Spelling.count(tokens).nats(token) == pytest.approx(plain(tokens, token), rel=1e-9)


def test_no_character_is_taken_for_the_mark():
    spelling = Spelling.count(["\0", "a\0", "\0\0b"])
    assert spelling.pairs == {
        MARK: {"\0": 2, "a": 1},
        "\0": {MARK: 2, "\0": 1, "b": 1},
        "a": {"\0": 1},
        "b": {MARK: 1},
    }


def test_words_of_the_language_cost_less_than_the_same_letters_in_another_order():
    count = Counter(ENGLISH.read_text("utf-8").split())
    rare = [word for word in count if count[word] == 1]
    spelling = Spelling.count(rare[::2])
    held_out = rare[1::2]
    cost = sum(map(spelling.nats, held_out))
    assert cost < 0.8 * sum(spelling.nats("".join(sorted(word))) for word in held_out)
    assert cost < 0.4 * sum(map(Spelling.count([]).nats, held_out))


def test_an_empty_token_is_refused():
    with pytest.raises(ValueError, match="empty"):
        Spelling.count(["a", ""])
    with pytest.raises(ValueError, match="empty"):
        Spelling.count(["a"]).nats("")


# As JSON


@settings(max_examples=50, deadline=None)
@given(some_tokens, texts)
def test_it_comes_back_from_json_as_it_was(tokens, token):
    spelling = Spelling.count(tokens)
    as_bytes = json.dumps(spelling.to_json(), ensure_ascii=False).encode()
    again = Spelling.from_json(json.loads(as_bytes))
    assert again == spelling
    assert again.nats(token) == spelling.nats(token)


MALFORMED = [
    "null",
    "[]",
    '"a"',
    '{"ab": {"": 1}}',  # two characters
    '{"\\ud800": {"": 1}, "": {"\\ud800": 1}}',  # half of one
    '{"": {"ab": 1}, "ab": {"": 1}}',
    '{"": []}',
    '{"": null}',
    '{"": {"a": 1}, "a": ""}',
    *(f'{{"": {{"a": {n}}}, "a": {{"": {n}}}}}' for n in ("0", "-1", "1.0", "true", "null", '"1"', "NaN")),
    f'{{"": {{"a": {10**400}}}, "a": {{"": {10**400}}}}}',  # beyond every float
    '{"": {}}',  # nothing that ever followed
    '{"": {"a": 1}}',  # a token without an end
    '{"a": {"": 1}}',  # and one without a beginning
    '{"": {"a": 2}, "a": {"": 1}}',
    '{"": {"": 1}}',  # an empty token
]


@pytest.mark.parametrize("text", MALFORMED)
def test_what_no_tokens_can_have_as_counts_is_refused(text):
    with pytest.raises(ValueError, match=r"form|whole number|no tokens"):
        Spelling.from_json(json.loads(text))


def test_well_formed_json_is_not():
    assert Spelling.from_json({}) == Spelling.count([])
    assert Spelling.from_json({"": {"a": 2}, "a": {"": 2}}) == Spelling.count(["a", "a"])
