"""jieba's words are jieba's, whatever the temporary folder holds, and long lines take no long time."""

import itertools
import marshal
import os
import subprocess
import sys
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.text.words import HELD, LONGEST_RUN, SHORT, Jieba, between_words, split_words

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba

split_jieba = split_words([])

STRINGS = ["我们在学习循环神经网络", "研究生命的起源", "林黛玉", "他来到了网易杭研大厦", "龘", "𠀀"]
STRINGS += ["hello", "C++", "3.14", "100%", "naïve", "カタカナ", "한국어", "😀", "e\u0301", "。"]
STRINGS += [" ", "  ", "   ", "\t", "\r", "\u3000", "\u2028", "\x85", "\0"]

strings = st.one_of(st.sampled_from(STRINGS), st.characters(exclude_categories=["Cs"]))
texts = st.lists(strings, max_size=25).map("".join)


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


# The words


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
    command = [sys.executable, *options, "-c", f"from rnn_cli.text.words import split_words\n{code}"]
    return subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=True)


def test_jieba_prints_nothing_and_leaves_nothing_in_the_temporary_folder(tmp_path):
    as_if_never_compiled = ["-B", "-X", f"pycache_prefix={tmp_path}"]  # which is when its warnings show
    code = "split_words([])('我来到北京')"
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

    done = run_in(tmp_path, f"print(*split_words([])({sentence!r}))")
    assert done.stdout.split() == ["我", "来到", "北京", "清华大学"]


def test_memory_does_not_grow_with_the_strings_that_were_split():
    held = Jieba([])
    for number in range(3 * HELD):
        held.split(f"{number}")
    held.split("长" * 100)
    assert len(held) <= HELD
    assert max(map(len, held)) <= SHORT


# Where a line may be parted


@pytest.mark.parametrize(
    ("left", "right", "may"),
    [
        *(("我们", "学习", False), ("我们", "", False), ("to", "be", False), ("to", ".", False)),
        *(("我们", "，", True), ("，", "我们", True), ("，", "", True), ("to", " be", True)),
        *((" ", "be", False), (" ", " be", False), (" ", "  be", True), (" ", "", False)),
    ],
)
def test_a_line_may_be_parted_outside_of_runs_and_not_after_a_space_that_goes_with_a_word(left, right, may):
    assert between_words(left, right) is may
