"""The notation for forms: numbers, or lines of cells.

    5,5,5,5     four lines of five characters          7x8     eight lines of seven

If the model knows ， and 。 as tokens, every second of these lines and the last one end with 。 and the
others with ，. Otherwise the lines end without marks, and spaces and marks count as characters.

Anything else is taken as the lines themselves. □ stands for a letter or a digit, ■ for any character (a line
neither begins nor ends with a space there), and all other characters for themselves:

    □□，□□，□□□□□。
"""

import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

LETTER_CELL, ANY_CELL = "□", "■"
COMMA, STOP = "，", "。"
MOST_CHARACTERS = 10_000  # in a form
NUMBERS = re.compile(r"\s*\d+\s*(x\s*\d+\s*)?([,，]\s*\d+\s*(x\s*\d+\s*)?)*")
LENGTH = re.compile(r"(\d+)\s*(?:x\s*(\d+))?")


class Kind(Enum):
    LETTER = auto()  # a letter or a digit
    ANY = auto()
    EDGE = auto()  # any character except a space
    ITSELF = auto()  # the cell's own character
    TURN = auto()  # zero width: END or nothing
    END = auto()  # zero width: END
    REST = auto()  # any number of tokens, then END


class Cell(NamedTuple):
    kind: Kind
    character: str = ""


TURN, END_OF_LINE, REST = Cell(Kind.TURN), Cell(Kind.END), Cell(Kind.REST)
WITHOUT_WIDTH = (Kind.TURN, Kind.END, Kind.REST)


class Line(NamedTuple):
    """A line of a form.

    breaks: the line ends before it: 1, or more if there are empty lines.
    """

    cells: list[Cell]
    breaks: int = 1


def is_numbers(form: str) -> bool:
    """Return whether a form is written in numbers."""
    return NUMBERS.fullmatch(form) is not None


def is_form(text: str) -> bool:
    """Return whether a text is a form: numbers, or lines with a cell to fill."""
    return is_numbers(text) or LETTER_CELL in text or ANY_CELL in text


def check_form(form: str) -> None:
    """Raise ValueError for a text that is not a form, or is too long."""
    if not is_form(form):
        raise ValueError(f"form is {form[:40]!r}: it must be numbers (5,5,5,5 or 7x8) or lines of □ or ■")
    if is_numbers(form):
        counts = [(int(number), int(times or 1)) for number, times in LENGTH.findall(form)]
        if not all(number and times for number, times in counts):
            raise ValueError(f"form is {form[:40]!r}: a line has 1 character or more")
        characters = sum(number * times for number, times in counts)
    else:
        characters = len(form)
    if characters > MOST_CHARACTERS:
        raise ValueError(f"form has {characters:,} characters: at most {MOST_CHARACTERS:,} are possible")


def openings_of(acrostic: str | Iterable[str]) -> tuple[str, ...]:
    """Return the beginnings of an acrostic's lines. Raises ValueError if there are none, or an empty one."""
    if isinstance(acrostic, str):
        parted = re.split("[,，]", acrostic)
        acrostic = parted if len(parted) > 1 else acrostic
    openings = tuple(opening.strip() for opening in acrostic)
    if not openings or not all(openings) or any("\n" in opening for opening in openings):
        raise ValueError("acrostic is empty or has an empty line: each line needs a beginning")
    return openings


def lines_of(form: str, with_marks: bool) -> list[Line]:
    """Return the lines of a form that `check_form` accepts.

    with_marks: whether lines given as numbers end with ， and 。.
    """
    if not is_numbers(form):
        return [*_drawn(form)]
    counts = [int(number) for number, times in LENGTH.findall(form) for _ in range(int(times or 1))]
    if not with_marks:
        return [Line(_cells(ANY_CELL * count)) for count in counts]
    last = len(counts)
    marks = [STOP if place % 2 == 0 or place == last else COMMA for place in range(1, last + 1)]
    return [Line(_cells(LETTER_CELL * count + mark)) for count, mark in zip(counts, marks, strict=True)]


def _drawn(form: str) -> Iterable[Line]:
    breaks = 0
    for line in form.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        breaks += 1
        if line.strip():
            yield Line(_cells(line.strip()), breaks)
            breaks = 0


def _cells(line: str) -> list[Cell]:
    cells = [_CELLS.get(character, Cell(Kind.ITSELF, character)) for character in line]
    for edge in (0, -1):
        if cells[edge].kind is Kind.ANY:
            cells[edge] = Cell(Kind.EDGE)
    return cells


_CELLS = {LETTER_CELL: Cell(Kind.LETTER), ANY_CELL: Cell(Kind.ANY)}
