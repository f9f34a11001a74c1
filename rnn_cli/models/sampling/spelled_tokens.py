"""The tokens of a vocabulary as arrays of their characters, to compare them all at once."""

import unicodedata
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.sampling.patterns import Cell, Kind
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.vocabulary import SPECIAL

PAD, LETTER, SPACE, MARK = range(4)  # classes of characters; PAD follows the last character of a token
NEVER = -1


class SpelledTokens:
    """The characters of each token of a lexicon, by id: (m,) and (m, width) arrays. START, END and UNK are
    empty.

    width: the number of characters stored per token; the rest are cut off.
    """

    def __init__(self, lexicon: Lexicon, width: int):
        tokens = [""] * SPECIAL + [*lexicon.vocabulary.tokens]
        self.m, self.width = len(tokens), min(width, max(map(len, tokens), default=0))
        self.lengths = np.array([*map(len, tokens)], np.int32)
        text = "".join(token[: self.width].ljust(self.width, "\0") for token in tokens)
        points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        self._points = points.reshape(self.m, self.width)
        self.separated = lexicon.tokenizer.separator != ""

    @cached_property
    def _classes(self) -> NDArray[np.uint8]:
        points, which = np.unique(self._points, return_inverse=True)
        classes = np.array([_class_of(chr(point)) for point in points], np.uint8)[which]
        inside = np.arange(self.width) < self.lengths[:, None]
        return np.where(inside, classes.reshape(self._points.shape), PAD).astype(np.uint8)

    def fit(self, cells: tuple[Cell, ...], is_open: bool = False) -> NDArray[np.int32]:
        """Return how many of the cells each token fills, starting with the first, (m,); NEVER for one that
        does not fit.

        is_open: whether a token may extend beyond the last cell.
        """
        fits = self.lengths > 0
        if not is_open:
            fits &= self.lengths <= len(cells)
        for place, cell in enumerate(cells[: self.width]):
            fits &= self._fits(cell, place) | (self.lengths <= place)
        return np.where(fits, np.minimum(self.lengths, len(cells)), NEVER).astype(np.int32)

    def _fits(self, cell: Cell, place: int) -> NDArray[np.bool_]:
        """Return whether a cell accepts the character at a place of each token."""
        classes = self._classes[:, place]
        match cell.kind:
            case Kind.LETTER:
                return classes == LETTER
            case Kind.ANY:
                return classes != PAD
            case Kind.EDGE:
                return (classes != PAD) & (classes != SPACE)
            case _:
                return (self._points[:, place] == ord(cell.character)) & (classes != PAD)


def accepts(cell: Cell, character: str) -> bool:
    """Return whether a cell accepts a character."""
    is_space = character.isspace()
    match cell.kind:
        case Kind.LETTER:
            return _class_of(character) == LETTER
        case Kind.ANY:
            return True
        case Kind.EDGE:
            return not is_space
        case _:
            return character == cell.character


def _class_of(character: str) -> int:
    if character.isspace():
        return SPACE
    return LETTER if unicodedata.category(character)[0] in "LMN" else MARK
