"""Words in Chinese and all other scripts: the tokenizer `jieba`.

In Han characters and ASCII the words are those of `jieba.lcut` (HMM on); in other scripts they are runs of
letters (scripts.py). A single space belongs to the token that follows it, so "to be" is two tokens. A run of
characters in which no word is known to end is cut every LONGEST_RUN characters, because jieba's time grows
with the square of the length of a run of unknown characters.

There are two kinds of user words. Words of Han characters alone go into jieba's dictionary with their
frequencies, as with jieba: Chinese does not mark where words end, so only frequencies keep 和服 from
breaking 产品和服务. All other user words are cut out first (phrases.py), whatever their frequency. However, a
word of frequency 0 is never one token: it is cut into its characters.

That is the rule UNICODE. A tokenizer without the setting `words` follows the rule JIEBA, with which all
models were trained before there was another: each character of another script is a token, and all user words
go into jieba's dictionary.
"""

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rnn_cli.text.phrases import Phrases
from rnn_cli.text.scripts import ALONE, HAN, JOINER, MARK, OTHER, RUN, TOKEN, UNBROKEN, kinds_of
from rnn_cli.text.segmenter import Segmenter, segmenter_of_jieba
from rnn_cli.text.units import INNER, LINE_END
from rnn_cli.text.user_words import UserWord

UNICODE, JIEBA = "unicode", "jieba"  # the rules
LONGEST_RUN = 1000
# A line is divided into the strings between spaces, each with a single space before it if there is one, and a
# string into what jieba is given at once: a run, or a character outside a run. Both recur again and again.
BETWEEN_SPACES = re.compile(r"(?:(?<! ) )?[^ ]+| ")
# Compiled at their first use: patterns with the Han characters take a millisecond each.
BY_RUNS = rf"[{RUN}]{{1,{LONGEST_RUN}}}|\r\n|[^{RUN}]"
IS_RUN, IS_HAN = f"[{RUN}]+", f"[{HAN}]+"
TOO_LONG = f"[{RUN}]{{{LONGEST_RUN + 1}}}"
SHORT, HELD = 16, 1 << 16  # up to HELD strings of up to SHORT characters are cached
LINES = re.compile(f"[^{LINE_END}{INNER}]+")
AHEAD_AFTER = 1 << 16  # characters: cutting ahead does not pay off for shorter texts


@dataclass(frozen=True)
class Runs:
    """Runs of characters; a run longer than `longest` is cut every `longest` characters.

    pattern: matches a run in the result of `kinds`.
    kinds: returns a string as long as the text, with a space for each character outside runs.
    """

    pattern: str
    longest: int
    kinds: Callable[[str], str] = str

    def sections(self, text: str) -> Iterator[str]:
        """Yield a text in sections that end where a run is cut."""
        begin = 0
        for first, last in self._long_runs(text):
            for place in range(first + self.longest, last, self.longest):
                yield text[begin:place]
                begin = place
        yield text[begin:]

    def _long_runs(self, text: str) -> Iterator[tuple[int, int]]:
        kinds = self.kinds(text)
        if re.search(f"[^ ]{{{self.longest + 1}}}", kinds):
            yield from (run.span() for run in re.finditer(self.pattern, kinds))

    def reaches_into(self, text: str) -> bool:
        """Return whether a run that continues after a text may include its last character."""
        return re.match(self.pattern, self.kinds(text[-1:])) is not None

    def last_cut(self, text: str) -> tuple[int, int]:
        """Return where the run at the end of a text begins, and the last place at which it is cut because of
        its length, whatever follows; (0, 0) if it is not cut."""
        kinds = self.kinds(text)
        for run in re.compile(self.pattern).finditer(kinds, kinds.rfind(" ") + 1):
            parts = (run.end() - run.start() - 1) // self.longest
            if run.end() == len(text) and parts:
                return run.start(), run.start() + parts * self.longest
        return 0, 0


RUNS = {UNICODE: Runs(UNBROKEN, LONGEST_RUN, kinds_of), JIEBA: Runs(IS_RUN, LONGEST_RUN)}


class Words(dict[str, list[str]]):
    """A mapping from strings without inner spaces to their tokens. Results for short strings are cached, as
    such strings recur again and again. The first look-up loads jieba's dictionary.

    Any number of threads may share one. A copy, also one sent to another process, starts with an empty cache.
    """

    def __init__(self, words: Sequence[UserWord] = (), rule: str = JIEBA):
        self.user_words, self.rule, self.runs = words, rule, RUNS[rule]
        latest = dict(words) if rule == UNICODE else {}
        self._never = {word for word, frequency in latest.items() if frequency == 0}
        self._seen = 0  # characters passed to `cut_ahead` so far
        self._ahead: dict[str, str] = {}  # line or string of its last text -> tokens, with \n between them
        self._phrases = Phrases(
            word for word in latest if word not in self._never and not re.fullmatch(IS_HAN, word)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Words, (self.user_words, self.rule)

    @functools.cached_property
    def _segmenter(self) -> Segmenter:
        words = self.user_words
        if self.rule == UNICODE:
            words = [row for row in words if re.fullmatch(IS_HAN, row[0]) or self._is_never(row)]
        return Segmenter(words) if words else segmenter_of_jieba()

    @functools.cached_property
    def _find_other(self) -> Callable[[str], object]:
        """Find a character that is not cut as in jieba."""
        return re.compile(OTHER if self.rule == UNICODE else "(?!)").search

    def _is_never(self, row: UserWord) -> bool:
        return row[1] == 0 and row[0] in self._never and re.fullmatch(IS_RUN, row[0]) is not None

    def __missing__(self, string: str) -> list[str]:
        space = " " if string[0] == " " and len(string) > 1 else ""
        tokens = self._cut(string[len(space) :])
        tokens[0] = space + tokens[0]
        if len(string) <= SHORT:
            if len(self) >= HELD:
                self.clear()
            self[string] = tokens
        return tokens

    def _cut(self, string: str) -> list[str]:
        """Return the tokens of a string without spaces."""
        if ahead := self._ahead.get(string):
            tokens = ahead.split("\n")
        elif re.fullmatch(BY_RUNS, string, re.DOTALL):
            tokens = self._segmenter.cut(string)
        elif self._find_other(string):
            tokens = self._cut_scripts(string)
        else:
            return self._cut_by_runs(string)
        return self._part_never(tokens)

    def _part_never(self, tokens: list[str]) -> list[str]:
        """Return the tokens, with words of frequency 0 cut into characters."""
        if self._never.isdisjoint(tokens):
            return tokens
        return [part for token in tokens for part in (token if token in self._never else (token,))]

    def _cut_by_runs(self, string: str) -> list[str]:
        return [*itertools.chain.from_iterable(map(self.__getitem__, _by_runs(string)))]

    def _cut_scripts(self, string: str) -> list[str]:
        tokens, end = [], 0
        for found in TOKEN.finditer(kinds_of(string)):
            if found["jieba"] is None:
                tokens += self._cut_by_runs(string[end : found.start()])
                end = found.end()
                tokens.append(string[found.start() : end])
        return tokens + self._cut_by_runs(string[end:])

    def split(self, line: str) -> list[str | None]:
        """Return the tokens of a line."""
        if not line:
            return []
        if (ahead := self._ahead.get(line)) and not self._may_have_own(line):
            return [*ahead.split("\n")]
        split = self._split_around_phrases if self._phrases else self._split
        sections = self.runs.sections(line) if len(line) > LONGEST_RUN else (line,)
        return [*itertools.chain.from_iterable(map(split, sections))]

    def cut_ahead(self, text: str) -> None:
        """Cut all lines of a text that hold Han characters at once, so that `split` need not cut them one by
        one. The tokens are the same as without it."""
        has_han = re.compile(IS_HAN).search
        if has_han(text) is None:
            return
        self._seen += len(text)
        if self._seen <= AHEAD_AFTER:
            return
        strings = [*filter(has_han, set(self._strings_of_jieba(text)))]
        self._ahead = dict(zip(strings, self._segmenter.cut_many(strings), strict=True))

    def _strings_of_jieba(self, text: str) -> Iterator[str]:
        """Yield the strings of a text that are cut as in jieba: lines, strings between spaces, or runs."""
        for line in LINES.findall(text):
            if self._is_jiebas(line) and not self._may_have_own(line):
                yield line
                continue
            for string in line.split(" "):
                if self._is_jiebas(string):
                    yield string
                else:
                    yield from (run for run in _by_runs(string) if len(run) > 1)

    def _may_have_own(self, line: str) -> bool:
        """Return whether a line may contain user words that jieba does not know."""
        return bool(self._never) or (bool(self._phrases) and any(self._phrases.find(line)))

    def _is_jiebas(self, string: str) -> bool:
        """Return whether a string is cut as in jieba, except for single spaces."""
        if self._find_other(string):
            return False
        return len(string) <= LONGEST_RUN or re.search(TOO_LONG, string) is None

    def _split(self, text: str) -> Iterator[str]:
        """Return the tokens of a text without words that are cut out first."""
        return itertools.chain.from_iterable(map(self.__getitem__, BETWEEN_SPACES.findall(text)))

    def _split_around_phrases(self, text: str) -> Iterator[str]:
        last = 0
        for begin, end in self._phrases.find(text):
            before = text[last:begin]
            space = " " if before.endswith(" ") and not before.endswith("  ") else ""
            yield from self._split(before.removesuffix(space))
            yield space + text[begin:end]
            last = end
        yield from self._split(text[last:])

    def may_part(self, left: str, right: str) -> bool:
        """Return whether no token reaches from `left` into `right` (empty: not known yet).

        Tokens lie within runs, so a text may be divided at any place outside a run. After a space the answer
        depends on what follows: a single space belongs to the next token.
        """
        if self._phrases and not self._may_part_phrases(left, right):
            return False
        if left[-1] == " ":
            return right.startswith("  ")
        return not self._in_run(left[-1]) or not (right == "" or self._in_run(right[0]))

    def _may_part_phrases(self, left: str, right: str) -> bool:
        """Return whether no word that is cut out first reaches from `left` into `right` or depends on it."""
        if right == "" or left[-1] + right[0] in self._phrases.pairs:
            return False
        return kinds_of(right[0]) not in (MARK, JOINER)

    def _in_run(self, character: str) -> bool:
        if self.rule == JIEBA:
            return re.match(IS_RUN, character) is not None
        return kinds_of(character) != ALONE


def _by_runs(string: str) -> list[str]:
    return re.findall(BY_RUNS, string, re.DOTALL)
