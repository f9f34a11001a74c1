"""User words that jieba cannot find: they are cut out of a line before anything else."""

import re
from collections.abc import Iterable, Iterator

from rnn_cli.text.scripts import BOUND, JOINER, MARK, kinds_of


class Phrases:
    """Words of any characters, found in a text from left to right, the longest first.

    A word that begins or ends with a letter or a digit must begin or end at a word border there: "ens" is not
    found in "license". In scripts without spaces between words (Han, kana, Thai) every place is a border.
    """

    def __init__(self, words: Iterable[str]):
        self.words = frozenset(words)
        self.pairs = {word[k : k + 2] for word in self.words for k in range(len(word) - 1)}
        lengths: dict[str, set[int]] = {}
        for word in self.words:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(of, reverse=True) for first, of in lengths.items()}
        letters, others = ("".join(filter(test, lengths)) for test in (_is_ascii_letter, _is_other))
        # Most letters of a text are inside a word: these are skipped at once.
        parts = [f"(?<![a-zA-Z0-9])[{letters}]"] * bool(letters) + [f"[{re.escape(others)}]"] * bool(others)
        self._begins = re.compile("|".join(parts) or "(?!)")

    def __bool__(self) -> bool:
        return bool(self.words)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the begin and end of each word that is found."""
        place = 0
        while begun := self._begins.search(text, place):
            place = begun.start()
            for length in self._lengths[begun[0]]:
                end = place + length
                if text[place:end] in self.words and _stands_alone(text, place, end):
                    yield place, end
                    place = end
                    break
            else:
                place += 1


def _is_ascii_letter(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_other(character: str) -> bool:
    return not _is_ascii_letter(character)


def _stands_alone(text: str, begin: int, end: int) -> bool:
    """Return whether a word is not part of a longer one."""
    before, after = kinds_of(text[begin - 1 : begin + 1] if begin else ""), kinds_of(text[end - 1 : end + 1])
    if len(after) == 2 and after[1] in (MARK, JOINER):  # it changes the last character
        return False
    return not any(len(pair) == 2 and pair[0] in BOUND and pair[1] in BOUND for pair in (before, after))
