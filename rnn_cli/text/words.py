"""Words as jieba cuts them.

The words are those of `jieba.lcut` (HMM on), with two differences. A single space belongs to the token that
follows it, so that "to be" is two tokens. And a run of characters longer than LONGEST_RUN is cut every
LONGEST_RUN characters, as jieba's time grows with the square of a run of unknown ones.
"""

import functools
import itertools
import logging
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from rnn_cli.text.user_words import UserWord


class Runs(NamedTuple):
    """Runs of certain characters; a tokenizer cuts those that are longer every `longest` characters."""

    character: re.Pattern[str]  # matches one
    longest: int


# jieba looks for words only inside runs of these characters (its re_han_default).
RUN = r"\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-"
IN_RUN = re.compile(f"[{RUN}]")
LONGEST_RUN = 1000
RUNS = Runs(IN_RUN, LONGEST_RUN)
# What jieba is given at one time: what stands between spaces, with a single space before it if there is one.
BETWEEN_SPACES = re.compile(r"(?:(?<! ) )?[^ ]+| ")
# The same for a line that is longer than LONGEST_RUN, and so may hold a longer run.
RUN_BY_RUN = re.compile(rf"(?:(?<! ) (?! ))?(?:[{RUN}]{{1,{LONGEST_RUN}}}|\r\n|[^{RUN}])", re.DOTALL)
SHORT, HELD = 16, 1 << 14  # strings of up to SHORT characters are remembered, up to HELD of them


@functools.cache
def load_jieba() -> tuple[Any, dict[str, int], int]:
    """Return jieba, the frequencies in its dictionary, and their total. Takes about a second, once a process.

    jieba's own cache is not used: it is a file in a folder that all users share, so anyone could plant one
    that changes the segmentation, and jieba would write to it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarnings in its source, a deprecation in setuptools
        import jieba
    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    frequencies, total = segmenter.gen_pfdict(segmenter.get_dict_file())
    return jieba, frequencies, total


class Jieba(dict[str, list[str]]):
    """The words of strings without inner spaces, looked up by string. Those of short strings are kept, as
    such strings come again and again. jieba's dictionary is loaded at the first look-up."""

    def __init__(self, words: list[UserWord]):
        self.words = words
        self.never_words: set[str] = set()  # the user's words of frequency 0

    def __missing__(self, string: str) -> list[str]:
        space = " " if string[0] == " " and len(string) > 1 else ""
        tokens: list[str] = self._segmenter.lcut(string[len(space) :])
        tokens[0] = space + tokens[0]
        if len(string) <= SHORT:
            if len(self) >= HELD:
                self.clear()
            self[string] = tokens
        return tokens

    def split(self, line: str) -> list[str | None]:
        if not line:
            return []
        strings = BETWEEN_SPACES if len(line) <= LONGEST_RUN else RUN_BY_RUN
        hmm = load_jieba()[0].finalseg  # holds the words of frequency 0 for all segmenters of a process
        before, hmm.Force_Split_Words = hmm.Force_Split_Words, self.never_words
        try:
            return list(itertools.chain.from_iterable(map(self.__getitem__, strings.findall(line))))
        finally:
            hmm.Force_Split_Words = before

    @functools.cached_property
    def _segmenter(self) -> Any:
        jieba, frequencies, total = load_jieba()
        segmenter = jieba.Tokenizer()
        segmenter.FREQ, segmenter.total = dict(frequencies) if self.words else frequencies, total
        segmenter.initialized = True
        for word, frequency in self.words:
            segmenter.add_word(word, frequency)
        return segmenter


def split_words(words: list[UserWord]) -> Callable[[str], list[str | None]]:
    """Return a function that splits a line into jieba's words, with `words` added to its dictionary."""
    return Jieba(words).split


def between_words(left: str, right: str) -> bool:
    """Return whether no word of jieba's reaches from `left` into `right` (empty: not known yet).

    Words stand inside runs, so any place that is not inside one will do. After a space it depends on
    what follows: a single space goes with it.
    """
    if left[-1] == " ":
        return right.startswith("  ")
    return not IN_RUN.match(left[-1]) or not (right == "" or IN_RUN.match(right))
