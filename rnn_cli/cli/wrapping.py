"""Messages on a terminal, broken between words at its width: the terminal itself breaks them anywhere."""

import os
import re
from collections.abc import Iterator
from typing import TextIO

from rnn_cli.printing import columns

# What is copied: a command, in backquotes or from its program to the end of the clause; an option, its value.
QUOTED = r"`[^`]*`"
COMMAND = r"\b(?:rnn|pip) -{0,2}[a-z][^`;,()；，（）：。、]*[^`;,()；，（）：。、\s]"
OPTION = r"(?<!\S)--[a-z][a-z-]* (?:'[^']*'|[^\W-][!-~]*)"
PIECES = re.compile(rf"{QUOTED}|{COMMAND}|{OPTION}|\s+|\S")
NEVER_FIRST = frozenset("，。、；：？！）》」』”’…,.;:?!)]}'\"")  # of a line
NEVER_LAST = frozenset("（《「『“‘([{")


def fit(text: str, stream: TextIO) -> str:
    """Return a printable message as a stream shows it: broken into lines where it is a terminal of a known
    width, else as it is."""
    return "\n".join(wrapped(text, width)) if (width := _width(stream)) else text


def wrapped(text: str, width: int) -> list[str]:
    """Return a printable text in lines of at most so many columns.

    A line ends between two words, or beside a Chinese character. A command and a word that are longer than a
    line are left whole: the terminal breaks them, and they can be copied. Lines are indented as the first.
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
    """Yield what no line end may part: words, commands, Chinese characters with their punctuation; and the
    spaces between them."""
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
    """Return the columns of a stream's terminal; 0 where it is none, or does not know."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):  # no file
        return 0
