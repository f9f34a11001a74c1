"""Rhyming lines of a form: a constraint (constraints.py) in addition to the form's own."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.sampling.prompts import Prompt
from rnn_cli.models.sampling.spelled_tokens import NEVER
from rnn_cli.models.sampling.verse import Verse
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.vocabulary import SPECIAL

NONE = -1  # for a character without a rhyme


class _Place(NamedTuple):
    """state: of the form. rhyme: of the lines so far, NONE before the first. ends: the characters that end
    them."""

    state: int
    rhyme: int
    ends: frozenset[str]


class Rhyme:
    """The automaton of rhyming lines. They end with different characters while there are any left.

    rhymes: the rhyme class of each character that has one.
    """

    def __init__(self, lexicon: Lexicon, verse: Verse, rhymes: Mapping[str, int]):
        self._verse, self._rhymes, self._cells = verse, rhymes, verse.rhyming()
        self._tokens = [""] * SPECIAL + [*lexicon.vocabulary.tokens]
        self._places: list[_Place] = []
        self._numbers: dict[_Place, int] = {}
        self._likes: dict[tuple[int, int], int] = {}

    def begin(self, prompt: Prompt) -> int:
        """Return the state after a prompt, whether or not its lines rhyme."""
        filled = self._verse.filled(prompt)
        ends = [filled[cell] for cell in self._cells if filled.get(cell) in self._rhymes]
        rhyme = self._rhymes[ends[-1]] if ends else NONE
        return self._number(_Place(self._verse.begin(prompt), rhyme, frozenset(ends)))

    def after(self, state: int) -> NDArray[np.int32]:
        place = self._places[state]
        states = self._verse.after(place.state)
        nexts = np.full(len(states), NEVER, np.int32)
        again: list[tuple[int, _Place]] = []  # tokens that end a line with a character used before
        for last in np.unique(states[states != NEVER]).tolist():
            which = np.flatnonzero(states == last)
            ending = [cell - last for cell in self._cells if place.state <= cell < last]
            if not ending:
                nexts[which] = self._number(place._replace(state=last))
                continue
            for id in which.tolist():
                character = self._tokens[id][ending[0] :][:1]
                rhyme = self._rhymes.get(character, NONE)
                if rhyme == NONE or place.rhyme not in (NONE, rhyme):
                    continue
                if character in place.ends:
                    again.append((id, _Place(last, rhyme, place.ends)))
                else:
                    nexts[id] = self._number(_Place(last, rhyme, place.ends | {character}))
        if (nexts == NEVER).all():
            for id, following in again:
                nexts[id] = self._number(following)
        return nexts

    def may_end(self, state: int) -> bool:
        return True

    def like(self, state: int) -> int:
        place = self._places[state]
        return self._likes.setdefault((place.state, place.rhyme), state)

    def _number(self, place: _Place) -> int:
        if place not in self._numbers:
            self._numbers[place] = len(self._places)
            self._places.append(place)
        return self._numbers[place]
