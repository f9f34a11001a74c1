"""Banned words: they are not written, however they are divided into tokens.

A word of Han characters, kana or another script without spaces is found anywhere. If a word begins or ends
with a letter of a script with spaces, it must begin or end as a separate word there: "he" does not ban "the".
If tokens are single characters, a possible end of such a word is decided by the next character, which must be
a letter; a longer token that ends with the word completes it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.sampling.prompts import Prompt
from rnn_cli.models.sampling.spelled_tokens import NEVER
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.scripts import BOUND, kinds_of


class _Place(NamedTuple):
    """What a text so far implies for what may follow.

    partial: (word, number of its characters already written) for each word that is begun. after_letter:
    whether the last character is a letter of a script with spaces. whole: whether a banned word is complete
    unless a letter follows. begins: whether a line begins here. given: how many characters of the next token
    are already in the prompt.
    """

    partial: frozenset[tuple[int, int]] = frozenset()
    after_letter: bool = False
    whole: bool = False
    begins: bool = False
    given: int = 0


LINE_BEGINS = _Place(begins=True)


class Banned:
    """The constraint (constraints.py) that keeps banned words from being written."""

    def __init__(self, lexicon: Lexicon, words: tuple[str, ...]):
        self._words = words
        self._bound = [(_is_bound(word[0]), _is_bound(word[-1])) for word in words]
        self._with_first: dict[str, list[int]] = {}
        for number, word in enumerate(words):
            self._with_first.setdefault(word[0], []).append(number)
        self._tokenizer = lexicon.tokenizer
        self._tokens = [*lexicon.vocabulary.tokens]
        self._places: list[_Place] = [LINE_BEGINS]
        self._numbers = {LINE_BEGINS: 0}

    def begin(self, prompt: Prompt) -> int:
        """Return the state after a prompt, which may itself contain banned words."""
        line = prompt.text.removesuffix(prompt.begun).rpartition("\n")[2]
        place = LINE_BEGINS
        for character in line:
            place = self._read(place, character, is_free=True) or LINE_BEGINS
        return self._number(place._replace(whole=False, given=len(prompt.begun)))

    def after(self, state: int) -> NDArray[np.int32]:
        place = self._places[state]
        nexts = [NEVER, NEVER if place.whole else 0, self._number(_Place())]
        return np.array(nexts + [self._after_token(place, token) for token in self._tokens], np.int32)

    def may_end(self, state: int) -> bool:
        return not self._places[state].whole

    def like(self, state: int) -> int:
        return state

    def _after_token(self, place: _Place, token: str) -> int:
        separator = "" if place.begins or place.given else self._tokenizer.separator
        after: _Place | None = place
        for number, character in enumerate(separator + token):
            if after is not None:
                after = self._read(after, character, is_free=number < place.given)
        if after is None or (after.whole and not self._tokenizer.code_points):
            return NEVER
        return self._number(after)

    def _read(self, place: _Place, character: str, is_free: bool = False) -> _Place | None:
        """Return the place after a character; None if it completes a banned word.

        is_free: read on past a completed word.
        """
        is_letter = _is_bound(character)
        if place.whole and not is_letter and not is_free:
            return None
        partial, whole = set(), False
        begun = [(word, 0) for word in self._with_first.get(character, ())]
        if place.after_letter:
            begun = [row for row in begun if not self._bound[row[0]][0]]
        for word, known in (*place.partial, *begun):
            if self._words[word][known] != character:
                continue
            if known + 1 < len(self._words[word]):
                partial.add((word, known + 1))
            elif self._bound[word][1]:
                whole = True
            elif not is_free:
                return None
        return _Place(frozenset(partial), is_letter, whole)

    def _number(self, place: _Place) -> int:
        if place not in self._numbers:
            self._numbers[place] = len(self._places)
            self._places.append(place)
        return self._numbers[place]


def _is_bound(character: str) -> bool:
    """Return whether a character belongs to a script with spaces between words."""
    return kinds_of(character) in BOUND
