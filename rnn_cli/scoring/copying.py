"""What of a text stands word for word in another: the longest run of characters, and the clauses.

The other text is held with a suffix array (Manber and Myers 1993): the places of its characters, sorted by
what follows them, so that a run is found by bisection. Long texts are held in sections, each of which
overlaps the next by LONGEST characters; a longer run counts as that long.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

SECTION = 1 << 20  # characters; some 50 bytes each while its array is made
LONGEST = 2000  # characters of a run
MOST = 32 << 20  # characters of a text that are held, with some 8 bytes each
CLAUSE = re.compile(r"[^\n,.;:!?，。；：！？、…]+")


class Copied(NamedTuple):
    """What of a text stands in another.

    run: the longest run of characters that does. clauses: how many clauses the text has, the pieces between
    its marks, without spaces around them. copied: how many of those stand in the other text.
    """

    run: str
    clauses: int
    copied: int

    @property
    def share(self) -> float:
        """Of the clauses that stand in the other text; 0 of none."""
        return self.copied / self.clauses if self.clauses else 0.0


class Original:
    """A text to find copies of.

    characters: how many of it are held, line ends counted. is_whole: whether that is all of it.
    """

    def __init__(self, sections: list["_Section"], characters: int, is_whole: bool):
        self._sections, self.characters, self.is_whole = sections, characters, is_whole

    @classmethod
    def of(cls, lines: Iterable[str], most: int | None = None) -> Self:
        """Return the text of some lines, or its first `most` characters; None: MOST."""
        most = MOST if most is None else most
        sections, characters, is_whole, overlap = list[_Section](), 0, True, ""
        for block in _blocks(lines):
            if characters + len(block) > most:
                block, is_whole = block[: most - characters], False
            characters += len(block)
            sections.append(_Section(overlap + block))
            overlap = (overlap + block)[-LONGEST:]
            if not is_whole:
                break
        return cls(sections, characters, is_whole)

    def compare(self, text: str) -> Copied:
        """Return what of a text stands in this one."""
        lengths = [self._run(text, place) for place in range(len(text))]
        best = max(range(len(text)), key=lengths.__getitem__, default=0)
        clauses = [_stripped(found) for found in CLAUSE.finditer(text)]
        clauses = [(first, last) for first, last in clauses if first < last]
        copied = sum(lengths[first] >= min(last - first, LONGEST) for first, last in clauses)
        return Copied(text[best : best + lengths[best]] if text else "", len(clauses), copied)

    def _run(self, text: str, place: int) -> int:
        """Return how many characters from a place on stand here."""
        rest = text[place : place + LONGEST]
        return max((section.longest(rest) for section in self._sections), default=0)


def _stripped(found: re.Match[str]) -> tuple[int, int]:
    """Return where a clause begins and ends without the spaces around it."""
    clause = found[0]
    return found.start() + len(clause) - len(clause.lstrip()), found.end() - len(clause) + len(
        clause.rstrip()
    )


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Yield the text of some lines, each ended, in blocks of SECTION characters."""
    held, size = list[str](), 0
    for line in lines:
        held.append(line + "\n")
        size += len(line) + 1
        if size >= SECTION:
            text = "".join(held)
            whole = len(text) - len(text) % SECTION
            yield from (text[place : place + SECTION] for place in range(0, whole, SECTION))
            held, size = [text[whole:]], len(text) - whole
    if size:
        yield "".join(held)


class _Section:
    """A part of a text with its suffix array."""

    def __init__(self, text: str):
        self._text, self._places = text, _suffixes(text)

    def longest(self, text: str) -> int:
        """Return how many characters of a text, from its first on, stand here together."""
        low, high = 0, len(self._places)
        while low < high:
            middle = (low + high) // 2
            place = int(self._places[middle])
            if self._text[place : place + len(text)] < text:
                low = middle + 1
            else:
                high = middle
        neighbours = self._places[max(low - 1, 0) : low + 1].tolist()  # the nearest share the most with it
        return max((_shared(text, self._text, place) for place in neighbours), default=0)


def _shared(text: str, other: str, place: int) -> int:
    """Return how many first characters two texts share, the other from a place on."""
    low, high = 0, min(len(text), len(other) - place)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if other.startswith(text[:middle], place) else (low, middle - 1)
    return low


def _suffixes(text: str) -> NDArray[np.int32]:
    """Return the places of a text, sorted by what follows them up to LONGEST characters.

    By doubling: ranks by k characters, of each place and of that k further, are ranks by 2 k characters.
    """
    rank = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.int64) + 1
    k, order = 1, np.arange(len(rank))
    while True:
        beyond = np.zeros(len(rank), np.int64)
        beyond[: max(len(rank) - k, 0)] = rank[k:]
        key = (rank << 32) | beyond
        order = np.argsort(key)
        ordered = key[order]
        new = np.cumsum(np.append(1, ordered[1:] != ordered[:-1])) if len(key) else order
        rank = np.empty(len(key), np.int64)
        rank[order] = new
        k *= 2
        if not len(key) or new[-1] == len(key) or k >= LONGEST:
            return order.astype(np.int32)
