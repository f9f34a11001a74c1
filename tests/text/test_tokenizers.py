"""Lines to tokens and back: nothing is lost, and jieba's words are jieba's, whatever /tmp holds."""

import functools
import itertools
import json
import marshal
import os
import random
import subprocess
import sys
import time
import unicodedata
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.text.tokenizers import HELD, LONGEST_RUN, SHORT, TOKENIZERS, make_tokenizer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba

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

pieces = st.one_of(*map(st.sampled_from, [CHINESE, WORDS, WHITE]), st.characters(exclude_categories=["Cs"]))
texts = st.lists(pieces, max_size=25).map("".join)
long_texts = st.builds(lambda text, times: text * times, texts, st.integers(1, 60))


@pytest.fixture(scope="module")
def cut_by_jieba(tmp_path_factory):
    """jieba itself, loading its dictionary its own way, with its cache in a folder of the test's."""
    jieba.setLogLevel("WARNING")
    segmenter = jieba.Tokenizer()
    segmenter.tmp_dir = str(tmp_path_factory.mktemp("jieba"))
    return segmenter.lcut


def glue_by_hand(words: list[str]) -> list[str]:
    """A run of spaces that is one space long goes with the word after it, if there is one."""
    glued, before = [], ""
    for is_space, group in itertools.groupby(words, key=" ".__eq__):
        run = list(group)
        if is_space and run == [" "]:
            before = " "
        elif is_space:
            glued += run
        else:
            glued += [before + run[0], *run[1:]]
            before = ""
    return [*glued, before] if before else glued


# Nothing is lost


@pytest.mark.parametrize("name", ["jieba", "char"])
@settings(max_examples=100, deadline=None)
@given(line=st.one_of(texts, long_texts))
def test_joined_tokens_are_the_line(name, line):
    tokenizer = TOKENIZERS[name]
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


# jieba


def test_chinese_is_cut_into_words():
    assert split_jieba("我来到北京清华大学") == ["我", "来到", "北京", "清华大学"]


def test_words_out_of_the_dictionary_are_found_too():
    assert "杭研" in split_jieba("他来到了网易杭研大厦")


@settings(max_examples=100, deadline=None)
@given(line=texts.map(lambda text: text.replace(" ", "")))
def test_without_spaces_the_tokens_are_jiebas(cut_by_jieba, line):
    assert split_jieba(line) == cut_by_jieba(line)


@settings(max_examples=100, deadline=None)
@given(line=texts)
def test_with_spaces_the_tokens_are_jiebas_and_lone_spaces_are_glued(cut_by_jieba, line):
    assert split_jieba(line) == glue_by_hand(cut_by_jieba(line))


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("to be or", ["to", " be", " or"]),
        (" to", [" to"]),
        ("to ", ["to", " "]),
        (" ", [" "]),
        ("to  be", ["to", " ", " ", "be"]),
        ("to   be", ["to", " ", " ", " ", "be"]),
        ("我们 学习", ["我们", " 学习"]),
        ("to, be", ["to", ",", " be"]),
        ("to\tbe", ["to", "\t", "be"]),
    ],
)
def test_a_space_alone_goes_with_the_token_that_follows_it(line, tokens):
    assert split_jieba(line) == tokens


def test_a_long_line_of_sentences_is_cut_as_jieba_cuts_it(cut_by_jieba):
    line = "我来到北京清华大学，他来到了网易杭研大厦。To be, or not to be: 3.14% of C++!\t" * 100
    assert len(line) > 2 * LONGEST_RUN
    assert split_jieba(line) == glue_by_hand(cut_by_jieba(line))


def test_a_run_no_longer_than_the_longest_is_cut_whole_in_a_long_line(cut_by_jieba):
    run = ("研究生命的起源" * LONGEST_RUN)[:LONGEST_RUN]
    line = f"{run}，{run}。"
    assert split_jieba(line) == cut_by_jieba(line)


def test_time_does_not_grow_with_the_square_of_a_run_of_unknown_characters():
    def seconds(length: int) -> float:
        start = time.process_time()
        split_jieba("彁" * length)
        return time.process_time() - start

    split_jieba("彁")
    assert seconds(64_000) < 20 * max(seconds(6_400) for _ in range(3))


def run_in(folder, code: str, *options: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "TMPDIR": str(folder), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, *options, "-c", f"from rnn_cli.text.tokenizers import TOKENIZERS\n{code}"]
    return subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=True)


def test_jieba_prints_nothing_and_leaves_nothing_in_the_temporary_folder(tmp_path):
    as_if_never_compiled = ["-B", "-X", f"pycache_prefix={tmp_path}"]  # which is when its warnings show
    code = "TOKENIZERS['jieba'].split('我来到北京')"
    done = run_in(tmp_path, code, "-W", "always", *as_if_never_compiled)
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_a_planted_cache_does_not_change_the_segmentation(tmp_path):
    sentence = "我来到北京清华大学"
    planted = {**dict.fromkeys(sentence, 0), sentence: 10**6}
    prefixes = {sentence[:end]: 0 for end in range(1, len(sentence))}
    (tmp_path / "jieba.cache").write_bytes(marshal.dumps(({**prefixes, **planted}, 10**6)))

    victim = jieba.Tokenizer()
    victim.tmp_dir = str(tmp_path)
    assert victim.lcut(sentence) == [sentence], "the cache as planted misleads jieba itself"

    done = run_in(tmp_path, f"print(*TOKENIZERS['jieba'].split({sentence!r}))")
    assert done.stdout.split() == ["我", "来到", "北京", "清华大学"]


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


def test_memory_does_not_grow_with_the_pieces_cut():
    held = TOKENIZERS["jieba"].split.__self__
    for number in range(3 * HELD):
        held.split(f"{number}")
    held.split("长" * 100)
    assert len(held) <= HELD
    assert max(map(len, held)) <= SHORT


@settings(max_examples=100, deadline=None)
@given(line=st.one_of(texts, st.text(st.characters(exclude_categories=["Cs"]))))
def test_words_of_any_line_joined_by_spaces_split_into_themselves(line):
    space = TOKENIZERS["space"]
    words = space.split(line)
    assert space.split(space.join("<unk>" if word is None else word for word in words)) == words


@pytest.mark.parametrize("name", ["jieba", "char"])
@pytest.mark.parametrize("plane", range(17))
def test_nothing_is_lost_in_any_plane_of_unicode(name, plane):
    tokenizer, chance = TOKENIZERS[name], random.Random(plane)
    points = [point for point in range(plane << 16, (plane + 1) << 16) if not 0xD800 <= point < 0xE000]
    for length in (3, 40, 3000):
        line = "".join(map(chr, chance.choices(points, k=length)))
        assert tokenizer.join(tokenizer.split(line)) == line
