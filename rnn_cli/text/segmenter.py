"""jieba's segmentation: its algorithm on its own data, without its global state.

The algorithm takes the likeliest path through its dictionary, and a hidden Markov model for the characters
left over. jieba holds the words of frequency 0 in a global set, so two dictionaries or two threads would
interfere. Here they belong to a segmenter, which never changes once it is made. The tokens are those of
`jieba.lcut`.

`cut` is for one text at a time. `cut_many` is for the strings of a long text: it takes a fraction of the
time, but first has to build tables.
"""

import functools
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rnn_cli.text.scripts import HAN, RUN
from rnn_cli.text.user_words import UserWord

RUNS, HAN_RUNS = f"([{RUN}]+)", f"([{HAN}]+)"  # compiled at their first use, see words.py
OUTSIDE = re.compile("\r\n|.", re.DOTALL)  # between runs: each character is a token
WORDS = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")  # outside Han characters


@functools.cache
def load_jieba() -> tuple[Any, dict[str, int], int]:
    """Return jieba, the frequencies in its dictionary, and their total. Takes about a second, once a process.

    jieba's own cache is not used: it is a file in a folder that all users share, so anyone could plant a file
    that changes the segmentation, and jieba would write to it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarnings in its source, a deprecation in setuptools
        import jieba
    jieba.setLogLevel("WARNING")
    segmenter = jieba.Tokenizer()
    frequencies, total = segmenter.gen_pfdict(segmenter.get_dict_file())
    return jieba, frequencies, total


class Segmenter:
    """Cuts text as jieba does, with a user's words added to its dictionary as by `jieba.add_word`.

    A word of frequency 0 is never one token. If a later entry gives it another frequency, the dictionary may
    find it, but the hidden Markov model still never makes it (as in jieba).
    """

    def __init__(self, words: Sequence[UserWord] = ()):
        jieba, frequencies, total = load_jieba()
        # A mangled name, which a class may not write out.
        self._recognise = getattr(jieba.finalseg, "__cut")
        self._tables = jieba.finalseg.start_P, jieba.finalseg.trans_P, jieba.finalseg.emit_P
        self._paths = jieba.Tokenizer()
        self._paths.FREQ, self._paths.total = dict(frequencies) if words else frequencies, total
        self._paths.initialized = True
        for word, frequency in words:
            self._add(word, frequency)
        self._never = {word for word, frequency in words if frequency == 0}

    def _add(self, word: str, frequency: int | None) -> None:
        known = self._paths.FREQ
        known[word] = self._paths.suggest_freq(word) if frequency is None else frequency
        self._paths.total += known[word]
        for end in range(1, len(word)):
            known.setdefault(word[:end], 0)  # from this, jieba knows that a longer word may follow

    def cut(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        tokens: list[str] = []
        for number, block in enumerate(re.split(RUNS, text)):
            tokens += self._cut_run(block) if number % 2 else OUTSIDE.findall(block)
        return tokens

    def cut_many(self, strings: Sequence[str]) -> list[str]:
        """Return each string with a \\n between its tokens. Strings must not be empty or contain \\n.

        A single space belongs to the token that follows it.
        """
        return self._cut_many(strings)

    @functools.cached_property
    def _cut_many(self) -> Callable[[Sequence[str]], list[str]]:
        from rnn_cli.text.fast_segmenter import Dictionary, make_segmenter  # not needed for short text

        dictionary = Dictionary(self._paths.FREQ, self._paths.total)
        return make_segmenter(dictionary, self._tables, self._never, self.cut).cut

    def _cut_run(self, run: str) -> Iterator[str]:
        """Yield the tokens of a run: words of the dictionary, and those made of single characters."""
        route: dict[int, tuple[float, int]] = {}  # place -> (value, the last place of the next word)
        self._paths.calc(run, self._paths.get_DAG(run), route)
        begin = place = 0  # begin: of the single characters since the last word
        while place < len(run):
            end = route[place][1] + 1
            if end - place > 1:
                yield from self._cut_singles(run[begin:place])
                yield run[place:end]
                begin = end
            place = end
        yield from self._cut_singles(run[begin:])

    def _cut_singles(self, characters: str) -> Iterator[str]:
        """Yield the tokens of characters that are single on the likeliest path."""
        if len(characters) < 2 or self._paths.FREQ.get(characters):
            yield from characters
            return
        for number, block in enumerate(re.split(HAN_RUNS, characters)):
            if number % 2:
                for word in self._recognise(block):
                    yield from word if word in self._never else (word,)
            else:
                yield from filter(None, WORDS.split(block))


@functools.cache
def segmenter_of_jieba() -> Segmenter:
    """Return the segmenter without user words; all callers share it."""
    return Segmenter()
