"""A user's words: the file that lists them, and their form in a model file.

A line of the file reads `word [frequency] [tag]`, separated by single spaces, as in jieba. Only jieba's own
tags count as tags, and they are ignored: `sql server` is a word of two parts. A word may contain any
characters, and single spaces. Everything before a frequency is the word: `vitamin c 5` is the word
"vitamin c", whereas `vitamin c` is "vitamin" with jieba's tag c, and `python 3.11 5` is the word
"python 3.11".

words.py explains how the words and their frequencies are used.
"""

import hashlib
import os
import re
import stat
from typing import NamedTuple

from rnn_cli.errors import LONGEST_QUOTE, RnnError
from rnn_cli.text.checks import MOST, is_count, is_text

UserWord = tuple[str, int | None]  # a word and its frequency
LONGEST_WORD = 100  # characters: jieba stores every prefix of a word
FORM = "word [frequency] [tag]"
# The tags of jieba's dictionary, and its tag for foreign words.
TAG = re.compile(
    "(a|ad|ag|an|b|c|d|df|dg|e|eng|f|g|h|i|j|k|l|m|mg|mq|n|ng|nr|nrfg|nrt|ns|nt|nz|o|p|q|r|rg|rr|rz|s|t|tg"
    "|u|ud|ug|uj|ul|uv|uz|v|vd|vg|vi|vn|vq|x|y|z|zg)"
)
FREQUENCY = re.compile("[0-9]{1,16}")
NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*")  # in any common notation and any digits


class UserDict(NamedTuple):
    words: list[UserWord]
    sha256: str  # of the file


def read_user_dict(path: str) -> UserDict:
    """Return the words of a file in UTF-8. Raise RnnError, which names the file and the line, if the file
    cannot be read or does not have this form."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a device may never end
            raise RnnError(f"{path}: is no regular file")
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise RnnError(f"{path}: {error.strerror or error}") from error
    lines = (line.strip().removeprefix(b"\xef\xbb\xbf") for line in content.split(b"\n"))
    words = [_parse(line, f"{path}: line {number}") for number, line in enumerate(lines, 1) if line]
    if not words:
        raise RnnError(f"{path}: holds no words (it needs one a line: {FORM})")
    return UserDict(words, hashlib.sha256(content).hexdigest())


def _parse(line: bytes, place: str) -> UserWord:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RnnError(f"{place}: not UTF-8, which a user dictionary must be") from error
    parts = text.split(" ")
    if "" in parts or parts != text.split():
        raise RnnError(f"{place}: a line reads {FORM}, with single spaces and no other white space")
    if len(parts) > 1 and TAG.fullmatch(parts[-1]):
        parts.pop()
    frequency = None
    if len(parts) > 1 and FREQUENCY.fullmatch(parts[-1]):
        frequency = int(parts.pop())
    else:
        _refuse_doubtful(parts, place)
    word = " ".join(parts)
    if not _is_user_word([word, frequency]):
        limits = f"a word has at most {LONGEST_WORD} characters, and a frequency is at most {MOST}"
        raise RnnError(f"{place}: {limits}")
    return word, frequency


def _refuse_doubtful(parts: list[str], place: str) -> None:
    """Raise RnnError for a word without a frequency if a part of it may be meant as a frequency or a tag."""
    doubtful = [part for part in parts[1:] if NUMBER.fullmatch(part)]
    if len(parts) > 1 and TAG.fullmatch(parts[-1]):
        doubtful.append(parts[-1])
    if doubtful:
        shown = doubtful[0][:LONGEST_QUOTE]
        raise RnnError(
            f"{place}: a line reads {FORM}, with a whole number as frequency and one of jieba's tags: "
            f"if {shown} is part of the word, write a frequency after the word"
        )


def check_words(value: object) -> list[UserWord]:
    """Return the words in a JSON value, [[word, frequency or null], ...]. Raise ValueError for any other
    value."""
    if not isinstance(value, list) or not all(map(_is_user_word, value)):
        raise ValueError("the user_dict is not a list of [word, frequency or null]")
    return [(word, frequency) for word, frequency in value]


def _is_user_word(row: object) -> bool:
    match row:
        case [word, frequency]:
            is_word = is_text(word) and 0 < len(word) <= LONGEST_WORD
            return is_word and (frequency is None or is_count(frequency))
    return False
