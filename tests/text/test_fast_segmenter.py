"""Many strings at a time have jieba's tokens, whichever program finds the paths through the dictionary."""

import re
import subprocess
import sys
import warnings
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.text import fast_segmenter as module
from rnn_cli.text.fast_segmenter import (
    Dictionary,
    FastSegmenter,
    compiled_paths,
    make_segmenter,
    python_paths,
)
from rnn_cli.text.hidden_markov import HiddenMarkovModel
from rnn_cli.text.scripts import RUN
from rnn_cli.text.segmenter import Segmenter, load_jieba
from rnn_cli.text.store.cutting import cut
from rnn_cli.text.tokenizers import make_tokenizer
from rnn_cli.text.words import AHEAD_AFTER, JIEBA, LONGEST_RUN, UNICODE, Words

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jieba import finalseg

needs_rjieba = pytest.mark.skipif(find_spec("rjieba") is None, reason="rjieba is not installed (extra fast)")
ENGINES = [python_paths, pytest.param(compiled_paths, marks=needs_rjieba)]
TABLES = finalseg.start_P, finalseg.trans_P, finalseg.emit_P
USER_WORDS = [
    *[("云计算", None), ("杭研", 0), ("和服", 1), ("我们", 7), ("我们", 90_000), ("田·女士", None)],
    *[("aB", None), ("C++语言", 3), ("林黛", 0), ("林黛", 50), ("x y", 4), ("㐁", 9), ("3.14", None)],
]
PIECES = [
    "我们在学习循环神经网络",
    "研究生命的起源",
    "林黛玉",
    "他来到了网易杭研大厦",
    "产品和服务",
    "龘",
    "㐁",
]
PIECES += ["hello", "C++", "c++语言", "3.14", "100%", "aB", "AT&T", "T恤", "AA制", "QQ", "Q", "x", ".5", "__"]
PIECES += [
    "𠀀",
    "鿿",
    "é",
    "カタカナ",
    "😀",
    "e\u0301",
    "。",
    "，",
    "\t",
    "\r",
    "\u3000",
    "\u2028",
    "\x85",
    "\0",
]
pieces = st.one_of(
    st.sampled_from(PIECES),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5),
    st.characters(max_codepoint=127, exclude_characters=" \n"),
    st.characters(exclude_characters=" \n"),  # halves of a surrogate pair too
)


@pytest.fixture(scope="module")
def words_of_the_dictionary():
    return [word for word, frequency in load_jieba()[1].items() if frequency]


def tokens_of(segmenter, strings):
    return [string.split("\n") for string in segmenter.cut(strings)]


@pytest.fixture(scope="module")
def segmenters():
    """(the function that makes paths, user words or not) -> both segmenters, ours and jieba alone."""
    made = {}

    def segmenters_of(engine, words=()):
        key = engine, bool(words)
        if key not in made:
            alone = Segmenter(words)
            dictionary = Dictionary(alone._paths.FREQ, alone._paths.total)
            made[key] = (
                FastSegmenter(engine(dictionary), dictionary, HiddenMarkovModel(*TABLES), alone._never),
                alone,
            )
        return made[key]

    return segmenters_of


@pytest.mark.parametrize("words", [(), USER_WORDS], ids=["", "user words"])
@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=150, deadline=None)
@given(strings=st.lists(st.lists(pieces, min_size=1, max_size=12).map("".join), max_size=8))
def test_the_tokens_are_those_of_jieba(segmenters, engine, words, strings):
    fast, alone = segmenters(engine, words)
    strings = [string for string in strings if "\r\n" not in f"{string}\n"]
    assert tokens_of(fast, strings) == [*map(alone.cut, strings)]


@pytest.mark.parametrize("engine", ENGINES)
def test_of_paths_of_equal_value_the_one_with_the_longest_first_word_is_taken_as_by_jieba(engine):
    """These characters are in no word of jieba's; all words here have one frequency."""
    words = [(word, 7) for word in ("鿁鿂", "鿂鿃", "鿁", "鿂", "鿃", "鿁鿂鿃鿄", "鿃鿄", "鿄")]
    alone = Segmenter(words)
    dictionary = Dictionary(alone._paths.FREQ, alone._paths.total)
    fast = FastSegmenter(engine(dictionary), dictionary, HiddenMarkovModel(*TABLES), alone._never)
    strings = ["鿁鿂鿃", "鿂鿃鿄"]
    assert tokens_of(fast, strings) == [["鿁鿂", "鿃"], ["鿂鿃", "鿄"]]
    assert tokens_of(fast, strings) == [*map(alone.cut, strings)]


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_words_of_the_dictionary_in_any_order_are_cut_as_jieba_cuts_them(
    segmenters, words_of_the_dictionary, engine, data
):
    words = st.integers(0, len(words_of_the_dictionary) - 1).map(words_of_the_dictionary.__getitem__)
    strings = data.draw(st.lists(st.lists(words, min_size=1, max_size=12).map("".join), max_size=8))
    fast, alone = segmenters(engine)
    assert tokens_of(fast, strings) == [*map(alone.cut, strings)]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_characters_of_a_word_that_are_likelier_than_the_word_stay_alone(
    segmenters, words_of_the_dictionary, engine
):
    """Such a word is rare, and its characters are frequent; the hidden Markov model would make it again."""
    fast, alone = segmenters(engine)
    rare = [word for word in words_of_the_dictionary if alone._paths.FREQ[word] == 3 and len(word) < 4]
    strings = [f"{a}、{b}" for a, b in zip(rare[:6000:2], rare[1:6000:2], strict=True)]
    tokens = tokens_of(fast, strings)
    assert tokens == [*map(alone.cut, strings)]
    assert 3 * len(strings) + 100 < sum(map(len, tokens))  # some are in pieces


@pytest.mark.parametrize("engine", ENGINES)
def test_a_single_space_goes_with_the_token_that_follows_it(segmenters, engine):
    fast, _ = segmenters(engine)
    strings = [" 我们 to  be ", "  ", " ", "， ，", " a", "b"]
    expected = [[" 我们", " to", " ", " ", "be", " "], [" ", " "], [" "], ["，", " ，"], [" a"], ["b"]]
    assert tokens_of(fast, strings) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_of_the_longest_is_cut_as_jieba_cuts_it(segmenters, engine):
    strings = [unit * (LONGEST_RUN // len(unit)) for unit in ("研究生命的起源", "彁", "AT", "aB我", "我来到")]
    fast, alone = segmenters(engine)
    assert tokens_of(fast, strings) == [*map(alone.cut, strings)]


def with_other_frequencies(dictionary: Dictionary):
    """rjieba with a dictionary that is not jieba's."""
    return compiled_paths(Dictionary(dict.fromkeys(dictionary.frequencies, 5), 5 * len(dictionary[0])))


def test_rjieba_is_used_where_its_tokens_are_jiebas(monkeypatch):
    compiled = pytest.importorskip("rjieba") and compiled_paths
    used = []
    monkeypatch.setattr(module, "compiled_paths", lambda words: used.append(compiled(words)) or used[-1])
    segmenter = Segmenter()
    segmenter.cut_many(["我来到北京"])
    assert segmenter._cut_many.__self__._find_paths is used[0]


@needs_rjieba
def test_rjieba_is_left_aside_where_its_tokens_are_others(monkeypatch):
    monkeypatch.setattr(module, "compiled_paths", with_other_frequencies)
    alone = Segmenter()
    sentences = ["他来到了网易杭研大厦", "研究生命的起源", "我来到北京清华大学"]
    assert alone.cut_many(sentences) == ["\n".join(alone.cut(sentence)) for sentence in sentences]


@pytest.mark.parametrize(
    "rjieba", [None, SimpleNamespace(), SimpleNamespace(Jieba=SimpleNamespace(empty=lambda: 3))]
)
def test_without_rjieba_or_with_one_that_is_unknown_the_tokens_are_the_same(monkeypatch, rjieba):
    monkeypatch.setitem(sys.modules, "rjieba", rjieba)
    alone = Segmenter()
    sentences = ["他来到了网易杭研大厦", "AT&T研究生命的起源"]
    assert alone.cut_many(sentences) == ["\n".join(alone.cut(sentence)) for sentence in sentences]


def test_a_segmenter_is_made_for_each_dictionary():
    alone = Segmenter()
    dictionary = Dictionary({"我": 1, "我们": 5, "们": 0}, 6)
    made = make_segmenter(dictionary, TABLES, frozenset({"龘龘"}), lambda text: re.findall("我们|.", text))
    assert tokens_of(made, ["我们", "我们我们"]) == [["我们"], ["我们", "我们"]]
    assert alone.cut("我们我们") == ["我们", "我们"]


# Lines whose strings are cut ahead


@pytest.mark.parametrize("rule", [JIEBA, UNICODE])
@pytest.mark.parametrize("words", [[], [("[捂脸]", 5)], [*USER_WORDS, ("QQ", 0)]])
def test_lines_are_cut_the_same_whether_their_strings_were_cut_ahead_or_not(rule, words):
    ahead, alone = Words(words, rule), Words(words, rule)
    ahead._seen = AHEAD_AFTER

    @settings(max_examples=70, deadline=None)
    @given(lines=st.lists(st.lists(st.one_of(pieces, st.just(" "))).map("".join), max_size=6))
    @example(lines=["我们[捂脸]", "我们 [捂脸] QQ", "杭研 杭研QQ", "QQ我们\r我们", "中" + "我们" * 501])
    def check(lines: list[str]) -> None:
        ahead.cut_ahead("\n".join(lines))
        for line in lines:
            assert ahead.split(line) == alone.split(line)
            assert ahead.split(line) == alone.split(line)  # what is remembered has not changed

    check()


@pytest.mark.parametrize("normalize", ["none", "nfkc"])
@pytest.mark.parametrize("unit", ["line", "paragraph"])
def test_a_long_block_has_the_tokens_of_its_lines(normalize, unit, monkeypatch):
    long = 1 << 14
    monkeypatch.setattr("rnn_cli.text.words.AHEAD_AFTER", long)
    line, run = "".join(PIECES) + " 我们 to be ２０２３年", "彁" * (LONGEST_RUN + 7)
    lines = [f"{line[k % 50 :]}{run if k % 7 == 0 else '彁'}{k}" for k in range(120)]
    settings = {"normalize": normalize, "words": UNICODE, "unit": unit}
    tokenizers = [make_tokenizer("jieba", settings) for _ in range(2)]
    block = "\n".join(lines)
    assert len(block) > long
    types, ids, _, _ = cut(tokenizers[0], block, keep_blank=True)
    expected = [token for line in lines for token in (*tokenizers[1].split(line), None)][:-1]
    assert [None if id < 3 else types[id - 3] for id in ids] == expected


def test_what_is_held_of_a_text_is_let_go_with_the_next():
    words = Words((), UNICODE)
    words._seen = AHEAD_AFTER
    words.cut_ahead("我来到北京清华大学\n" * 3)
    assert [*words._ahead] == ["我来到北京清华大学"]
    words.cut_ahead("研究")
    assert [*words._ahead] == ["研究"]


def test_short_texts_and_texts_without_han_characters_need_no_tables():
    code = (
        "from rnn_cli.text.tokenizers import TOKENIZERS\n"
        "row = TOKENIZERS['jieba']\n"
        "row.cut_ahead('to be or not ' * 10_000); row.cut_ahead('我来到北京')\n"
        "import sys; print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"rjieba", "jieba", "rnn_cli.text.fast_segmenter", "numpy"} & {*run.stdout.split()}


def test_stand_ins_are_in_no_run():
    assert not any(re.match(f"[{RUN}]", chr(code)) for code in module.STAND_INS.values())
