"""Verse: a form as an automaton over tokens, which gives zero probability to tokens that break it.

A state is a place in the form's cells. Each token advances the place by its number of characters; a token is
not allowed if it would overrun its line, or if the vocabulary could not fill the rest of the line after it.
The spaces that a tokenizer writes between tokens count in ■ cells only.

Line ends: after a line that ends with □ or a mark, the model may or may not draw END, depending on its
training text (a poem per line, or a verse per line). A line that ends with ■ ends with END, and so does a
line of which only the beginning is given. A line end is written in each case.

A character of the form that begins no token is read as UNK and written as it is.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import UsageError
from rnn_cli.models.sampling.patterns import (
    COMMA,
    END_OF_LINE,
    REST,
    STOP,
    TURN,
    WITHOUT_WIDTH,
    Cell,
    Kind,
    Line,
    lines_of,
)
from rnn_cli.models.sampling.prompts import Prompt
from rnn_cli.models.sampling.spelled_tokens import NEVER, SpelledTokens, accepts
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.vocabulary import END, SPECIAL, UNK

ENDS = frozenset("。！？")  # marks before which lines rhyme
HELD, NUMBERS_HELD = 256, 1 << 24  # most states whose tokens are remembered, and most numbers
Nexts = NDArray[np.int32]


class Verse:
    """The constraint (constraints.py) that makes a text fill a form.

    unknown: characters of the form that begin no token, each once.
    """

    def __init__(self, lexicon: Lexicon, lines: list[Line]):
        self._cells: list[Cell] = []
        self._line: list[int] = []  # for each cell; a TURN belongs to the line it ends
        for number, line in enumerate(lines):
            ending = [] if line.cells[-1] is REST else [END_OF_LINE if _is_plain(line) else TURN]
            cells = line.cells + ending * (number < len(lines) - 1)
            self._cells += cells
            self._line += [number] * len(cells)
        self._breaks = [line.breaks for line in lines]
        self.last = len(self._cells)  # the state in which the form is full
        self._tokens = SpelledTokens(lexicon, max(len(line.cells) for line in lines))
        self._fits: dict[tuple[tuple[Cell, ...], bool, bool], Nexts] = {}
        self.after = lru_cache(states_held(self._tokens.m))(self._after_known)
        self._alive = np.zeros(self.last + 1, bool)
        self._alive[self.last] = True
        for place in reversed(range(self.last)):
            self._alive[place] = (self._after(place) != NEVER).any()
        if not self._alive[0]:
            self._refuse()
        self._is_known = np.zeros(self.last + 1, bool)  # whether known tokens alone can fill the rest
        self._is_known[self.last] = True
        for place in reversed(range(self.last)):
            nexts = self._after(place)
            nexts[UNK] = NEVER
            self._is_known[place] = self._is_known[nexts[nexts != NEVER]].any()
        self.unknown = [*dict.fromkeys(self._cells[place].character for place in self._unread())]

    def _refuse(self) -> None:
        dead = [place for place in range(self.last) if self._begins_line(place) and not self._alive[place]]
        where = f"line {self._line[dead[-1]] + 1} of --form"
        raise UsageError(f"{where}: the model has no tokens that fill it (their lengths do not add up)")

    @property
    def is_bounded(self) -> bool:
        """Whether the number of tokens is bounded: no line is open."""
        return REST not in self._cells

    def _after(self, state: int) -> Nexts:
        """Return the place after each token, (m,); NEVER for a token that is not allowed."""
        if state == self.last:
            return np.full(self._tokens.m, NEVER, np.int32)
        kind = self._cells[state].kind
        if kind is Kind.REST:
            nexts = np.full(self._tokens.m, state, np.int32)
            nexts[:SPECIAL] = NEVER
        elif kind is Kind.END:
            nexts = np.full(self._tokens.m, NEVER, np.int32)
        elif kind is Kind.TURN:
            nexts = self._after(state + 1)
        else:
            return self._within_line(state)
        nexts[END] = state + 1 if self._alive[state + 1] else NEVER
        return nexts

    def _after_known(self, state: int) -> Nexts:
        """Return `_after`, without tokens that lead to a character that is not a token, if there is another
        way."""
        nexts = self._after(state)
        if self._is_known[state]:
            nexts[UNK] = NEVER
            nexts[(nexts != NEVER) & ~self._is_known[nexts]] = NEVER
        return nexts

    def _unread(self) -> list[int]:
        """Return the cells whose character is read as UNK."""
        reached = {0}
        for place in range(self.last):
            if place in reached:
                nexts = self.after(place)
                reached |= set(np.unique(nexts[nexts != NEVER]).tolist())
        return [place for place in sorted(reached - {self.last}) if self._is_unread(place)]

    def _within_line(self, state: int) -> Nexts:
        filled = self._filled(state)
        nexts = np.where(filled == NEVER, 0, state + filled)
        nexts = np.where((filled != NEVER) & self._alive[nexts], nexts, NEVER).astype(np.int32)
        if self._cells[state].kind is Kind.ITSELF and self._alive[state + 1] and (nexts == NEVER).all():
            nexts[UNK] = state + 1
        return nexts

    def _is_unread(self, place: int) -> bool:
        return self._cells[place].kind is Kind.ITSELF and self.after(place)[UNK] != NEVER

    def _filled(self, state: int) -> Nexts:
        """Return how many cells of its line each token fills from a place on, (m,)."""
        end = state
        while end < self.last and self._cells[end].kind not in WITHOUT_WIDTH:
            end += 1
        cells = tuple(self._cells[state:end])
        is_open = end < self.last and self._cells[end] is REST
        key = cells, is_open, self._tokens.separated and not self._begins_line(state)
        if key not in self._fits:
            self._fits[key] = self._fit(*key)
        return self._fits[key]

    def _fit(self, cells: tuple[Cell, ...], is_open: bool, after_space: bool) -> Nexts:
        """Return how many cells each token fills, (m,), with the space that a tokenizer writes before it."""
        if not after_space or cells[0].kind is Kind.LETTER or cells[0].character.strip():
            return self._tokens.fit(cells, is_open)
        fits = self._tokens.fit(cells[1:], is_open)  # the space fills a cell
        takes_space = accepts(cells[0], " ")
        return np.where((fits != NEVER) & takes_space, fits + 1, NEVER).astype(np.int32)

    def _begins_line(self, place: int) -> bool:
        return place == 0 or self._line[place] != self._line[place - 1]

    def begin(self, prompt: Prompt) -> int:
        """Return the place after a prompt without its unfinished word, which the first token completes.
        Raises UsageError for a prompt that does not fit."""
        return self._walk(prompt.text.removesuffix(prompt.begun))

    def _walk(self, text: str) -> int:
        place = 0
        for number, character in enumerate(text, 1):
            following = self._pass(place, character)
            if following is None:
                where = f"character {number}, {character!r}"
                raise UsageError(f"the prompt does not fit the form or the acrostic: {where}")
            place = following
        return place

    def _pass(self, place: int, character: str) -> int | None:
        """Return the place after a character of a prompt; None if it does not fit."""
        if place == self.last:
            return None
        cell = self._cells[place]
        if cell.kind is Kind.TURN and character != "\n":
            place += 1
            cell = self._cells[place]
        if cell.kind in WITHOUT_WIDTH:
            if character == "\n":
                return place + 1
            return place if cell is REST else None
        if character == "\n" and self._begins_line(place) and self._breaks[self._line[place]] > 1:
            return place  # an empty line before it
        if accepts(cell, character):
            return place + 1
        return place if self._tokens.separated and character.isspace() else None

    def filled(self, prompt: Prompt) -> dict[int, str]:
        """Return the characters of a prompt, by the cells that they fill."""
        filled, place = {}, 0
        for character in prompt.text.removesuffix(prompt.begun):
            following = self._pass(place, character)
            if following is None:
                break
            if following > place:
                filled[following - 1] = character
            place = following
        return filled

    def rhyming(self) -> list[int]:
        """Return the cells whose letters rhyme: those before 。！？, else the last of every second line."""
        letters = [place for place in range(self.last) if self._cells[place].kind not in WITHOUT_WIDTH]
        rhyming = [a for a, b in pairwise(letters) if self._cells[b].character in ENDS]
        if not rhyming:
            last_of = {self._line[place]: place for place in letters}
            rhyming = [place for line, place in last_of.items() if line % 2]
        return rhyming

    def may_end(self, state: int) -> bool:
        """Return whether a text may end here. A bounded form ends when it is full; an open line ends with
        END."""
        return self.is_bounded or state == self.last or self._cells[state] is not REST

    def like(self, state: int) -> int:
        return state

    def line_before(self, state: int, prompt: Prompt) -> int:
        """Return the line in which a prompt ends, given the state after it; a final line end begins the next
        line."""
        text = prompt.text.removesuffix(prompt.begun)
        return self.line_of(state) if text == "" or text.endswith("\n") else self._line[state - 1]

    def line_of(self, state: int) -> int:
        """Return the line of the next token that is not END."""
        while state < self.last and self._cells[state].kind is Kind.TURN:
            state += 1
        return self._line[min(state, self.last - 1)]

    def breaks(self, first: int, last: int) -> str:
        """Return the line ends between two lines."""
        return "\n" * sum(self._breaks[first + 1 : last + 1])

    def unread(self, state: int) -> str:
        """Return the character that UNK stands for."""
        while self._cells[state].kind is Kind.TURN:
            state += 1
        return self._cells[state].character


def states_held(m: int) -> int:
    """Return the number of states for which to remember what follows each of m tokens."""
    return max(8, min(HELD, NUMBERS_HELD // m))


def _is_plain(line: Line) -> bool:
    return line.cells[-1].kind in (Kind.ANY, Kind.EDGE)


def verse(lexicon: Lexicon, form: str | None, openings: tuple[str, ...]) -> Verse:
    """Return the verse for a form, an acrostic or both. Raises UsageError for a form that the vocabulary
    cannot fill, or an acrostic with more lines than the form."""
    if form is None:
        return Verse(lexicon, [Line([*map(_itself, opening), REST]) for opening in openings])
    known = lexicon.vocabulary.ids
    lines = lines_of(form, with_marks=COMMA in known and STOP in known)
    if len(openings) > len(lines):
        raise UsageError(f"--acrostic has {len(openings)} lines and --form {len(lines)}")
    for number, opening in enumerate(openings):
        cells = lines[number].cells
        fits = len(opening) <= len(cells) and all(map(accepts, cells, opening))
        if not fits:
            raise UsageError(f"line {number + 1} of --acrostic, {opening!r}, does not fit that of --form")
        lines[number] = lines[number]._replace(cells=[*map(_itself, opening), *cells[len(opening) :]])
    return Verse(lexicon, lines)


def _itself(character: str) -> Cell:
    return Cell(Kind.ITSELF, character)
