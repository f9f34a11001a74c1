"""A long line in parts: their tokens, one after another, are those of the line."""

import dataclasses
import itertools
import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.text import words as module
from rnn_cli.text.parting import begins_afresh, cuttable
from rnn_cli.text.tokenizers import TOKENIZERS, Tokenizer, make_tokenizer
from rnn_cli.text.words import JIEBA, LONGEST_RUN, RUNS, UNICODE, Runs

NAMES = list(TOKENIZERS)
RULES = [JIEBA, UNICODE]
FORMS = ["none", "nfc", "nfkc"]
STRINGS = [
    "我们在学习",
    "林黛玉",
    "hello",
    "C++",
    "3.14",
    "<unk>",
    "。",
    "，",
    "Ａ",
    "ｶﾞ",
    "ﬁ",
    "㎏",
    "½",
    "龘",
    "𠀀",
]
STRINGS += [
    "👩\u200d👩\u200d👧",
    "e\u0301",
    "\u0301",
    "\u0323",
    "עִבְרִית",
    "العربية",
    "한",
    "\u1112\u1161\u11ab",
    "が",
]
STRINGS += [
    "\n",
    "\n\n",
    " ",
    "  ",
    "   ",
    "\t",
    "\r",
    "\u3000",
    "\u2028",
    "\x85",
    "\x1c",
    "\0",
    "\u00a0",
    "\u00a8",
]
strings = st.one_of(st.sampled_from(STRINGS), st.characters())
texts = st.lists(strings, max_size=25).map("".join)
user_texts = st.lists(
    st.one_of(st.sampled_from([*STRINGS, *"[捂脸]田·女士eéガ ens", "田·", "[捂脸]"]), st.characters()),
    max_size=25,
).map(lambda parts: "".join(parts).replace("\n", ""))


USER_WORDS = [["[捂脸]", None], ["田·女士", None], ["e é", None], ["ガ", None], ["ens", None], ["é  ", None]]


def tokenizer_of(name: str, form: str = "none", rule: str = UNICODE, words: bool = False) -> Tokenizer:
    settings = {"normalize": form}
    if name == "jieba":
        settings |= {"words": rule} | ({"user_dict": USER_WORDS} if words else {})
    return make_tokenizer(name, settings)


def parts_of(tokenizer: Tokenizer, line: str, step: int) -> list[str]:
    """A line as one who meets it `step` characters at a time parts it."""
    parts, held = [], ""
    for start in range(0, len(line), step):
        held += line[start : start + step]
        place = cuttable(tokenizer, held)
        parts.append(held[:place])
        held = held[place:]
    return [part for part in [*parts, held] if part]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(line=texts.map(lambda text: text.replace("\n", "")), step=st.integers(1, 30))
@example(line="a   b  c d" * 3, step=1)
@example(line="\u1112\u1161\u11ab" * 3, step=2)
@example(line="か\uff9e" * 3, step=1)
@example(line="a\u0323\u0301" * 3, step=2)
def test_the_parts_of_a_line_have_its_tokens(name, form, line, step):
    tokenizer = tokenizer_of(name, form)
    parts = parts_of(tokenizer, line, step)
    assert "".join(parts) == line
    assert [*itertools.chain.from_iterable(map(tokenizer.split, parts))] == tokenizer.split(line)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=60, deadline=None)
@given(line=user_texts, step=st.integers(1, 30), words=st.booleans())
def test_the_parts_of_a_line_have_its_tokens_by_each_rule_and_with_a_users_words(
    rule, form, line, step, words
):
    tokenizer = tokenizer_of("jieba", form, rule, words)
    parts = parts_of(tokenizer, line, step)
    assert "".join(parts) == line
    assert [*itertools.chain.from_iterable(map(tokenizer.split, parts))] == tokenizer.split(line)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=60, deadline=None)
@given(line=user_texts, step=st.integers(1, 30), longest=st.integers(1, 6), words=st.booleans())
@example(line="aéa我我a" * 5, step=3, longest=2, words=False)
@example(line="カ\u0301a\u0301é" * 5, step=1, longest=3, words=False)
def test_the_parts_of_a_line_have_its_tokens_where_runs_are_cut_early(rule, form, line, step, longest, words):
    """As in runs of a thousand characters, but met by chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LONGEST_RUN", longest)
        patch.setattr(module, "BY_RUNS", module.BY_RUNS.replace("1000", str(longest)))
        patch.setattr(module, "RUNS", {k: dataclasses.replace(v, longest=longest) for k, v in RUNS.items()})
        tokenizer = tokenizer_of("jieba", form, rule, words)
        parts = parts_of(tokenizer, line, step)
        assert "".join(parts) == line
        assert [*itertools.chain.from_iterable(map(tokenizer.split, parts))] == tokenizer.split(line)


@pytest.mark.parametrize(
    ("form", "rule", "words"),
    [(form, rule, (i + k) % 2 == 1) for i, form in enumerate(FORMS) for k, rule in enumerate(RULES)],
)
def test_a_line_of_600_000_characters_is_parted_and_cut_as_a_whole(form, rule, words):
    sentence = "我来到北京清华大学， to be  or not\u3000e\u0301, Ａ㎏。彁彁彁 [捂脸] カタガナ"
    line = (sentence * 20_000)[:600_000]
    tokenizer = tokenizer_of("jieba", form, rule, words)
    parts = parts_of(tokenizer, line, 1 << 18)
    assert len(parts) >= 3
    assert max(map(len, parts)) < (1 << 18) + 100
    assert [*itertools.chain.from_iterable(map(tokenizer.split, parts))] == tokenizer.split(line)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("before", ["", "，", "ab ", "\u3000"])
def test_a_run_of_words_without_end_is_parted_where_it_is_cut(form, rule, before):
    line = before + ("研究生命的起源" * LONGEST_RUN)[: 5 * LONGEST_RUN + 7]
    tokenizer = tokenizer_of("jieba", form, rule)
    parts = parts_of(tokenizer, line, 1500)
    assert len(parts) >= 4
    assert [*itertools.chain.from_iterable(map(tokenizer.split, parts))] == tokenizer.split(line)


def test_a_run_that_normalization_makes_longer_is_not_parted_by_its_length_as_given():
    line = "Ａ" + ("研究生命的起源" * LONGEST_RUN)[: 2 * LONGEST_RUN]
    tokenizer = tokenizer_of("jieba", "nfkc")
    parts = parts_of(tokenizer, line, 500)
    assert [*itertools.chain.from_iterable(map(tokenizer.split, parts))] == tokenizer.split(line)


@pytest.mark.parametrize("unit", ["é", "ไทย", "aé", "ガ", "🇫", "한국", "a"])
def test_a_word_without_end_is_parted_where_it_is_cut(unit):
    line = "我们，" + unit * (3 * LONGEST_RUN)
    tokenizer = tokenizer_of("jieba")
    parts = parts_of(tokenizer, line, 1500)
    assert len(parts) >= 3
    assert [*itertools.chain.from_iterable(map(tokenizer.split, parts))] == tokenizer.split(line)


def test_a_line_is_never_parted_where_its_tokenizer_does_not_say_where():
    assert cuttable(dataclasses.replace(TOKENIZERS["char"], may_part=None), "a b") == 0
    assert cuttable(TOKENIZERS["char"], "a b") == 3


def test_no_character_that_begins_afresh_is_joined_to_those_before_it():
    """Those that are joined are marks, and seconds of canonical decompositions."""
    seconds = set()
    for character in map(chr, range(sys.maxunicode + 1)):
        decomposition = unicodedata.decomposition(character).split()
        if decomposition and not decomposition[0].startswith("<"):
            seconds.update(chr(int(code, 16)) for code in decomposition[1:])
    for character in map(chr, range(sys.maxunicode + 1)):
        if begins_afresh(character):
            first = unicodedata.normalize("NFKD", character)[0]
            assert unicodedata.combining(first) == 0
            assert first not in seconds
    assert all(map(begins_afresh, "a 我かカ.。\u3000\n"))


def test_the_runs_of_any_tokenizer_are_parted_where_its_row_says():
    digits = dataclasses.replace(TOKENIZERS["char"], may_part=None, runs=Runs("[0-9]+", longest=4))
    assert cuttable(digits, "a" + "1" * 4) == 0
    assert cuttable(digits, "a" + "1" * 5) == 5
    assert cuttable(digits, "a" + "1" * 9) == 9
    assert cuttable(digits, "1" * 9 + "a") == 0
