"""Units: the part of a text that is one training instance, a line or a paragraph.

A paragraph is the lines between two blank lines. Its tokens are those of its lines, with LINE_END between
lines; only END ends the paragraph.

On its way to the tokenizer a paragraph is one line, with INNER instead of its line ends. No decoded text
contains INNER, as all its line ends are \\n.
"""

import re
from collections.abc import Iterable, Iterator

LINE, PARAGRAPH = "line", "paragraph"
UNITS = (LINE, PARAGRAPH)
LINE_END = "\n"  # the token
INNER = "\r"
BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")  # and the end of the line before them
FIRST_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)+")


def units(lines: Iterable[str], unit: str) -> Iterator[str]:
    """Yield the units of a text that comes in lines: lines, or paragraphs with \\n between their lines.

    If the unit is a line, blank lines are units, too; between paragraphs they are dropped.
    """
    if unit == LINE:
        yield from lines
        return
    held: list[str] = []
    for line in lines:
        if line and not line.isspace():
            held.append(line)
        elif held:
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def units_begun(text: str, unit: str) -> list[str]:
    """Return the units of a text that may go on, such as a prompt: the last may be empty or end with \\n."""
    if unit == LINE:
        return text.split("\n")
    begun = FIRST_BLANK_LINES.match(text)
    return BLANK_LINES.split(text[begun.end() :] if begun else text)


def paragraphs(blocks: Iterable[str]) -> Iterator[str]:
    """Yield a text, in blocks that end anywhere, with each paragraph as one line: INNER replaces the line
    ends inside a paragraph, and blank lines are dropped. The given blocks may end anywhere, too."""
    rest, has_begun = "", False
    for block in blocks:
        rest += block
        if not has_begun and (blank := FIRST_BLANK_LINES.match(rest)):
            rest = rest[blank.end() :]
        text = rest.rstrip()
        if not text:  # white space so far
            rest = BLANK_LINES.sub("\n\n", rest)
            continue
        has_begun = True
        after = rest[len(text) :].find("\n")  # whether the paragraph ends there depends on what follows
        end = len(rest) if after < 0 else len(text) + after
        yield "\n".join(map(as_line, BLANK_LINES.split(rest[:end])))
        rest = BLANK_LINES.sub("\n\n", rest[end:])
    if has_begun:  # white space at the end of its last line
        yield rest.partition("\n")[0]


def paragraph(text: str) -> str:
    """Return a text as one paragraph in one line, even if it has blank lines; "" for a blank text."""
    blank = FIRST_BLANK_LINES.match(text)
    text = text[blank.end() :] if blank else text
    inked = text.rstrip()
    last = text[len(inked) :].partition("\n")[0]
    return as_line(inked + last) if inked else ""


def as_line(unit: str) -> str:
    """Return a unit as one line, as in the blocks for a tokenizer (store/cutting.py)."""
    return unit.replace("\n", INNER)
