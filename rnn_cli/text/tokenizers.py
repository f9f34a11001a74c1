"""Lines to tokens and back.

A tokenizer is a row of TOKENIZERS: `split` cuts a line into tokens and `separator` joins them.
For `jieba` and `char`, join(split(line)) == line for every line.
"""

import functools
import logging
import re
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

# A token whose spelling the text itself withholds (a literal <unk> of a tokenised corpus) is None.
Token = str | None


class Tokenizer(NamedTuple):
    name: str
    split: Callable[[str], list[Token]]
    separator: str

    def join(self, tokens: Iterable[str]) -> str:
        return self.separator.join(tokens)


# jieba looks for words only inside runs of these characters (its re_han_default), in time that
# grows with the square of a run of unknown ones: a longer run is cut into pieces of this length.
RUN = r"\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-"
LONGEST_RUN = 1000
PIECES = re.compile(f"[{RUN}]{{1,{LONGEST_RUN}}}|[^{RUN}]+")


@functools.cache
def load_jieba() -> Any:
    """jieba's segmenter with its own dictionary (about a second, once a process).

    Built without jieba's cache: that is a file in a folder shared by all users, which anyone can
    plant to change the segmentation, and jieba writes to it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarnings of its source, a deprecation of setuptools
        import jieba
    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter


def split_jieba(line: str) -> list[Token]:
    """Words as jieba cuts them (HMM on); a space alone goes with the token that follows it."""
    if not line:
        return []
    segmenter = load_jieba()
    pieces = [line] if len(line) <= LONGEST_RUN else PIECES.findall(line)
    tokens: list[Token] = []
    for piece in pieces:
        for word in segmenter.cut(piece):
            if word != " " and tokens[-1:] == [" "] and tokens[-2:-1] != [" "]:
                tokens[-1] = " " + word
            else:
                tokens.append(word)
    return tokens


def split_characters(line: str) -> list[Token]:
    """Unicode code points."""
    return list(line)


def split_spaces(line: str) -> list[Token]:
    """What white space separates; a literal <unk> is the unknown word, as in Penn Treebank."""
    return [None if token == "<unk>" else token for token in line.split()]


TOKENIZERS = {
    "jieba": Tokenizer("jieba", split_jieba, separator=""),
    "char": Tokenizer("char", split_characters, separator=""),
    "space": Tokenizer("space", split_spaces, separator=" "),
}
