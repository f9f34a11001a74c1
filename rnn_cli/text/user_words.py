"""A user's words for jieba: the file that lists them, and the form in which a model file holds them.

A line of the file reads `word [frequency] [tag]`, separated by single spaces, as jieba has it. A word
without a frequency gets one high enough to be found; a word of frequency 0 is never one token. The tag is
ignored.
"""

import hashlib
import os
import re
import stat
from typing import NamedTuple

from rnn_cli.errors import RnnError
from rnn_cli.text.checks import MOST, is_count, is_text

UserWord = tuple[str, int | None]  # a word and its frequency
LONGEST_WORD = 100  # characters: jieba stores every prefix of a word
LINE = re.compile(r"(?P<word>\S+)(?: (?P<frequency>[0-9]{1,16}))?(?: [a-z]+)?")
FORM = "word [frequency] [tag]"


class UserDict(NamedTuple):
    words: list[UserWord]
    sha256: str  # of the file


def read_user_dict(path: str) -> UserDict:
    """Return the words of a file in UTF-8. Raise RnnError, which names the file and the line, for a file that
    cannot be read or is not of this form."""
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
    match = LINE.fullmatch(text)
    if not match:
        raise RnnError(
            f"{place}: a line reads {FORM}, where the frequency is a whole number and the tag letters a to z"
        )
    word, frequency = match["word"], int(match["frequency"]) if match["frequency"] else None
    if not _is_user_word([word, frequency]):
        limits = f"a word has at most {LONGEST_WORD} characters, and a frequency is at most {MOST}"
        raise RnnError(f"{place}: {limits}")
    return word, frequency


def check_words(value: object) -> list[UserWord]:
    """Return the words in a JSON value, [[word, frequency or null], ...]. Raise ValueError for any other."""
    if not isinstance(value, list) or not all(map(_is_user_word, value)):
        raise ValueError("the user_dict is not a list of [word, frequency or null]")
    return [(word, frequency) for word, frequency in value]


def _is_user_word(row: object) -> bool:
    match row:
        case [word, frequency]:
            is_word = is_text(word) and 0 < len(word) <= LONGEST_WORD
            return is_word and (frequency is None or is_count(frequency))
    return False
