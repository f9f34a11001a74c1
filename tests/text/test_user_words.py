"""A user's words for jieba: they do to it what jieba's own load_userdict does, and to nothing else."""

import hashlib
import io
import os
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.errors import RnnError
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.user_words import LONGEST_WORD, check_words, read_user_dict

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


# The file


def test_a_file_is_words_frequencies_and_tags(path):
    content = "\ufeff云计算 5 n\r\n\n \t\n林黛玉 nr\nC++\n  我 0  \n".encode()
    path.write_bytes(content)
    words, sha256 = read_user_dict(str(path))
    assert words == [("云计算", 5), ("林黛玉", None), ("C++", None), ("我", 0)]
    assert sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "line",
    [
        *("云 计 算", "云计算 1.5", "云计算 -1", "云计算 5 n x", "云计算 n 5", "云计算  5", "云计算\t5"),
        *("云计算 N", "\u3000", "\u3000 5", "云\u3000计 5", "云计算 " + "9" * 5000, "云计算 ５"),
    ],
)
def test_a_bad_line_is_named_with_what_a_line_reads(path, line):
    message = error_of(path, f"林黛玉 5\n\n{line}\n我\n".encode())
    assert message.startswith("line 3: a line reads word [frequency] [tag]")


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
