"""A user's words: those of Han characters do what jieba's own load_userdict does, all others are found."""

import hashlib
import io
import os
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.errors import RnnError
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.user_words import LONGEST_WORD, TAG, check_words, read_user_dict

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba
    from jieba import finalseg

SENTENCE = "我来到北京清华大学，他来到了网易杭研大厦。云计算和循环神经网络，林黛玉进贾府，C++是一门语言"
CHARACTERS = sorted(set(SENTENCE))


@pytest.fixture(scope="module")
def dictionary():
    jieba.setLogLevel("WARNING")
    return jieba.Tokenizer.gen_pfdict(jieba.Tokenizer().get_dict_file())


@pytest.fixture
def cut_by_jieba(dictionary):
    """jieba itself with a user dictionary: (the file's text, a line) -> the line's words. What it keeps for
    the whole process is put back."""
    before = set(finalseg.Force_Split_Words)

    def cut(text: str, line: str) -> list[str]:
        segmenter = jieba.Tokenizer()
        segmenter.FREQ, segmenter.total, segmenter.initialized = dict(dictionary[0]), dictionary[1], True
        finalseg.Force_Split_Words.clear()
        try:
            segmenter.load_userdict(io.BytesIO(text.encode()))
            return segmenter.lcut(line)
        finally:
            finalseg.Force_Split_Words.clear()
            finalseg.Force_Split_Words.update(before)

    return cut


def knowing(path, text: str):
    """jieba with the words of a file, as our own reading of it makes it."""
    path.write_text(text, "utf-8")
    words, _ = read_user_dict(str(path))
    return make_tokenizer("jieba", {"user_dict": [[*row] for row in words]})


def error_of(path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(RnnError) as caught:
        read_user_dict(str(path))
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "words.txt"


# What the words do


@pytest.mark.parametrize(
    "text",
    [
        "来到北京清华\n",
        "云计算 5\n循环神经网络 3 n\n",
        "林黛 1000000 nr\n",
        "林黛玉进 nr\n杭研大厦\n研大厦\n",
        "北京 0\n清华大学 0\n杭研 0\n",
        "杭研 0\n杭研 7\n杭研 0\n",
        "C++是 9\n++ 3\n",
        "\ufeff云计算 5\r\n\r\n  循环 3  \r\n",
        "云计算 0005\n一 n\n5 n\n",
        "，他 5\n",
    ],
)
def test_the_tokens_are_those_of_jieba_with_the_same_file(path, cut_by_jieba, text):
    assert knowing(path, text).split(SENTENCE) == cut_by_jieba(text, SENTENCE)


words = st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=5).map("".join)
lines = st.builds(
    "{}{}{}".format,
    words,
    st.one_of(st.just(""), st.integers(0, 10**7).map(" {}".format)),
    st.sampled_from(["", " n", " nr"]),
)


@pytest.fixture
def known_by_all(tmp_path, cut_by_jieba):
    def check(text: str, line: str) -> None:
        assert knowing(tmp_path / "words.txt", text).split(line) == cut_by_jieba(text, line)

    return check


def test_the_tokens_are_those_of_jieba_with_any_file(known_by_all):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(lines, min_size=1, max_size=6).map("\n".join), st.lists(words, max_size=30).map("".join))
    def check(text, line):
        known_by_all(text, line)

    check()


def test_a_word_is_found_as_a_whole(path):
    assert TOKENIZERS["jieba"].split("云计算")[0] == "云"
    assert knowing(path, "云计算\n").split("学云计算") == ["学", "云计算"]


def test_words_stay_with_their_tokenizer(path):
    """Those of frequency 0 too, which jieba keeps for the whole process."""
    plain, line = TOKENIZERS["jieba"], "他来到了网易杭研大厦学云计算"
    before = make_tokenizer("jieba", {}).split(line)
    one, two = knowing(path, "云计算\n杭研 0\n"), knowing(path, "易杭研大 99999\n")
    first, second = one.split(line), two.split(line)
    assert first != before != second != first
    assert plain.split(f"{line}。")[:-1] == before
    assert one.split(f"{line}。")[:-1] == first
    assert jieba.Tokenizer().user_word_tag_tab == {}
    assert not finalseg.Force_Split_Words


def test_words_that_a_program_gives_to_jieba_itself_change_nothing_here():
    line = "他来到了网易杭研大厦吗"
    before = make_tokenizer("jieba", {"user_dict": [["云计算", 5]]}).split(line)
    finalseg.add_force_split("杭研")
    try:
        assert make_tokenizer("jieba", {"user_dict": [["云计算", 5]]}).split(line) == before
        assert finalseg.Force_Split_Words == {"杭研"}
    finally:
        finalseg.Force_Split_Words.clear()


def test_words_are_normalized_as_the_text_is():
    tokenizer = make_tokenizer("jieba", {"normalize": "nfkc", "user_dict": [["ＱＱ群聊", None]]})
    assert tokenizer.split("加ＱＱ群聊") == tokenizer.split("加QQ群聊") == ["加", "QQ群聊"]


def words_of(*words: str | tuple[str, int]):
    """The tokenizer of a new run that knows some words."""
    rows = [[word, None] if isinstance(word, str) else [*word] for word in words]
    return make_tokenizer("jieba", {"words": "unicode", "user_dict": rows})


def test_by_the_new_rule_words_of_han_characters_are_jiebas_too(cut_by_jieba):
    text = "云计算 5\n循环神经网络 3\n林黛玉进\n研大厦\n北京 0\n杭研 0\n"
    rows = [tuple(line.split(" ")) for line in text.splitlines()]
    tokenizer = words_of(*((row[0], int(row[1])) if len(row) == 2 else row[0] for row in rows))
    assert tokenizer.split(SENTENCE) == cut_by_jieba(text, SENTENCE)


@pytest.mark.parametrize(
    ("words", "line", "tokens"),
    [
        (["[捂脸]", "田·女士"], "我[捂脸]和田·女士。", ["我", "[捂脸]", "和", "田·女士", "。"]),
        (["大黄䓬虫"], "吃大黄䓬虫。", ["吃", "大黄䓬虫", "。"]),
        (["カタカナ"], "我读カタカナ。", ["我读", "カタカナ", "。"]),
        (["😀😀", "❤\ufe0f❤"], "我😀😀和❤\ufe0f❤", ["我", "😀😀", "和", "❤\ufe0f❤"]),
        (
            ["sql server"],
            "use sql server, sql  server",
            ["use", " sql server", ",", " sql", " ", " ", "server"],
        ),
        (["don't", "re-read"], "don't re-read", ["don't", " re-read"]),
        (
            ["C++20", ".NET", "Node.js"],
            "学C++20和.NET，Node.js",
            ["学", "C++20", "和", ".NET", "，", "Node.js"],
        ),
        (["卡拉OK厅"], "去卡拉OK厅", ["去", "卡拉OK厅"]),
        (["New York", "New York City"], "New York City", ["New York City"]),
        (["[a", "[a]", "a]b"], "[a]b", ["[a]", "b"]),
        (["ไทย"], "ภาษาไทยนี้", ["ภาษา", "ไทย", "นี้"]),
        (["。。"], "好。。。", ["好", "。。", "。"]),
    ],
)
def test_words_of_any_characters_are_found_the_longest_first(words, line, tokens):
    assert words_of(*words).split(line) == tokens


@pytest.mark.parametrize(
    ("word", "line"),
    [
        *(("ens", "my license"), ("a", "cat, naïve, café"), ("a", "éa aé áa\u0301"), ("ра", "играть")),
        *(
            ("sql server", "sql servers mysql server"),
            ("C++", "ObjC++"),
            ("é", "café élan"),
            ("e", "e\u0301"),
        ),
        *(("❤", "❤\ufe0f"), ("👍", "👍🏽"), ("한", "한국"), ("5", "15 5a")),
    ],
)
def test_words_that_begin_or_end_with_a_letter_do_not_break_other_words(word, line):
    assert words_of(word).split(line) == words_of().split(line)
    assert "".join(words_of(word).split(line)) == line


def test_letters_touch_neither_han_characters_nor_signs():
    assert words_of("ens").split("我ens你-ens") == ["我", "ens", "你", "-", "ens"]


def test_a_single_space_goes_with_a_users_word_too():
    tokenizer = words_of("[x]", "a b")
    assert tokenizer.split("我 [x] [x]  [x] a b [x]") == [
        "我",
        " [x]",
        " [x]",
        " ",
        " ",
        "[x]",
        " a b",
        " [x]",
    ]
    assert tokenizer.split(" [x] ") == [" [x]", " "]


@pytest.mark.parametrize(
    ("words", "line", "tokens"),
    [
        ([("杭研", 0)], "网易杭研大厦", ["网易", "杭", "研", "大厦"]),
        ([("café", 0)], "un café", ["un", " c", "a", "f", "é"]),
        ([("hello", 0)], "hello, hello", [*"hello", ",", " h", *"ello"]),
        ([("C++", 0)], "C++", ["C", "++"]),
        ([("カナ", 0)], "カナ", ["カ", "ナ"]),
        ([("[x]", 0)], "[x]", ["[", "x", "]"]),
        ([("[x]", 5), ("[x]", 0)], "[x]", ["[", "x", "]"]),
        ([("[x]", 0), ("[x]", 5)], "[x]", ["[x]"]),
    ],
)
def test_a_word_of_frequency_0_is_never_one_token(words, line, tokens):
    assert words_of(*words).split(line) == tokens


def test_words_of_frequency_0_stay_out_of_jieba_itself():
    words_of(("杭研", 0)).split("他来到了网易杭研大厦")
    make_tokenizer("jieba", {"user_dict": [["杭研", 0]]}).split("他来到了网易杭研大厦")
    assert not finalseg.Force_Split_Words


def test_the_rule_of_before_reads_words_as_jieba_does():
    before = make_tokenizer("jieba", {"user_dict": [["ens", 99999], ["[捂脸]", 5]]})
    assert before.split("license[捂脸]") == ["lic", "ens", "e", "[", "捂脸", "]"]


any_words = st.lists(st.text("aé我カ[]· \u0301", min_size=1, max_size=4), max_size=6)


@settings(max_examples=150, deadline=None)
@given(any_words, st.text("aé我カ[]· \u0301b。", max_size=30))
def test_nothing_is_lost_with_any_words(words, line):
    tokens = words_of(*words).split(line)
    assert "".join(tokens) == line
    assert "" not in tokens


def test_time_does_not_grow_with_the_number_of_words():
    line = "the quick brown fox [smile] jumps over the lazy dog, " * 200

    def seconds(count: int) -> float:
        tokenizer = words_of(*(f"{first}{number}-x" for first in "tqbfj[" for number in range(count)))
        tokenizer.split(line)
        start = time.process_time()
        tokenizer.split(line)
        return time.process_time() - start

    assert seconds(5_000) < 10 * min(seconds(50) for _ in range(3)) + 0.05


# The file


def test_a_file_is_words_frequencies_and_tags(path):
    content = "\ufeff云计算 5 n\r\n\n \t\n林黛玉 nr\nC++\n  我 0  \n".encode()
    path.write_bytes(content)
    words, sha256 = read_user_dict(str(path))
    assert words == [("云计算", 5), ("林黛玉", None), ("C++", None), ("我", 0)]
    assert sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        *(("sql server", ("sql server", None)), ("sql server 5", ("sql server", 5))),
        *(("sql server n", ("sql server", None)), ("sql server 5 n", ("sql server", 5))),
        *(
            ("云 计 算", ("云 计 算", None)),
            ("云计算 N", ("云计算 N", None)),
            ("云计算 n 5", ("云计算 n", 5)),
        ),
        *(
            ("vitamin c", ("vitamin", None)),
            ("vitamin c 5", ("vitamin c", 5)),
            ("云计算 eng", ("云计算", None)),
        ),
        *(
            ("python 3.11 5", ("python 3.11", 5)),
            ("5 n", ("5", None)),
            ("n", ("n", None)),
            ("5", ("5", None)),
        ),
        *(("5 5", ("5", 5)), ("[捂脸]", ("[捂脸]", None)), ("\u200b", ("\u200b", None))),
        ("vitamin c tablets", ("vitamin c tablets", None)),
    ],
)
def test_only_a_frequency_and_a_tag_of_jiebas_are_no_part_of_the_word(path, line, word):
    path.write_text(f"{line}\n", "utf-8")
    assert read_user_dict(str(path)).words == [word]


def test_the_tags_are_those_of_jiebas_dictionary():
    with jieba.Tokenizer().get_dict_file() as file:
        tags = {line.split()[2].decode() for line in file}
    assert all(map(TAG.fullmatch, tags | {"eng"}))
    assert not any(map(TAG.fullmatch, ["server", "word", "nn", "N", "ab", ""]))


@pytest.mark.parametrize(
    "line",
    [
        *(
            "云计算 1.5",
            "云计算 -1",
            "云计算 5 n x",
            "云计算 5 word",
            "云计算  5",
            "云计算\t5",
            "vitamin c n",
        ),
        *(
            "\u3000",
            "\u3000 5",
            "云\u3000计 5",
            "云计算 " + "9" * 5000,
            "云计算 ５",
            "云计算 1,000",
            "a 5 b c",
        ),
    ],
)
def test_a_bad_line_is_named_with_what_a_line_reads(path, line):
    message = error_of(path, f"林黛玉 5\n\n{line}\n我\n".encode())
    assert message.startswith("line 3: a line reads word [frequency] [tag]")
    assert len(message) < 400


def test_a_word_that_seems_to_end_in_a_number_is_refused_with_the_way_out(path):
    message = error_of(path, b"python 3.11\n")
    assert message.endswith("if 3.11 is part of the word, write a frequency after the word")


def test_words_and_frequencies_have_a_limit(path):
    longest = "云" * LONGEST_WORD
    assert error_of(path, f"{longest} 1\n{longest}云\n".encode()).startswith("line 2: a word has at most 100")
    assert error_of(path, f"云 {2**53}\n计 {2**53 + 1}\n".encode()).startswith("line 2: a word has at most")


def test_another_encoding_is_named_with_its_line(path):
    assert error_of(path, "abc 5\n云计算 5\n".encode("gb18030")).startswith("line 2: not UTF-8")


@pytest.mark.parametrize("content", [b"", b"\n \r\n", b"\xef\xbb\xbf\n"])
def test_a_file_without_words_is_refused(path, content):
    assert error_of(path, content).startswith("holds no words")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    missing = str(tmp_path / "missing.txt")
    with pytest.raises(RnnError, match="No such file") as caught:
        read_user_dict(missing)
    assert str(caught.value).startswith(missing)
    if os.name == "posix":
        with pytest.raises(RnnError, match="no regular file"):
            read_user_dict(str(tmp_path))


# What a model file holds of it


@pytest.mark.parametrize(
    "value",
    [
        *(None, {}, "云计算", 5, [5], ["云计算"], [["云计算"]], [["云计算", 5, 6]], [["云计算", "5"]]),
        *(
            [["云计算", 5.0]],
            [["云计算", True]],
            [["云计算", -1]],
            [["云计算", 2**53 + 1]],
            [["云计算", 10**400]],
        ),
        *([["", 5]], [[None, 5]], [["\ud800", 5]], [["云" * (LONGEST_WORD + 1), 5]], [[["云"], 5]]),
    ],
)
def test_what_is_no_list_of_words_is_refused(value):
    with pytest.raises(ValueError, match="user_dict"):
        check_words(value)
    with pytest.raises(ValueError, match="user_dict"):
        make_tokenizer("jieba", {"user_dict": value})
