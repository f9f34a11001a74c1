"""A user's words for jieba: the file that they stand in, and what a model file holds of it.

A line reads `word [frequency] [tag]`, with one space between, as jieba has it. A word without a frequency
gets one with which it is found; of frequency 0, it is never one token. The tag is not used.
"""

import hashlib
import os
import re
import stat
from typing import NamedTuple

from rnn_cli.errors import RnnError
from rnn_cli.text.spelling import MOST

UserWord = tuple[str, int | None]  # a word and its frequency
LONGEST = 100  # characters of a word: jieba holds all that it begins with
LINE = re.compile(r"(?P<word>\S+)(?: (?P<frequency>[0-9]{1,16}))?(?: [a-z]+)?")
FORM = "word [frequency] [tag]"


class UserDict(NamedTuple):
    words: list[UserWord]
    sha256: str  # of the file


def read_user_dict(path: str) -> UserDict:
    """The words of a file, UTF-8. Raises RnnError, which names the file and the line, for anything else."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a device may never end
            raise RnnError(f"{path}: is no regular file")
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise RnnError(f"{path}: {error.strerror or error}") from error
    lines = (line.strip().removeprefix(b"\xef\xbb\xbf") for line in content.split(b"\n"))
    words = [_word(line, f"{path}: line {number}") for number, line in enumerate(lines, 1) if line]
    if not words:
        raise RnnError(f"{path}: holds no words (a line for each is needed: {FORM})")
    return UserDict(words, hashlib.sha256(content).hexdigest())


def _word(line: bytes, place: str) -> UserWord:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RnnError(f"{place}: not UTF-8, as a user dictionary is to be") from error
    match = LINE.fullmatch(text)
    if not match:
        raise RnnError(
            f"{place}: a line reads {FORM}, the frequency a whole number, the tag of letters a to z"
        )
    word, frequency = match["word"], int(match["frequency"]) if match["frequency"] else None
    if not _is_word([word, frequency]):
        raise RnnError(f"{place}: a word has at most {LONGEST} characters, and a frequency below {MOST}")
    return word, frequency


def check_words(value: object) -> list[UserWord]:
    """The words that JSON holds, [[word, frequency or null], ...]. Raises ValueError for anything else."""
    if not isinstance(value, list) or not all(map(_is_word, value)):
        raise ValueError("a user_dict is no list of [word, frequency or null]")
    return [(word, frequency) for word, frequency in value]


def _is_word(row: object) -> bool:
    match row:
        case [str(word), int() | None as frequency] if not isinstance(frequency, bool):
            is_text = 0 < len(word) <= LONGEST and not any("\ud800" <= c <= "\udfff" for c in word)
            return is_text and (frequency is None or 0 <= frequency < MOST)
    return False
