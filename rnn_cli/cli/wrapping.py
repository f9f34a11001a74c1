"""Messages wrapped between words at the width of a terminal, which itself would break them anywhere."""

import os
import re
from collections.abc import Iterator
from typing import TextIO

from rnn_cli.printing import columns

# What people copy: a command, in backquotes or from its program to the end of the clause; an option and its
# value.
QUOTED = r"`[^`]*`"
COMMAND = r"\b(?:rnn|pip) -{0,2}[a-z][^`;,()；，（）：。、]*[^`;,()；，（）：。、\s]"
OPTION = r"(?<!\S)--[a-z][a-z-]* (?:'[^']*'|[^\W-][!-~]*)"
PIECES = re.compile(rf"{QUOTED}|{COMMAND}|{OPTION}|\s+|\S")
NEVER_FIRST = frozenset("，。、；：？！）》」』”’…,.;:?!)]}'\"")  # of a line
NEVER_LAST = frozenset("（《「『“‘([{")


def fit(text: str, stream: TextIO) -> str:
    """Return a printable message as a stream shows it: wrapped if the stream is a terminal of known width,
    otherwise as it is."""
    return "\n".join(wrapped(text, width)) if (width := _width(stream)) else text


def wrapped(text: str, width: int) -> list[str]:
    """Return a printable text as lines of at most `width` columns.

    A line ends between two words, or next to a Chinese character. A command or a word that is longer than a
    line stays whole: the terminal breaks it, and it can still be copied. All lines are indented as the first
    is.
    """
    indent = text[: len(text) - len(text.lstrip())]
    lines, line, gap = [], indent, ""
    for atom in _atoms(text.lstrip()):
        if atom.isspace():
            gap = atom
            continue
        if line != indent and columns(line + gap + atom) > width:
            lines.append(line)
            line, gap = indent, ""
        line, gap = line + gap + atom, ""
    return [*lines, line]


def _atoms(text: str) -> Iterator[str]:
    """Yield the pieces that no line end may split (words, commands, Chinese characters with their
    punctuation), and the spaces between them."""
    atom = ""
    for found in PIECES.finditer(text):
        piece = found[0]
        if atom and _may_part(atom, piece):
            yield atom
            atom = ""
        atom += piece
    if atom:
        yield atom


def _may_part(before: str, after: str) -> bool:
    if before.isspace() or after.isspace():
        return True
    if before[-1] in NEVER_LAST or after[0] in NEVER_FIRST or columns(after[0]) == 0:
        return False
    return columns(before[-1]) == 2 or columns(after[0]) == 2


def _width(stream: TextIO) -> int:
    """Return the columns of a stream's terminal; 0 if it is not a terminal or its width is unknown."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):  # no file
        return 0
