"""Lines to tokens and back: nothing is lost, and each row of the table holds what is its own."""

import copy
import dataclasses
import functools
import hashlib
import json
import pickle
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.errors import RnnError
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.parting import cuttable
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.tokenizers import DEFAULT_TOKENIZER, TOKENIZERS, load_tokenizer, make_tokenizer
from rnn_cli.text.vocabulary import build, dumps, loads
from rnn_cli.text.words import LONGEST_RUN

split_jieba, split_characters, split_spaces = (TOKENIZERS[name].split for name in ("jieba", "char", "space"))

CHINESE = ["我们在学习循环神经网络", "研究生命的起源", "林黛玉", "他来到了网易杭研大厦", "龘", "𠀀"]
WORDS = [
    "hello",
    "C++",
    "3.14",
    "100%",
    "naïve",
    "e-mail",
    "カタカナ",
    "한국어",
    "😀",
    "e\u0301",
    "<unk>",
    "。",
]
WHITE = [" ", "  ", "   ", "\t", "\r", "\u3000", "\u2028", "\x0b", "\x1c", "\x85", "\0"]

strings = st.one_of(*map(st.sampled_from, [CHINESE, WORDS, WHITE]), st.characters(exclude_categories=["Cs"]))
texts = st.lists(strings, max_size=25).map("".join)
long_texts = st.builds(lambda text, times: text * times, texts, st.integers(1, 60))


# Nothing is lost


@pytest.mark.parametrize("normalize", ["none", "nfkc"])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_many_lines_have_the_tokens_of_each(name, normalize, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.words.AHEAD_AFTER", 0)
    lines = ["我们在学习 ２０２３年", "", "é we  are", "研究生命的起源", " 龘\r我们"]
    alone, together = (load_tokenizer(name, normalize) for _ in range(2))
    assert [*together.split_all(lines)] == [*map(alone.split, lines)]


@pytest.mark.parametrize("load", [make_tokenizer, load_tokenizer])
@pytest.mark.parametrize("name", ["jieba", "char"])
@settings(max_examples=100, deadline=None)
@given(line=st.one_of(texts, long_texts, st.text(st.characters(exclude_categories=["Cs"]))))
def test_joined_tokens_are_the_line(name, load, line):
    tokenizer = load(name, {} if load is make_tokenizer else None)
    assert tokenizer.join(tokenizer.split(line)) == line


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=50, deadline=None)
@given(line=texts)
def test_no_token_is_empty(name, line):
    assert "" not in TOKENIZERS[name].split(line)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_an_empty_line_has_no_tokens(name):
    assert TOKENIZERS[name].split("") == []


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_tokenizer_is_found_by_its_own_name(name):
    assert TOKENIZERS[name].name == name


# char and space


def test_characters_are_code_points():
    assert split_characters("a é\u0301中😀") == ["a", " ", "é", "\u0301", "中", "😀"]


def test_spaces_separate_whatever_their_number_and_kind():
    assert split_spaces("  no ,\tit  was\u3000n't ") == ["no", ",", "it", "was", "n't"]


def test_a_literal_unk_is_the_unknown_word():
    assert split_spaces("the <unk> of <UNK> <unk>s") == ["the", None, "of", "<UNK>", "<unk>s"]


def test_only_the_space_tokenizer_takes_unk_for_the_unknown_word():
    for split in (split_jieba, split_characters):
        assert "".join(split("a <unk>")) == "a <unk>"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("abc中é", min_size=1)))
def test_words_joined_by_one_space_split_into_themselves(words):
    line = TOKENIZERS["space"].join(words)
    assert line == functools.reduce(lambda left, right: f"{left} {right}" if left else right, words, "")
    assert split_spaces(line) == words


# Settings


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=40, deadline=None)
@given(line=texts, form=st.sampled_from(["nfc", "nfkc"]))
def test_a_line_is_normalized_before_it_is_cut(name, line, form):
    tokenizer = make_tokenizer(name, {"normalize": form})
    normal = unicodedata.normalize(form.upper(), line)
    assert tokenizer.split(line) == TOKENIZERS[name].split(normal)
    assert tokenizer.normalize(line) == normal


def test_without_settings_a_tokenizer_is_the_row_of_the_table():
    assert make_tokenizer("char", {}) is TOKENIZERS["char"]
    assert make_tokenizer("char", {"normalize": "none"}) is TOKENIZERS["char"]
    assert TOKENIZERS["char"].split("e\u0301Ａ") == ["e", "\u0301", "Ａ"]


def test_tokenizers_are_equal_whose_settings_are():
    given = {"normalize": "nfc", "user_dict": [["云计算", None]], "user_dict_sha256": "0" * 64}
    made = make_tokenizer("jieba", given)
    assert made == make_tokenizer("jieba", json.loads(json.dumps(made.settings)))
    assert made != make_tokenizer("jieba", {**given, "normalize": "nfkc"}) != TOKENIZERS["jieba"]
    assert TOKENIZERS["jieba"] != TOKENIZERS["char"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *[("none such", {}), (None, {}), (["char"], {}), ("char", {"normalise": "nfc"}), ("char", {"": 1})],
        *[("char", {"normalize": "NFC"}), ("char", {"normalize": ["nfc"]}), ("char", {"normalize": None})],
        *[
            ("jieba", {"words": "none such"}),
            ("jieba", {"words": None}),
            ("jieba", {"words": ["unicode"]}),
            ("char", {"words": "unicode"}),
            ("char", {"user_dict": [["a", 1]]}),
            ("space", {"user_dict": [["a", 1]]}),
            ("jieba", {"user_dict": 1}),
        ],
        ("jieba", {"user_dict_sha256": 5}),
    ],
)
def test_what_are_no_settings_is_refused(name, given):
    with pytest.raises((KeyError, TypeError, ValueError)):
        make_tokenizer(name, given)


@settings(max_examples=100, deadline=None)
@given(line=st.one_of(texts, st.text(st.characters(exclude_categories=["Cs"]))))
def test_words_of_any_line_joined_by_spaces_split_into_themselves(line):
    space = TOKENIZERS["space"]
    words = space.split(line)
    assert space.split(space.join("<unk>" if word is None else word for word in words)) == words


@pytest.mark.parametrize("name", ["jieba", "char"])
@pytest.mark.parametrize("plane", range(17))
def test_nothing_is_lost_in_any_plane_of_unicode(name, plane):
    tokenizer, chance = load_tokenizer(name), random.Random(plane)
    points = [point for point in range(plane << 16, (plane + 1) << 16) if not 0xD800 <= point < 0xE000]
    for length in (3, 40, 3000):
        line = "".join(map(chr, chance.choices(points, k=length)))
        assert tokenizer.join(tokenizer.split(line)) == line


# Rows


def test_the_default_is_a_row():
    assert DEFAULT_TOKENIZER in TOKENIZERS


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_row_holds_numbers_that_can_be_used(name):
    row = TOKENIZERS[name]
    assert row.min_count >= 1
    assert row.ngram_order >= 1
    assert row.worth_a_process is None or row.worth_a_process > 0


@pytest.mark.parametrize(
    ("name", "min_count", "ngram_order", "worth_a_process"),
    [("jieba", 2, 3, 1 << 18), ("char", 1, 5, None), ("space", 2, 3, 1 << 21)],
)
def test_the_numbers_of_a_row_are_those_that_were_measured(name, min_count, ngram_order, worth_a_process):
    row = TOKENIZERS[name]
    assert (row.min_count, row.ngram_order) == (min_count, ngram_order)
    assert row.worth_a_process == worth_a_process


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=40, deadline=None)
@given(line=texts)
def test_a_row_of_code_points_has_the_tokens_of_a_list(name, line):
    assert not TOKENIZERS[name].code_points or TOKENIZERS[name].split(line) == list(line)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_only_runs_longer_than_a_row_says_are_cut_for_their_length(name):
    runs = TOKENIZERS[name].runs
    assert runs is None or runs.last_cut("我" * (LONGEST_RUN + 1)) == (0, LONGEST_RUN)


def test_a_tokenizer_with_settings_keeps_what_is_its_rows():
    made, row = make_tokenizer("jieba", {"normalize": "nfc"}), TOKENIZERS["jieba"]
    for name in {field.name for field in dataclasses.fields(row)} - {
        "split",
        "cut_ahead",
        "may_part",
        "settings",
    }:
        assert getattr(made, name) == getattr(row, name)


def test_equal_tokenizers_have_one_hash():
    one, two = (make_tokenizer("char", {"normalize": "nfc"}) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert one != "char"


# Loading


def test_a_tokenizer_is_loaded_with_a_normalization_and_the_words_of_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("云计算 5\nＣ++\n", "utf-8")
    tokenizer = load_tokenizer("jieba", "nfkc", str(path))
    assert tokenizer.settings == {
        "words": "unicode",
        "normalize": "nfkc",
        "user_dict": [["云计算", 5], ["Ｃ++", None]],
        "user_dict_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert tokenizer == make_tokenizer("jieba", tokenizer.settings)
    assert tokenizer.split("学云计算") == ["学", "云计算"]


@pytest.mark.parametrize("normalize", [None, "none"])
def test_without_either_the_row_itself_is_loaded(normalize):
    assert load_tokenizer("space", normalize) is TOKENIZERS["space"]


def test_a_bad_file_of_words_is_named_when_a_tokenizer_is_loaded(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("云计算 1.5\n", "utf-8")
    with pytest.raises(RnnError, match=r"words\.txt: line 1: "):
        load_tokenizer("jieba", None, str(path))


def test_words_for_a_tokenizer_that_has_no_use_for_them_are_refused(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("云计算\n", "utf-8")
    with pytest.raises(ValueError, match="has no use for a user_dict"):
        load_tokenizer("char", None, str(path))


def test_new_runs_cut_by_the_new_rule_and_files_without_it_are_read_as_before():
    new, old = load_tokenizer("jieba"), make_tokenizer("jieba", {})
    assert new.settings == {"words": "unicode"}
    assert old is TOKENIZERS["jieba"]
    assert new != old
    assert new.split("café") == ["café"]
    assert old.split("café") == ["caf", "é"]
    assert make_tokenizer("jieba", {"normalize": "nfc"}).split("cafe\u0301") == ["caf", "é"]


def test_all_of_a_tokenizer_follows_its_rule():
    new = load_tokenizer("jieba")
    assert not new.may_part("caf", "é")
    assert TOKENIZERS["jieba"].may_part("é", "s")
    assert new.runs.last_cut("é" * (LONGEST_RUN + 1)) == (0, LONGEST_RUN)


@pytest.mark.parametrize("given", [{}, {"normalize": "nfkc"}, {"user_dict": [["[捂脸]", 5], ["杭研", 0]]}])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_tokenizer_that_was_used_can_be_copied_and_pickled(name, given):
    if "user_dict" in given and name != "jieba":
        return
    for tokenizer in (make_tokenizer(name, given), make_tokenizer(name, TOKENIZERS[name].made_new | given)):
        line = "我[捂脸]，他来到了网易杭研 café Ａ\u0301"
        tokens, place = tokenizer.split(line), cuttable(tokenizer, line * 2000)
        for other in (pickle.loads(pickle.dumps(tokenizer)), copy.deepcopy(tokenizer), copy.copy(tokenizer)):
            assert other == tokenizer
            assert other.split(line) == tokens
            assert cuttable(other, line * 2000) == place


# A new row


@pytest.mark.parametrize("like", TOKENIZERS)
def test_a_row_under_another_name_is_a_tokenizer_like_any_other(like, monkeypatch):
    """All that is a tokenizer's own is in its row: nothing asks for its name."""
    monkeypatch.setitem(TOKENIZERS, "new", dataclasses.replace(TOKENIZERS[like], name="new"))
    new, old = (load_tokenizer(name, "nfkc") for name in ("new", like))
    assert new != old
    line = "我来到北京，Ａ㎏ to be " * 100
    assert new.split(line) == old.split(line)
    assert cuttable(new, line) == cuttable(old, line) > 0
    cuts = [[*cut_all(tokenizer, [f"{line}\n"], False, processes=1)] for tokenizer in (new, old)]
    assert str(cuts[0]) == str(cuts[1])
    vocabulary = build({"a": 1})
    assert loads(dumps(vocabulary, new).splitlines(), "words.vocab") == (vocabulary, new)
    lexicon = Lexicon(new, vocabulary, Spelling.count([]))
    assert Lexicon.from_json(json.loads(json.dumps(lexicon.to_json()))) == lexicon
