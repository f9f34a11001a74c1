"""Finding what a text has copied from another: the longest run of characters, and the clauses.

The other text is held with a suffix array (Manber and Myers 1993): the places of its characters, sorted by
what follows them, so that a run is found by bisection. A long text is held in sections, each of which
overlaps the next by LONGEST characters; a longer run counts as LONGEST.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

SECTION = 1 << 20  # characters, each of which takes about 50 bytes while the suffix array is made
LONGEST = 2000  # the most characters of a run
MOST = 32 << 20  # the most characters of a text that are held, each with about 8 bytes
CLAUSE = re.compile(r"[^\n,.;:!?，。；：！？、…]+")


class Copied(NamedTuple):
    """What a text has copied from another.

    run: the longest run of characters that is in both. clauses: the number of clauses in the text, which are
    the pieces between its punctuation marks, without spaces around them. copied: how many of these clauses
    are in the other text.
    """

    run: str
    clauses: int
    copied: int

    @property
    def share(self) -> float:
        """The share of the clauses that are in the other text; 0 without clauses."""
        return self.copied / self.clauses if self.clauses else 0.0


class Original:
    """A text that others may have copied from.

    characters: how many of its characters, with line ends, are held. is_whole: whether these are all.
    """

    def __init__(self, sections: list["_Section"], characters: int, is_whole: bool):
        self._sections, self.characters, self.is_whole = sections, characters, is_whole

    @classmethod
    def of(cls, lines: Iterable[str], most: int | None = None) -> Self:
        """Make one of some lines, or of their first `most` characters; None: MOST."""
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
        """Return what a text has copied from this one."""
        lengths = [self._run(text, place) for place in range(len(text))]
        best = max(range(len(text)), key=lengths.__getitem__, default=0)
        clauses = [_stripped(found) for found in CLAUSE.finditer(text)]
        clauses = [(first, last) for first, last in clauses if first < last]
        copied = sum(lengths[first] >= min(last - first, LONGEST) for first, last in clauses)
        return Copied(text[best : best + lengths[best]] if text else "", len(clauses), copied)

    def _run(self, text: str, place: int) -> int:
        """Return the length of the longest run that begins at a place in `text` and is in this text."""
        rest = text[place : place + LONGEST]
        return max((section.longest(rest) for section in self._sections), default=0)


def _stripped(found: re.Match[str]) -> tuple[int, int]:
    """Return the begin and end of a clause without the spaces around it."""
    clause = found[0]
    return found.start() + len(clause) - len(clause.lstrip()), found.end() - len(clause) + len(
        clause.rstrip()
    )


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Yield the text of some lines, each with its line end, in blocks of SECTION characters."""
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
    """A section of a text with its suffix array."""

    def __init__(self, text: str):
        self._text, self._places = text, _suffixes(text)

    def longest(self, text: str) -> int:
        """Return the length of the longest prefix of a text that is in this section."""
        low, high = 0, len(self._places)
        while low < high:
            middle = (low + high) // 2
            place = int(self._places[middle])
            if self._text[place : place + len(text)] < text:
                low = middle + 1
            else:
                high = middle
        neighbours = self._places[max(low - 1, 0) : low + 1].tolist()  # one has the longest prefix of `text`
        return max((_shared(text, self._text, place) for place in neighbours), default=0)


def _shared(text: str, other: str, place: int) -> int:
    """Return the length of the common prefix of `text` and of `other` from a place on."""
    low, high = 0, min(len(text), len(other) - place)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if other.startswith(text[:middle], place) else (low, middle - 1)
    return low


def _suffixes(text: str) -> NDArray[np.int32]:
    """Return the places of a text, sorted by at least LONGEST characters from each place on.

    By doubling: the ranks by k characters at each place and at the place k further on give the ranks by 2 k
    characters.
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
