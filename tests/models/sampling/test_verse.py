"""Forms: what is written fills them, and everything that fills them may be written."""

import itertools
import re

import numpy as np
import pytest

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.text.vocabulary import END

HAN = tuple("春江花月夜，。")
WORDS = ("春", "江花", "月夜春", "，", "。", "，春", "夜，")
SPACED = ("ab", "c", "abc", "。", "，")


def drawn(one, num=400, prompt="", **rules):
    return one.sample(prompt, num=num, temperature=5.0, seed=1, **rules)


@pytest.mark.parametrize("tokens", [HAN, WORDS], ids=["characters", "words"])
@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("5,5,5,5", r"\w{5}，\n\w{5}。\n\w{5}，\n\w{5}。"),
        ("7x3", r"\w{7}，\n\w{7}。\n\w{7}。"),
        ("2, 3x2", r"\w\w，\n\w{3}。\n\w{3}。"),
        ("□□，□□□。\n\n□。", r"\w\w，\w{3}。\n\n\w。"),
        ("春□，■■□。", r"春\w，..\w。"),
        ("□", r"\w"),
    ],
)
def test_every_sample_fills_the_form(tokens, carry_state, form, pattern, untrained):
    one = untrained(tokens, "char" if tokens is HAN else "jieba", carry_state, END=0)
    for rules in ({}, {"top_k": 1}, {"top_p": 0.5}, {"repetition_penalty": 1.5}):
        texts = drawn(one, 60, form=form, **rules)
        assert [text for text in texts if not re.fullmatch(pattern, text)] == []


def test_everything_that_fills_the_form_may_be_drawn(untrained):
    one = untrained(WORDS, "jieba", seed=3)
    lines = {
        "".join(row)
        for n in range(1, 6)
        for row in itertools.product(WORDS[:3], repeat=n)
        if len("".join(row)) == 4
    }
    expected = {f"{line}。" for line in lines}
    assert set(drawn(one, 5000, form="4")) == expected


def test_a_line_that_no_tokens_fill_is_refused_and_one_that_they_may_miss_is_not_missed(untrained):
    one = untrained(("春春", "江江江", "，", "。"), "jieba")
    assert {len(text.split("，")[0]) for text in drawn(one, form="5,5")} == {5}  # never 2 + 2
    with pytest.raises(UsageError, match="line 2 of --form"):
        one.sample(form="5,1")
    with pytest.raises(UsageError, match="line 1 of --form"):
        one.sample(form="1,5")


def test_without_marks_lines_end_plainly_and_spaces_count_but_not_at_the_edges(untrained):
    one = untrained(("a", "b", " ", "."))
    texts = drawn(one, form="4,3")
    assert all(re.fullmatch(r"\S..\S\n\S.\S", text) for text in texts)
    assert any(" " in text for text in texts)


@pytest.mark.parametrize("form", ["4,3", "■■■■\n□□□"])
def test_the_spaces_between_tokens_count_among_any_characters(form, untrained):
    texts = drawn(untrained(("ab", "c", "abcd"), "space"), form=form)
    assert {len(text.split("\n")[0]) for text in texts} == {4}
    assert any(" " in text for text in texts)
    assert not any("  " in text or " \n" in text or "\n " in text for text in texts)


def test_letters_are_counted_without_the_spaces_of_the_tokenizer(untrained):
    for text in drawn(untrained(SPACED, "space"), form="4,3"):
        first, second = text.split("\n")
        assert len(re.sub(r"[ ，。]", "", first)) == 4
        assert len(re.sub(r"[ ，。]", "", second)) == 3
        assert (first[-2:], second[-2:]) == (" ，", " 。")


def test_the_end_of_a_line_may_be_read_or_not_and_is_written_once(untrained):
    one = untrained(HAN, END=2)
    ids = np.array([*one.generate(num=200, form="2,2", temperature=5.0, seed=1)])
    assert {*(ids[3] == END)} == {True, False}  # END after two letters and a mark
    assert {text.count("\n") for text in drawn(one, form="2,2")} == {1}


@pytest.mark.parametrize("tokens", [HAN, WORDS], ids=["characters", "words"])
def test_each_line_begins_as_the_acrostic_says(tokens, untrained):
    one = untrained(tokens, "char" if tokens is HAN else "jieba")
    for text in drawn(one, 50, form="3x4", acrostic="春江月江"):
        assert re.fullmatch("春..，\n江..。\n月..，\n江..。", text)
    for text in drawn(one, 50, form="5x3", acrostic="春江花,月夜"):
        assert re.fullmatch("春江花..，\n月夜...。\n.{5}。", text)


@pytest.mark.parametrize("length", [1, 5, 12])
@pytest.mark.parametrize("carry_state", [True, False])
def test_an_acrostic_is_whole_however_short_the_length(length, carry_state, untrained):
    """Where the length is used up, lines end as soon as they can."""
    one = untrained(tuple("abcdefgh LOVE."), "char", carry_state, END=-20)  # a model that never ends a line
    texts = drawn(one, 20, acrostic="LOVE", length=length)
    assert {"".join(line[0] for line in text.split("\n")[:4]) for text in texts} == {"LOVE"}
    assert all(len(text.split("\n")[3]) == 1 for text in texts)
    assert max(map(len, texts)) <= length + 8
    (found,) = one.sample(acrostic="LOVE", length=length, beam=3)
    assert "".join(line[0] for line in found.split("\n")[:4]) == "LOVE"


@pytest.mark.parametrize("carry_state", [True, False])
def test_without_a_form_the_lines_of_an_acrostic_end_where_the_model_ends_them(carry_state, untrained):
    one = untrained(tuple("LOVEab "), carry_state=carry_state, END=1)
    texts = drawn(one, 50, acrostic="LOVE")
    assert all([line[0] for line in text.split("\n")] == list("LOVE") for text in texts)
    assert len({len(text) for text in texts}) > 5
    words = untrained(("Lo", "Ou", "ve", "ab"), "space", carry_state, END=1)
    assert all(re.fullmatch(r"Lo[^\n]*\nOu[^\n]*", text) for text in drawn(words, 50, acrostic=["L", "O"]))


def test_a_character_that_no_token_begins_with_is_written_all_the_same_and_told(untrained):
    one = untrained(HAN)
    assert all(text[0] == "潇" and text[4] == "湘" for text in drawn(one, 20, form="2,2", acrostic="潇湘"))
    assert one.unknown("春", form="2,2", acrostic="潇江") == ["潇"]
    assert one.unknown("春", form="□□；") == ["；"]
    assert all(re.fullmatch(r"\w\w；", text) for text in drawn(one, 20, form="□□；"))


def test_a_prompt_fills_the_beginning_of_the_form(untrained):
    one = untrained(HAN)
    for prompt in ("春", "春江，", "春江，\n", "春江，花", "春江，\n花"):
        for text in drawn(one, 20, prompt, form="2,2"):
            assert text.startswith(prompt)
            assert re.fullmatch(r"春\w，\n?\w\w。", text)
            assert ("\n" in text) or "，花" in prompt
    words = untrained(("the", " cat", " cats", " sat", "cat"), "jieba")
    assert set(drawn(words, form="7,3", prompt="the ca")) == {"the cat\nthe", "the cat\ncat"}


@pytest.mark.parametrize("prompt", ["春江花", "，", "春江。", "春\n", "春江，花月。春"])
def test_a_prompt_that_does_not_fit_is_refused(prompt, untrained):
    with pytest.raises(UsageError, match="the prompt does not fit the form or the acrostic: character"):
        untrained(HAN).sample(prompt, form="2,2")


def test_an_acrostic_that_does_not_fit_is_refused(untrained):
    one = untrained(HAN)
    with pytest.raises(UsageError, match="--acrostic has 3 lines and --form 2"):
        one.sample(form="2,2", acrostic="春江花")
    with pytest.raises(UsageError, match="line 2 of --acrostic, '江花月', does not fit"):
        one.sample(form="2,2", acrostic="春,江花月")


@pytest.mark.parametrize("tokenizer", ["char", "jieba"])
def test_a_form_is_filled_under_all_other_constraints(tokenizer, untrained):
    words = ("月夜", "春", "花", "花花", "江花", "，", "。")
    one = untrained(HAN if tokenizer == "char" else words, tokenizer)
    for text in drawn(one, 100, form="5,5", ban=["江", "春春"], acrostic="月,春"):
        assert re.fullmatch(r"月\w{4}，\n春\w{4}。", text)
        assert "江" not in text
        assert "春春" not in text
    with pytest.raises(RnnError, match="no token is possible"):
        one.sample(form="2,2", ban=["，"])


def test_a_dead_end_is_seen_from_afar(untrained):
    """春 is the last that may come, and may not come after 江."""
    one = untrained(("春", "江", "月", "。", "，"))
    texts = set(drawn(one, form="□□春。", ban=["江春", "春春", "月月"]))
    assert texts == {"春月春。", "江月春。"}


def test_the_length_of_a_form_is_its_own(untrained):
    (text,) = untrained(HAN).sample(form="100x8")
    assert len(text) == 101 * 8 + 7


def test_rhyming_lines_end_alike_and_differently(untrained, monkeypatch):
    rhymes = {"春": 1, "江": 1, "花": 2, "月": 2, "夜": 1}
    monkeypatch.setattr("rnn_cli.text.rhymes.rhymes_of", lambda characters: rhymes)
    one = untrained(HAN)
    for text in drawn(one, 200, form="3x4", rhyme=True):
        ends = [line[-2] for line in text.split("\n")][1::2]
        assert rhymes[ends[0]] == rhymes[ends[1]]
        assert ends[0] != ends[1]
    plain = untrained(HAN[:5])
    for text in drawn(plain, 100, form="□□\n□□\n□□\n□□", rhyme=True):
        _, first, _, second = text.split("\n")
        assert rhymes[first[-1]] == rhymes[second[-1]]
    for text in drawn(one, 100, "春江，花月。", form="2x4", rhyme=True):
        assert text[-2] == "花"  # the only other that rhymes with 月
    many = drawn(one, 20, form="2x10", rhyme=True)  # more lines than characters: they repeat
    assert all(len({rhymes[line[-2]] for line in text.split("\n")[1::2]}) == 1 for text in many)
    for text in drawn(one, 100, form="2x4", rhyme=True, ban=["花", "春"]):
        assert {text.split("\n")[k][-2] for k in (1, 3)} == {"江", "夜"}


def test_rhyme_is_not_there_without_its_library(untrained, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pypinyin", None)
    with pytest.raises(RnnError, match=r"--rhyme needs pypinyin: pip install"):
        untrained(HAN).sample(form="2x4", rhyme=True)


@pytest.mark.parametrize(
    "rules",
    [
        {"form": "5;5"},
        {"form": "0"},
        {"form": "5x0"},
        {"form": ""},
        {"form": "abc"},
        {"form": "9999x9"},
        {"acrostic": ""},
        {"acrostic": "a,,b"},
        {"acrostic": []},
        {"form": "5", "lines": 2},
        {"form": "5", "length": 20},
        {"acrostic": "ab", "sentences": 2},
        {"rhyme": True},
    ],
    ids=str,
)
def test_what_is_no_form_or_acrostic_is_refused(rules):
    with pytest.raises(ValueError, match=rf"^{next(iter(rules))} "):
        Sampling(**rules)


def test_a_word_of_the_form_is_written_as_the_word_that_it_is(untrained):
    """Not as its first letter, which is a token too, and others that are none."""
    one = untrained(("The", "T", " cat", " dog", "."), "jieba")
    assert set(drawn(one, 50, form="The cat□")) == {"The catT"}
    assert one.unknown("", form="The cat□") == []
    assert one.unknown("", form="Tha cat□") == ["h", "a"]
    assert one.unknown("", acrostic=["The", "T"]) == []


def test_one_line_alone_does_not_rhyme(untrained, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.rhymes.rhymes_of", lambda characters: dict.fromkeys("春江", 1))
    one = untrained(tuple("春江，。"), "char")
    with pytest.raises(UsageError, match="--rhyme: the form has one line that would rhyme"):
        one.sample(form="2,2", rhyme=True)
