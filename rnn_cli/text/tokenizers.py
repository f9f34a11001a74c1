"""Tokenizers: how a line of text is cut into tokens, and everything else in which they differ.

To add a tokenizer, write a function that splits a line and add a row to TOKENIZERS; all other code reads what
it needs from the row. With `jieba` and `char` nothing is lost: join(split(line)) is the line, normalized as
the settings say.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rnn_cli.errors import check_all_known, check_known
from rnn_cli.text.units import INNER, LINE, LINE_END, PARAGRAPH, UNITS
from rnn_cli.text.user_words import UserWord, check_words, read_user_dict
from rnn_cli.text.words import JIEBA, UNICODE, Runs, Words

# None is a token whose spelling the text does not give: a literal <unk> in a corpus that comes tokenized.
Token = str | None
Split = Callable[[str], list[Token]]

DEFAULT_TOKENIZER = "jieba"
NORMALIZATIONS: dict[str, Callable[[str], str]] = {  # the forms of Unicode's annex 15
    "none": str,
    "nfc": functools.partial(unicodedata.normalize, "NFC"),
    "nfkc": functools.partial(unicodedata.normalize, "NFKC"),
}
CHOICES: dict[
    str, tuple[str, Iterable[str]]
] = {  # settings with named values: what a value is, and the names
    "normalize": ("normalization", NORMALIZATIONS),
    "words": ("rule for words", (UNICODE, JIEBA)),
    "unit": ("unit", UNITS),
}
SETTINGS = (*CHOICES, "user_dict", "user_dict_sha256")
USUAL = (("normalize", "none"), ("unit", LINE))  # settings with their default values, which are left out


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A row of TOKENIZERS, or one with settings (`make_tokenizer`). Tokenizers with equal names and settings
    are equal.

    split: cuts a line into tokens.
    separator: what is put between tokens when they are joined.
    min_count: how often a token must occur to be in the vocabulary, unless the user sets another value.
    ngram_order: the length of the n-grams that a model is compared with, also a default.
    made_new: the settings that the tokenizer of a new run has in addition to the user's. A file without them
        was written before they existed, and is read as it was then.
    words: makes `split`, `cut_ahead`, `may_part` and `runs` for a user's words and the setting `words`; None
        for a tokenizer that uses neither.
    worth_a_process: about how many characters are cut in the time that a process takes to start; None if
        cutting is so fast that a process never pays off.
    cut_ahead: may be called with the normalized text whose lines will be cut next, to save `split` work.
    may_part: whether a line may be divided between `left` and `right` without changing its tokens. Both hold
        a few characters; `right` is empty if it is not known yet. None: a line may not be divided anywhere.
    runs: runs of characters that are cut only because they are too long.
    code_points: whether tokens are single code points, so that a block of text can be cut as an array.
    settings: what differs from the row, as in JSON.
    """

    name: str
    split: Split
    separator: str
    min_count: int
    ngram_order: int
    made_new: Mapping[str, Any] = field(default_factory=dict)
    words: Callable[[list[UserWord], str], Words] | None = None
    worth_a_process: int | None = None
    cut_ahead: Callable[[str], None] | None = None
    may_part: Callable[[str, str], bool] | None = None
    runs: Runs | None = None
    code_points: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What is split at once: a line, or a paragraph with the token LINE_END between its lines."""
        return str(self.settings.get("unit", LINE))

    def join(self, tokens: Iterable[str]) -> str:
        between = re.escape(self.separator)
        return re.sub(f"(?:{between})?\n(?:{between})?", LINE_END, self.separator.join(tokens))

    def normalize(self, text: str) -> str:
        """Return the text as `split` sees it."""
        return NORMALIZATIONS[self.settings.get("normalize", "none")](text)

    def split_all(self, lines: Sequence[str]) -> Iterator[list[Token]]:
        """Yield the tokens of each line; for many lines this is faster than `split`."""
        if self.cut_ahead:
            self.cut_ahead(self.normalize("\n".join(lines)))
        return map(self.split, lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tokenizer) and (self.name, self.settings) == (other.name, other.settings)

    def __hash__(self) -> int:
        return hash(self.name)


def load_tokenizer(
    name: str, normalize: str | None = None, user_dict: str | None = None, unit: str | None = None
) -> Tokenizer:
    """Return the tokenizer with this name for a new run, with a normalization, a file of words and a unit if
    they are given.

    Raises RnnError for a file that cannot be read or has a bad line, and what `make_tokenizer` raises.
    """
    settings = dict(TOKENIZERS[name].made_new)
    if normalize is not None:
        settings["normalize"] = normalize
    if user_dict is not None:
        words, sha256 = read_user_dict(user_dict)
        settings |= {"user_dict": [[*row] for row in words], "user_dict_sha256": sha256}
    if unit is not None:
        settings["unit"] = unit
    return make_tokenizer(name, settings)


def make_tokenizer(name: str, settings: Mapping[str, Any]) -> Tokenizer:
    """Return a row of TOKENIZERS with settings, each of which may be missing:

    normalize: a key of NORMALIZATIONS, applied to a line before it is cut.
    words: the rule for words, UNICODE or JIEBA (words.py); JIEBA by default, as in files from before this
        setting.
    user_dict: [[word, frequency or None], ...], words in addition to the tokenizer's own (user_words.py).
    user_dict_sha256: the hash of the file that listed them, for people to compare.
    unit: one of UNITS (units.py); LINE by default.

    Raises Unknown for a name or a setting that is not among these, TypeError or ValueError for a wrong value.
    """
    check_known("tokenizer", name, TOKENIZERS)
    row = TOKENIZERS[name]
    settings = {key: value for key, value in settings.items() if (key, value) not in USUAL}
    if not settings:
        return row
    check_all_known("setting of the tokenizer", sorted(settings), SETTINGS)
    if not isinstance(settings.get("user_dict_sha256", ""), str):
        raise TypeError("user_dict_sha256 is not a string")
    for key in CHOICES.keys() & settings.keys():
        check_known(CHOICES[key][0], settings[key], CHOICES[key][1])
    made = replace(row, settings=settings)
    normalize = NORMALIZATIONS[settings.get("normalize", "none")]
    if row.words is None:
        for useless in settings.keys() & {"words", "user_dict"}:
            raise ValueError(f"the tokenizer {name} has no use for a {useless}")
    else:
        user_words = check_words(settings.get("user_dict", []))
        user_words = [(normalize(word), frequency) for word, frequency in user_words]
        words = row.words(user_words, settings.get("words", JIEBA))
        made = replace(
            made,
            split=words.split,
            cut_ahead=words.cut_ahead,
            may_part=words.may_part,
            runs=words.runs,
        )
    if "normalize" in settings:
        made = replace(made, split=functools.partial(_split_normalized, made.split, normalize))
    if made.unit == PARAGRAPH:
        made = replace(made, split=functools.partial(_split_paragraph, made.split))
    return made


def _split_normalized(split: Split, normalize: Callable[[str], str], line: str) -> list[Token]:
    return split(normalize(line))


def _split_paragraph(split: Split, text: str) -> list[Token]:
    first, *rest = text.replace(INNER, LINE_END).split(LINE_END)
    tokens = split(first)
    for line in rest:
        tokens.append(LINE_END)
        tokens += split(line)
    return tokens


def split_characters(line: str) -> list[Token]:
    """Return the code points of a line."""
    return list(line)


def split_spaces(line: str) -> list[Token]:
    """Return what white space separates; a literal <unk> is the unknown token, as in the Penn Treebank."""
    return [None if token == "<unk>" else token for token in line.split()]


def anywhere(left: str, right: str) -> bool:
    return True


def at_white_space(left: str, right: str) -> bool:
    return left[-1].isspace() or right[:1].isspace()


JIEBA_WORDS = Words()
TOKENIZERS = {
    "jieba": Tokenizer(
        "jieba",
        JIEBA_WORDS.split,
        separator="",
        min_count=2,  # words that occur once teach the model what an unknown word is like
        ngram_order=3,
        made_new={"words": UNICODE},
        words=Words,
        worth_a_process=1 << 18,
        cut_ahead=JIEBA_WORDS.cut_ahead,
        may_part=JIEBA_WORDS.may_part,
        runs=JIEBA_WORDS.runs,
    ),
    "char": Tokenizer(
        "char",
        split_characters,
        separator="",
        min_count=1,
        ngram_order=5,
        may_part=anywhere,
        code_points=True,
    ),
    "space": Tokenizer(
        "space",
        split_spaces,
        separator=" ",
        min_count=2,
        ngram_order=3,
        worth_a_process=1 << 21,
        may_part=at_white_space,
    ),
}
