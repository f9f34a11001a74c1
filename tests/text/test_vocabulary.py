"""Tokens to ids and back, and the file that a person may read and edit."""

import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.errors import RnnError
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK, Vocabulary, build, dumps, loads

HEAD = '{"format": "rnn vocabulary", "version": 1, "tokenizer": "char"}'
AWKWARD = ["\t", '"', "\\", "\0", " ", "\n", "\r\n", "<s>", "中", "😀"]
AWKWARD += ["\x85", "\u00a0", "\u2028", "\u202e", "\ufeff", "\U000e0001"]

tokens = st.one_of(st.sampled_from(AWKWARD), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
counts = st.dictionaries(tokens, st.integers(1, 5), min_size=1, max_size=12)


def error_of(*lines: str) -> str:
    with pytest.raises(RnnError) as caught:
        loads(lines, "words.vocab")
    message = str(caught.value)
    assert "\n" not in message
    return message


# Ids


def test_the_first_three_ids_are_start_end_and_unknown():
    assert (START, END, UNK, SPECIAL) == (0, 1, 2, 3)
    assert build({"a": 1}).encode(["a"]) == [3]


def test_ids_go_by_falling_count_and_ties_by_code_point():
    vocabulary = build({"b": 2, "中": 5, "a": 2, "B": 2, "😀": 2, "\uff5e": 2, "z": 1})
    assert vocabulary.tokens == ("中", "B", "a", "b", "\uff5e", "😀", "z")
    assert vocabulary.counts == (5, 2, 2, 2, 2, 2, 1)
    assert vocabulary.encode(["中", "z"]) == [3, 9]


@settings(max_examples=50, deadline=None)
@given(counts, st.randoms(use_true_random=False))
def test_the_order_in_which_tokens_were_met_does_not_matter(counts, chance: random.Random):
    rows = list(counts.items())
    chance.shuffle(rows)
    assert build(dict(rows)) == build(counts)


def test_min_count_is_the_least_count_that_is_kept():
    assert build({"a": 3, "b": 2, "c": 1}, min_count=2).tokens == ("a", "b")


def test_max_size_keeps_the_most_frequent_and_counts_tokens_alone():
    vocabulary = build({"c": 1, "b": 2, "a": 2, "d": 9}, max_size=2)
    assert vocabulary.tokens == ("d", "a")
    assert vocabulary.size == 2 + 3


def test_min_count_and_max_size_hold_together():
    assert build({"a": 3, "b": 2, "c": 1}, min_count=2, max_size=9).tokens == ("a", "b")


@settings(max_examples=50, deadline=None)
@given(counts)
def test_tokens_come_back_from_their_ids(counts):
    vocabulary = build(counts)
    ids = vocabulary.encode(counts)
    assert sorted(ids) == list(range(SPECIAL, vocabulary.size))
    assert vocabulary.decode(ids) == list(counts)


def test_what_is_not_held_is_unknown():
    assert build({"a": 1}).encode(["b", None, "a", ""]) == [UNK, UNK, 3, UNK]


def test_text_that_spells_a_special_token_has_an_id_of_its_own():
    vocabulary = build({"<s>": 3, "</s>": 2, "<unk>": 1})
    assert vocabulary.encode(["<s>", "</s>", "<unk>"]) == [3, 4, 5]


@pytest.mark.parametrize("id", [START, END, UNK, 4, -1])
def test_ids_without_a_spelling_have_no_token(id):
    with pytest.raises(IndexError):
        build({"a": 1}).decode([id])


# The file


@settings(max_examples=150, deadline=None)
@given(counts, st.sampled_from(["jieba", "char", "space"]))
@example(dict.fromkeys(AWKWARD, 1), "char")
def test_a_vocabulary_comes_back_from_its_file(counts, tokenizer):
    vocabulary = build(counts)
    lines = dumps(vocabulary, TOKENIZERS[tokenizer]).splitlines()
    assert loads(lines, "words.vocab") == (vocabulary, TOKENIZERS[tokenizer])


def test_the_settings_of_the_tokenizer_come_back_from_the_file():
    given = {"normalize": "nfkc", "user_dict": [["云计́算", None], ["C++", 5]], "user_dict_sha256": "a" * 64}
    head, *rows = dumps(build({"云": 1}), make_tokenizer("jieba", given)).splitlines()
    assert json.loads(head)["settings"] == given
    _, tokenizer = loads([head, *rows], "words.vocab")
    assert tokenizer == make_tokenizer("jieba", given)
    assert tokenizer.split("学Ｃ++") == ["学", "C++"]


@pytest.mark.parametrize(
    "settings",
    ["null", "[1]", '{"normalize": "NFC"}', '{"normalize": [1]}', '{"user_dict": []}', '{"a\\n": 1}'],
)
def test_settings_that_are_none_are_refused(settings):
    message = error_of(HEAD.replace("}", f', "settings": {settings}}}'), '["a", 1]')
    assert message.startswith("words.vocab: line 1: settings that this rnn does not know (")


@settings(max_examples=150, deadline=None)
@given(counts)
@example(dict.fromkeys(AWKWARD, 1))
def test_the_file_has_one_printable_line_for_each_token(counts):
    text = dumps(build(counts), TOKENIZERS["char"])
    assert text.endswith("\n")
    lines = text[:-1].split("\n")
    assert len(lines) == 1 + len(counts)
    assert all(line.isprintable() for line in lines)


def test_the_file_is_json_lines_that_a_person_can_read():
    text = dumps(build({"我们": 3, " be": 2, "\t": 1, "\u2028": 1}), TOKENIZERS["jieba"])
    head, *rows = text.splitlines()
    assert json.loads(head) == {"format": "rnn vocabulary", "version": 1, "tokenizer": "jieba"}
    assert rows == ['["我们", 3]', '[" be", 2]', '["\\t", 1]', '["\\u2028", 1]']


def test_the_order_of_the_file_is_the_order_of_the_ids_whatever_the_counts():
    vocabulary, _ = loads([HEAD, '["b", 1]', '["a", 7]', '["c", 0]'], "words.vocab")
    assert vocabulary == Vocabulary(("b", "a", "c"), (1, 7, 0))
    assert vocabulary.encode("bac") == [3, 4, 5]


def test_a_line_may_be_removed():
    head, *rows = dumps(build({"a": 3, "b": 2, "c": 1}), TOKENIZERS["char"]).splitlines()
    assert loads([head, rows[0], rows[2]], "words.vocab")[0] == Vocabulary(("a", "c"), (3, 1))


def test_a_line_may_be_added():
    lines = dumps(build({"a": 3}), TOKENIZERS["char"]).splitlines()
    assert loads([*lines, ' [ "中\\u56fd",0 ] '], "words.vocab")[0] == Vocabulary(("a", "中国"), (3, 0))


def test_blank_lines_are_skipped_and_counted():
    assert loads(["", HEAD, " ", '["a", 1]', "", ""], "words.vocab")[0].tokens == ("a",)
    assert error_of("", HEAD, " ", "oops").startswith("words.vocab: line 4: ")


@pytest.mark.parametrize(
    "line", ["oops", '["a", 1', "['a', 1]", '["a", 1] ["b", 1]', pytest.param("[" * 100_000, id="too deep")]
)
def test_a_line_that_is_not_json_is_named(line):
    assert error_of(HEAD, '["z", 1]', line) == 'words.vocab: line 3: not JSON (a line reads ["token", count])'


@pytest.mark.parametrize(
    "line",
    [
        *('["a"]', '["a", 1, 2]', '["a", "1"]', '["a", 1.5]', '["a", true]', '["a", null]', '["a", -1]'),
        *('["a", NaN]', "[1, 1]", '[["a"], 1]', '["", 1]', '{"a": 1}', '"a"', "3", "null"),
    ],
)
def test_a_line_that_is_not_a_token_and_its_count_is_named(line):
    assert error_of(HEAD, '["z", 1]', line).startswith('words.vocab: line 3: a line reads ["token", count]')


def test_a_token_that_stands_twice_is_named_with_both_lines():
    message = error_of(HEAD, '["a\\t", 1]', '["b", 1]', '["a\\u0009", 2]')
    assert message == 'words.vocab: line 4: "a\\t" is on line 2 already'


@pytest.mark.parametrize(
    "head", ['["a", 1]', "{}", '{"format": "rnn model", "version": 1}', '{"format": ["x"]}', "7", "null"]
)
def test_another_kind_of_file_is_no_vocabulary(head):
    assert error_of(head, '["a", 1]').startswith("words.vocab: line 1: not a vocabulary file ")


def test_a_plain_text_is_refused_at_its_first_line():
    assert error_of("To be, or not to be", "that is").startswith("words.vocab: line 1: not JSON")


def test_an_empty_file_is_refused():
    assert error_of().startswith("words.vocab: line 1: not ")


@pytest.mark.parametrize("version", ["2", "0", '"1"', "null", "[1]"])
def test_another_version_is_named_with_the_one_that_is_read(version):
    message = error_of(HEAD.replace(": 1", f": {version}"), '["a", 1]')
    assert message.startswith("words.vocab: line 1: version ")
    assert message.endswith("(this rnn reads 1)")


@pytest.mark.parametrize("tokenizer", ['"words"', "null", "1", '["char"]', "{}"])
def test_an_unknown_tokenizer_is_named_with_those_there_are(tokenizer):
    message = error_of(HEAD.replace('"char"', tokenizer), '["a", 1]')
    assert message.startswith("words.vocab: line 1: no tokenizer ")
    assert all(name in message for name in ("jieba", "char", "space"))


@pytest.mark.parametrize("rest", [[], ["", " "]])
def test_a_file_without_tokens_is_refused(rest):
    assert error_of(HEAD, *rest).startswith("words.vocab: holds no tokens")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
rows = st.tuples(tokens, st.integers(0, 9)).map(json.dumps)
lines = st.one_of(
    rows,
    rows,
    rows,
    st.tuples(st.text(max_size=2), json_values).map(json.dumps),
    json_values.map(json.dumps),
    st.text(max_size=8),
    st.sampled_from(['["a", 1e400]', f'["a", {"9" * 5000}]', "[" * 5000, f'["{"a" * 5000}", 1]']),
    st.sampled_from(['["\\ud800", 1]', HEAD, "\0", "\ufeff"]),
)
heads = st.one_of(
    st.just(HEAD),
    st.just(HEAD),
    st.dictionaries(st.sampled_from(["format", "version", "tokenizer", "settings", "a"]), json_values).map(
        lambda changes: json.dumps(json.loads(HEAD) | changes)
    ),
    lines,
)


@settings(max_examples=300, deadline=None)
@given(heads, st.lists(lines, max_size=4))
def test_any_lines_are_a_vocabulary_or_refused_with_a_place(head, lines):
    try:
        vocabulary, tokenizer = loads([head, *lines], "words.vocab")
    except RnnError as error:
        message = str(error)
    else:
        assert len(set(vocabulary.tokens)) == len(vocabulary.counts) > 0
        assert loads(dumps(vocabulary, tokenizer).splitlines(), "words.vocab") == (vocabulary, tokenizer)
        return
    assert message.startswith("words.vocab: ")
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "2" * 100_000},
        {"version": [[["\n"]]]},
        {"tokenizer": "char" * 100_000},
        {"settings": {"x" * 100_000: 1}},
        {"settings": {"a\nb": 1}},
    ],
    ids=lambda changed: str(changed)[:30],
)
def test_a_message_is_one_line_of_a_bearable_length_whatever_it_quotes(changed):
    assert len(error_of(json.dumps(json.loads(HEAD) | changed), '["a", 1]')) < 400
    assert len(error_of(HEAD, *[json.dumps(["a" * 100_000, 1])] * 2)) < 400
