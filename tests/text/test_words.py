"""jieba's words are jieba's, other scripts have words too, and long lines take no long time."""

import copy
import itertools
import marshal
import os
import pickle
import re
import subprocess
import sys
import threading
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.text import words as module
from rnn_cli.text.words import JIEBA, LONGEST_RUN, RUN, SHORT, UNICODE, Words

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba

split_jieba, split_words = Words((), JIEBA).split, Words((), UNICODE).split

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
    command = [sys.executable, *options, "-c", f"from rnn_cli.text.words import Words\n{code}"]
    return subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=True)


def test_jieba_prints_nothing_and_leaves_nothing_in_the_temporary_folder(tmp_path):
    as_if_never_compiled = ["-B", "-X", f"pycache_prefix={tmp_path}"]  # which is when its warnings show
    code = "Words().split('我来到北京')"
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

    done = run_in(tmp_path, f"print(*Words().split({sentence!r}))")
    assert done.stdout.split() == ["我", "来到", "北京", "清华大学"]


def test_memory_does_not_grow_with_the_strings_that_were_split(monkeypatch):
    assert module.HELD == 1 << 16
    monkeypatch.setattr(module, "HELD", 1000)
    held = Words()
    for number in range(3000):
        held.split(f"{number}")
    held.split("长" * 100)
    assert len(held) <= 1000
    assert max(map(len, held)) <= SHORT


@pytest.mark.parametrize("rule", [JIEBA, UNICODE])
@settings(max_examples=100, deadline=None)
@given(line=st.lists(st.sampled_from([*STRINGS[:10], "don't", "re-read", " "]), max_size=200).map("".join))
def test_han_and_ascii_are_cut_as_jieba_cuts_them_by_both_rules(cut_by_jieba, rule, line):
    line = re.sub(f"[^{RUN} ']", "，", line)
    assert Words((), rule).split(line) == glue_by_hand(cut_by_jieba(line))


def is_alone(line: str, begin: int, end: int) -> bool:
    """Whether no letter, mark or format character of another script touches a run of jieba's."""
    around = line[begin - 1 : begin] if begin else ""
    return not re.search("[^\\0-\x7f，。！？ 😀]", around + line[end : end + 1])


@settings(max_examples=200, deadline=None)
@given(line=texts.map(lambda text: text.replace(" ", "")))
def test_a_run_of_han_and_ascii_that_no_other_letter_touches_is_cut_as_jieba_cuts_it(cut_by_jieba, line):
    """Whatever else stands in the line."""
    tokens, ends = split_words(line), [0]
    for token in tokens:
        ends.append(ends[-1] + len(token))
    for run in re.finditer(f"[{RUN}]+", line):
        if is_alone(line, *run.span()):
            inside = [
                token for token, end in zip(tokens, ends[1:], strict=True) if run.start() < end <= run.end()
            ]
            assert inside == cut_by_jieba(run[0])


# The words of other scripts


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("Кошка видит реку", ["Кошка", " видит", " реку"]),
        ("Élève préféré", ["Élève", " préféré"]),
        ("café, Straße", ["café", ",", " Straße"]),
        ("naïvely", ["naïvely"]),
        ("cafe\u0301s", ["cafe\u0301s"]),
        ("καλημέρα κόσμε", ["καλημέρα", " κόσμε"]),
        ("한국어를 배운다", ["한국어를", " 배운다"]),
        ("हिन्दी में", ["हिन्दी", " में"]),
        ("اللُّغَة العربية", ["اللُّغَة", " العربية"]),
        ("עִבְרִית", ["עִבְרִית"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("Donau\u00addampfschiffspräsident", ["Donau\u00addampfschiffspräsident"]),
        ("これはカタカナとひらがなです。", ["これは", "カタカナ", "とひらがなです", "。"]),
        ("らーめんとコーヒー", ["らーめんと", "コーヒー"]),
        ("ｶﾞｷﾞとガ", ["ｶﾞｷﾞ", "と", "ガ"]),
        ("カ\u3099ラス", ["カ\u3099ラス"]),
        ("人々は", ["人", "々", "は"]),
        ("ภาษาไทยกับลาว", ["ภาษาไทยกับลาว"]),
        ("ไทยລາວខ្មែរမြန်မာ", ["ไทย", "ລາວ", "ខ្មែរ", "မြန်မာ"]),
        ("Tシャツとไทยok", ["T", "シャツ", "と", "ไทย", "ok"]),
        ("我爱Кошка和café", ["我", "爱", "Кошка", "和", "café"]),
        ("C++Кошка", ["C++", "Кошка"]),
        ("３月は２０２０年", ["３", "月", "は", "２０２０", "年"]),
        ("3.14µm и 5км", ["3.14", "µm", " и", " 5км"]),
        ("१२३ ٤٥", ["१२३", " ٤٥"]),
        ("x² ½ Ⅳ", ["x", "²", " ½", " Ⅳ"]),
        ("吃大黄䓬虫", ["吃", "大黄", "䓬", "虫"]),
        ("𠀀𠀁〇", ["𠀀", "𠀁", "〇"]),
    ],
)
def test_the_words_of_other_scripts_are_whole(line, tokens):
    assert split_words(line) == tokens


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("don't re-read", ["don", "'", "t", " re", "-", "read"]),
        ("l'été, l’eau", ["l", "'", "été", ",", " l", "’", "eau"]),
        ("c'est-à-dire", ["c", "'", "est", "-", "à", "-", "dire"]),
        ("из-за об'єкт", ["из", "-", "за", " об", "'", "єкт"]),
    ],
)
def test_apostrophes_and_hyphens_stand_alone_in_every_script(line, tokens):
    assert split_words(line) == tokens


@pytest.mark.parametrize("emoji", ["👩\u200d👩\u200d👧", "👍🏽", "🇫🇷", "❤\ufe0f"])
def test_the_parts_of_an_emoji_stay_together(emoji):
    assert split_words(f"我{emoji}{emoji}。") == ["我", emoji, emoji, "。"]


@pytest.mark.parametrize(
    "line", ["😀😀", "\u0301", "ーー", "我\u0301", "。\u0301", "\u200d\u200d", "\u200b", "→←", "🇫"]
)
def test_what_makes_no_word_stands_alone(line):
    assert split_words(line) == list(line)


def test_the_rule_of_before_gives_other_scripts_one_character_at_a_time():
    line = "Кошка café カナ"
    assert split_jieba(line) == ["К", *"ошка", " caf", "é", " カ", "ナ"]


@pytest.mark.parametrize("plane", [0, 1, 2, 14])
def test_every_character_of_unicode_is_some_token_beside_every_other(plane):
    """Each between two of every kind: nothing is lost, and no token is empty."""
    points = [point for point in range(plane << 16, (plane + 1) << 16) if not 0xD800 <= point < 0xE000]
    others = ["a", "é", "我", "カ", "ไ", "\u0301", "\u200d", "😀", "🇫", " ", ".", "3"]
    for start in range(0, len(points), 4096):
        line = "".join(chr(p) + others[(p * 7 + p // 12) % 12] for p in points[start : start + 4096])
        tokens = split_words(line)
        assert "".join(tokens) == line
        assert "" not in tokens


@pytest.mark.parametrize("unit", ["é", "ガ", "ไ", "\u0301", "🇫", "😀\u200d", "aé", "我é"])
def test_no_token_is_longer_than_the_longest_run(unit):
    line = unit * (3 * LONGEST_RUN)
    tokens = split_words(line)
    assert "".join(tokens) == line
    assert max(map(len, tokens)) <= LONGEST_RUN


def test_han_runs_beside_short_words_are_not_cut_for_their_length(cut_by_jieba):
    run = ("北京清华大学" * LONGEST_RUN)[:LONGEST_RUN]
    assert split_words(f"{run}é{run}カナ{run}") == [
        *cut_by_jieba(run), "é", *cut_by_jieba(run), "カナ", *cut_by_jieba(run)
    ]  # fmt: skip


# Sharing


@pytest.mark.parametrize("rule", [JIEBA, UNICODE])
def test_words_that_were_used_can_be_copied_and_pickled(rule):
    words = Words([("云计算", None), ("杭研", 0), ("[捂脸]", 5)], rule)
    line = "我[捂脸]学云计算，他来到了网易杭研大厦café"
    tokens = words.split(line)
    for other in (copy.deepcopy(words), pickle.loads(pickle.dumps(words))):
        assert len(other) == 0
        assert other.split(line) == tokens


@pytest.mark.parametrize("rule", [JIEBA, UNICODE])
def test_threads_cut_with_dictionaries_of_their_own(rule):
    line = "他来到了网易杭研大厦"
    with_never, without = Words([("杭研", 0)], rule), Words([("云计算", 5)], rule)
    assert "杭研" in without.split(line)
    assert "杭研" not in with_never.split(line)
    wrong = []

    def cut(words: Words) -> None:
        expected = words.split(line)
        for number in range(200):
            tokens = words.split(f"{number}，{line}")
            if tokens[2:] != expected:
                wrong.append(tokens)

    threads = [threading.Thread(target=cut, args=[words]) for words in (with_never, without) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


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
    assert all(Words((), rule).may_part(left, right) is may for rule in (JIEBA, UNICODE))


@pytest.mark.parametrize(
    ("left", "right", "may"),
    [
        *(
            ("caf", "é", False),
            ("é", "s", False),
            ("é", "", False),
            ("ไ", "ท", False),
            ("e", "\u0301", False),
        ),
        *(("😀", "\u200d", False), ("é", "，", True), ("。", "é", True), ("。", "", True), ("é", " x", True)),
    ],
)
def test_a_line_is_not_parted_inside_the_words_of_other_scripts(left, right, may):
    assert Words((), UNICODE).may_part(left, right) is may


def test_a_line_is_not_parted_where_a_users_word_could_stand():
    words = Words([("[捂脸]", None), ("田·女士", None)], UNICODE)
    assert not words.may_part("我[", "捂脸")
    assert not words.may_part("田·", "女士")
    assert not words.may_part("。", "")
    assert words.may_part("[捂脸]", "。")
    assert words.may_part("。", "[捂脸]")
