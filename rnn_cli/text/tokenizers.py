"""Lines to tokens and back.

A tokenizer is a row of TOKENIZERS, with settings of a user's if there are any: `split` cuts a line into
tokens and `separator` joins them. For `jieba` and `char`, join(split(line)) == line for every line, as
the settings normalize it.
"""

import functools
import itertools
import logging
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rnn_cli.text.user_words import UserWord, check_words

# A token whose spelling the text itself withholds (a literal <unk> of a tokenised corpus) is None.
Token = str | None
Split = Callable[[str], list[Token]]

NORMALIZATIONS: dict[str, Callable[[str], str]] = {  # the forms of Unicode's annex 15
    "none": str,
    "nfc": functools.partial(unicodedata.normalize, "NFC"),
    "nfkc": functools.partial(unicodedata.normalize, "NFKC"),
}


@dataclass(frozen=True)
class Tokenizer:
    """knowing: makes a `split` that knows words of a user's; None if it has no use for words.
    settings: what differs from the row of TOKENIZERS, as JSON has it; `make_tokenizer` reads it. Two
        tokenizers are equal whose names and settings are.
    """

    name: str
    split: Split = field(compare=False)
    separator: str = field(compare=False)
    knowing: Callable[[list[UserWord]], Split] | None = field(default=None, compare=False)
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def join(self, tokens: Iterable[str]) -> str:
        return self.separator.join(tokens)

    def normalize(self, text: str) -> str:
        """The text as `split` sees it."""
        return NORMALIZATIONS[self.settings.get("normalize", "none")](text)


def make_tokenizer(name: str, settings: Mapping[str, Any]) -> Tokenizer:
    """A row of TOKENIZERS with settings, each of which may be missing:

    normalize: a key of NORMALIZATIONS, what a line goes through before it is cut.
    user_dict: [[word, frequency or None], ...], the words to know besides (user_words.py).
    user_dict_sha256: of the file that they stood in, for people.

    Raises KeyError, TypeError or ValueError for what is no such name or setting.
    """
    row = TOKENIZERS[name]
    settings = {key: value for key, value in settings.items() if (key, value) != ("normalize", "none")}
    if not settings:
        return row
    unknown = settings.keys() - {"normalize", "user_dict", "user_dict_sha256"}
    if unknown:
        raise ValueError(f"settings of the tokenizer that this rnn does not know: {', '.join(unknown)}")
    if not isinstance(settings.get("user_dict_sha256", ""), str):
        raise TypeError("user_dict_sha256 is no string")
    split, normalize = row.split, NORMALIZATIONS[settings.get("normalize", "none")]
    if "user_dict" in settings:
        if row.knowing is None:
            raise ValueError(f"the tokenizer {name} has no use for a user_dict")
        words = check_words(settings["user_dict"])
        split = row.knowing([(normalize(word), frequency) for word, frequency in words])
    return replace(row, split=lambda line: split(normalize(line)), settings=settings)


# jieba looks for words only inside runs of these characters (its re_han_default), in time that
# grows with the square of a run of unknown ones: a longer run is cut into pieces of this length.
RUN = r"\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-"
LONGEST_RUN = 1000
# What is cut at one time. A space alone goes with what follows it.
PIECES = re.compile(r"(?:(?<! ) )?[^ ]+| ")
PIECES_OF_LONG_LINE = re.compile(rf"(?:(?<! ) (?! ))?(?:[{RUN}]{{1,{LONGEST_RUN}}}|\r\n|[^{RUN}])", re.DOTALL)
SHORT, HELD = 16, 1 << 14  # pieces up to this length are remembered, up to so many


@functools.cache
def load_jieba() -> tuple[Any, dict[str, int], int]:
    """jieba, the frequencies of its dictionary, and their total (about a second, once a process).

    Read without jieba's cache: that is a file in a folder shared by all users, which anyone can
    plant to change the segmentation, and jieba writes to it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarnings of its source, a deprecation of setuptools
        import jieba
    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    frequencies, total = segmenter.gen_pfdict(segmenter.get_dict_file())
    return jieba, frequencies, total


class Jieba(dict[str, list[str]]):
    """jieba's words of a piece of a line; those of short pieces are kept, as they come again. The
    dictionary is loaded when a first piece is asked for."""

    def __init__(self, words: list[UserWord]):
        self.words = words
        self.never_words: set[str] = set()  # those of frequency 0

    def __missing__(self, piece: str) -> list[str]:
        space = " " if piece[0] == " " and len(piece) > 1 else ""
        tokens: list[str] = self._segmenter.lcut(piece[len(space) :])
        tokens[0] = space + tokens[0]
        if len(piece) <= SHORT:
            if len(self) >= HELD:
                self.clear()
            self[piece] = tokens
        return tokens

    def split(self, line: str) -> list[Token]:
        if not line:
            return []
        pieces = PIECES if len(line) <= LONGEST_RUN else PIECES_OF_LONG_LINE
        hmm = load_jieba()[0].finalseg  # which holds words of frequency 0 for all segmenters of a process
        before, hmm.Force_Split_Words = hmm.Force_Split_Words, self.never_words
        try:
            return list(itertools.chain.from_iterable(map(self.__getitem__, pieces.findall(line))))
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


def split_words(words: list[UserWord]) -> Split:
    """Words as jieba cuts them (HMM on), with some words more in its dictionary; a space alone goes with
    the token that follows it."""
    return Jieba(words).split


def split_characters(line: str) -> list[Token]:
    """Unicode code points."""
    return list(line)


def split_spaces(line: str) -> list[Token]:
    """What white space separates; a literal <unk> is the unknown word, as in Penn Treebank."""
    return [None if token == "<unk>" else token for token in line.split()]


TOKENIZERS = {
    "jieba": Tokenizer("jieba", split_words([]), separator="", knowing=split_words),
    "char": Tokenizer("char", split_characters, separator=""),
    "space": Tokenizer("space", split_spaces, separator=" "),
}
