"""jieba's tokens for many strings at once, several times as fast as jieba.

A run is cut in two steps, as in jieba. The first finds the words on the likeliest path through the
dictionary. The second gives adjacent single characters on that path to the hidden Markov model, here for all
strings at once (hidden_markov.py).

If rjieba is installed, it finds the paths: it is the same algorithm, compiled, with the same order of
additions and the same choice between equal paths. It is given jieba's dictionary and the user's words, as its
own dictionary might differ. Without rjieba, Python finds the paths.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from importlib import import_module
from itertools import chain
from math import inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.hidden_markov import FIRST_HAN, LAST_HAN, HiddenMarkovModel, Probabilities
from rnn_cli.text.scripts import RUN

NEWLINE, SPACE = ord("\n"), ord(" ")
RUNS = re.compile(f"([{RUN}]+)")
IS_RUN, HAS_ASCII = re.compile(f"[{RUN}]+"), re.compile("[\\0-\x7f]").search
ASCII_WORDS = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")  # of single characters, as jieba has them
# rjieba joins single ASCII letters and digits, and more kinds of characters are in its runs than in jieba's.
# So it is given characters of Unicode's extension A instead of ASCII, and a full stop for each character
# outside jieba's runs.
STAND_INS = {code: 0x3400 + code for code in range(128) if IS_RUN.fullmatch(chr(code))}
OUTSIDE = ord("。")
# rjieba is fastest on short texts. Each part of a text ends before a character outside runs.
PARTS = re.compile(f".{{1,4096}}[^{chr(OUTSIDE)}]*", re.DOTALL)
ROUNDING = 1e-3  # more than the difference between sums of logarithms, rounded in any order
CHECKED = 1000  # words of the dictionary with which rjieba is checked

# A text -> the lengths of the words on the paths of its runs; each character outside runs is a word.
FindPaths = Callable[[str], NDArray[np.intp]]


class Dictionary(NamedTuple):
    """jieba's words and the user's, in jieba's form."""

    frequencies: Mapping[str, int]  # 0 for a prefix of a word that is not a word itself
    total: int


class FastSegmenter:
    """Cuts strings as jieba does.

    never: words that the hidden Markov model must not make.
    """

    def __init__(
        self, find_paths: FindPaths, dictionary: Dictionary, model: HiddenMarkovModel, never: AbstractSet[str]
    ):
        self._find_paths, self._model, self._never = find_paths, model, never
        self._frequencies, self._total = dictionary.frequencies, dictionary.total
        self._scores = np.zeros(LAST_HAN + 2)  # logarithms of the frequencies of single characters
        for code in (*STAND_INS, *range(FIRST_HAN, LAST_HAN + 1)):
            self._scores[code] = log(self._frequencies.get(chr(code)) or 1)

    def cut(self, strings: Sequence[str]) -> list[str]:
        """Return each string with a \\n between its tokens. Strings must not be empty or contain \\n.

        A single space belongs to the token that follows it.
        """
        if not strings:
            return []
        text = "".join([f"{string}\n" for string in strings])
        codes = _to_codes(text)
        ends = np.zeros(len(codes), np.bool_)  # whether a token ends at a character
        ends[np.cumsum(self._find_paths(text)) - 1] = True
        self._join_singles(text, codes, ends)
        _join_spaces(codes, ends)
        return _parted(codes, ends).split("\n\n")[:-1]

    def _join_singles(self, text: str, codes: NDArray[np.uint32], ends: NDArray[np.bool_]) -> None:
        """Make words of adjacent single characters by changing `ends`."""
        stretches = _stretches(ends & np.append(True, ends[:-1]) & (_shown(codes) != OUTSIDE))
        is_left = _inside(stretches[~self._are_words(text, codes, stretches)], len(codes))
        is_han = is_left & (codes >= FIRST_HAN)
        sequences = _stretches(is_han)
        places, is_end = self._model.find_word_ends(codes, sequences)
        ends[places] = is_end
        for first, last in _stretches(is_left & ~is_han).tolist():
            for word in filter(None, ASCII_WORDS.split(text[first:last])):
                ends[first : first + len(word) - 1] = False
                first += len(word)
        if self._never:
            self._part_never(text, sequences, ends)

    def _are_words(
        self, text: str, codes: NDArray[np.uint32], stretches: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """Return whether each stretch is a word of the dictionary; jieba leaves the characters of such a
        stretch as they are.

        Most stretches need no look-up: if one were a word, its probability, 1 / total or more, would exceed
        that of its characters, and the word would be on the path.
        """
        scores = np.append(0, np.cumsum(self._scores.take(codes, mode="clip")))
        begins, ends = stretches.T
        needed = (ends - begins - 1) * log(self._total) - ROUNDING
        found = scores[ends] - scores[begins] >= needed
        known = self._frequencies.get
        places = zip(begins[found].tolist(), ends[found].tolist(), strict=True)
        found[found] = [bool(known(text[begin:end])) for begin, end in places]
        return found

    def _part_never(self, text: str, sequences: NDArray[np.intp], ends: NDArray[np.bool_]) -> None:
        """Divide the words in `never` that were made of some sequences into characters."""
        for first, last in sequences.tolist():
            for end in (np.flatnonzero(ends[first:last]) + first + 1).tolist():
                if text[first:end] in self._never:
                    ends[first:end] = True
                first = end


def _to_codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))


def _shown(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return code points in the form that rjieba is given."""
    return _SHOWN.take(codes, mode="clip")


def _make_shown() -> NDArray[np.uint32]:
    shown = np.full(LAST_HAN + 2, OUTSIDE, np.dtype("<u4"))  # the last entry is for all higher ones
    shown[FIRST_HAN : LAST_HAN + 1] = np.arange(FIRST_HAN, LAST_HAN + 1)
    shown[[*STAND_INS]] = [*STAND_INS.values()]
    return shown


_SHOWN = _make_shown()


def _stretches(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return where each stretch of two or more True begins and ends, (N, 2)."""
    borders = np.flatnonzero(np.diff(mask, prepend=False, append=False)).reshape(-1, 2)
    return borders[borders[:, 1] - borders[:, 0] > 1]


def _inside(stretches: NDArray[np.intp], size: int) -> NDArray[np.bool_]:
    """Return whether each of `size` places is inside a stretch. No two stretches may touch."""
    changes = np.zeros(size + 1, np.int8)
    changes[stretches[:, 0]], changes[stretches[:, 1]] = 1, -1
    return np.cumsum(changes[:-1], dtype=np.int8).view(np.bool_)


def _join_spaces(codes: NDArray[np.uint32], ends: NDArray[np.bool_]) -> None:
    """Join each single space to the token that follows it on its line, by changing `ends`."""
    spaces = np.flatnonzero(codes == SPACE)
    before, after = codes[np.maximum(spaces, 1) - 1], codes[spaces + 1]  # the last character is a newline
    is_single = (after != SPACE) & (after != NEWLINE) & ((before != SPACE) | (spaces == 0))
    ends[spaces[is_single]] = False


def _parted(codes: NDArray[np.uint32], ends: NDArray[np.bool_]) -> str:
    """Return a text with a newline after each token, so that each line ends with two newlines."""
    follows = ends & (codes != NEWLINE)
    before = np.cumsum(follows)
    parted = np.full(len(codes) + before[-1], NEWLINE, np.dtype("<u4"))
    parted[np.arange(len(codes)) + before - follows] = codes
    return parted.tobytes().decode("utf-32-le", "surrogatepass")


def python_paths(dictionary: Dictionary) -> FindPaths:
    """Return a function that finds paths without rjieba, faster than jieba does."""
    logs = {0: -inf, **{f: log(f) - log(dictionary.total) for f in set(dictionary.frequencies.values()) if f}}
    score_of = {word: logs[frequency] for word, frequency in dictionary.frequencies.items()}.get
    unknown = log(1) - log(dictionary.total)

    def lengths_of(run: str) -> list[int]:
        size = len(run)
        best = [0.0] * (size + 1)  # the value of the best path from each place to the end
        steps = [1] * size  # the length of the first word on that path
        for place in range(size - 1, -1, -1):
            value, end = -inf, place + 1
            score = score_of(run[place])
            while score is not None:
                if score != -inf and (reached := score + best[end]) >= value:  # the longest of equal ones
                    value, steps[place] = reached, end - place
                end += 1
                score = score_of(run[place:end]) if end <= size else None
            best[place] = unknown + best[place + 1] if value == -inf else value
        lengths, place = [], 0
        while place < size:
            lengths.append(steps[place])
            place += steps[place]
        return lengths

    def find_paths(text: str) -> NDArray[np.intp]:
        lengths: list[int] = []
        for number, part in enumerate(RUNS.split(text)):
            lengths += lengths_of(part) if number % 2 else [1] * len(part)
        return np.array(lengths, np.intp)

    return find_paths


def compiled_paths(dictionary: Dictionary) -> FindPaths | None:
    """Return a function that finds paths with rjieba; None if it is not installed or not as expected."""
    try:
        segmenter = import_module("rjieba").Jieba.empty()
        added = 0
        for word, frequency in dictionary.frequencies.items():
            if frequency and IS_RUN.fullmatch(word):
                segmenter.add_word(word.translate(STAND_INS) if HAS_ASCII(word) else word, frequency, None)
                added += frequency
        # jieba's total also includes words with characters outside runs, and replaced frequencies of words.
        segmenter.add_word(" ", dictionary.total - added, None)
    except (ImportError, AttributeError, TypeError, OverflowError):
        return None

    def find_paths(text: str) -> NDArray[np.intp]:
        parts = PARTS.findall(_shown(_to_codes(text)).tobytes().decode("utf-32-le"))
        words = chain.from_iterable(segmenter.cut(part, hmm=False) for part in parts)
        return np.fromiter(map(len, words), np.intp)

    return find_paths


def make_segmenter(
    dictionary: Dictionary,
    tables: tuple[Mapping[str, float], Probabilities, Probabilities],
    never: AbstractSet[str],
    cut: Callable[[str], list[str]],
) -> FastSegmenter:
    """Return a segmenter, with rjieba if it gives the same tokens as `cut` for words of the dictionary.

    tables: of the hidden Markov model, in the form that HiddenMarkovModel takes.
    """
    model = HiddenMarkovModel(*tables)
    if find_paths := compiled_paths(dictionary):
        segmenter = FastSegmenter(find_paths, dictionary, model, never)
        words = [*dictionary.frequencies]
        sample = [*words[:: len(words) // CHECKED + 1], *words[-CHECKED // 10 :]]  # the last are the user's
        strings = ["".join(sample[k : k + 10]) for k in range(0, len(sample), 10)]
        strings = [string for string in strings if not re.search("[ \n]", string)]
        if segmenter.cut(strings) == ["\n".join(cut(string)) for string in strings]:
            return segmenter
    return FastSegmenter(python_paths(dictionary), dictionary, model, never)
