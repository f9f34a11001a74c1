"""Text that is safe to print, and its width."""

import unicodedata
from collections.abc import Iterable


def printable(text: str) -> str:
    """Return the text as one line, without anything that moves a terminal's cursor or changes its colours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def counted(number: int, noun: str) -> str:
    """Return a number and its noun: "1 line", "2,000 lines"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def columns(text: str) -> int:
    """Return the number of terminal columns that a printable text takes: two for a Chinese character, none
    for a combining mark."""
    return sum(map(_columns_of, text))


def fitted(text: str, width: int) -> str:
    """Return a printable text in exactly `width` columns: padded with spaces, or cut and ended by …."""
    free = width - columns(text)
    if free >= 0:
        return text + " " * free
    kept, left = "", width - 1
    for character in text:
        left -= _columns_of(character)
        if left < 0:
            break
        kept += character
    return kept + "…" + " " * (width - 1 - columns(kept)) if width > 0 else ""


def aligned(texts: Iterable[str], widths: Iterable[int]) -> str:
    """Return texts as the cells of a row, each padded to the width of its column, never cut; a negative width
    aligns the text to the right."""
    cells = zip(texts, widths, strict=False)
    rows = (" " * (-width - columns(text)) + text + " " * (width - columns(text)) for text, width in cells)
    return " ".join(rows).rstrip()


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
