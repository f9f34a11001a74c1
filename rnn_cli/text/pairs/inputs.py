"""A line to predict for: a text, without what may stand beside it."""

from itertools import takewhile
from typing import NamedTuple

from rnn_cli.text.pairs.kinds import KINDS, LABEL


class Input(NamedTuple):
    """A text, and whether the line held a label, a number, tags or a target too, which was left out."""

    text: str
    has_beside: bool


def text_of(line: str, task: str) -> Input:
    """Return the text of a line without its end: what stands before the first tab, without fastText's labels
    (`__label__x text`). Of a line of `generate` the text stands after the tab."""
    cells = line.split("\t", 1)
    text = cells[KINDS[task].text_at] if len(cells) > 1 else line
    words = text.split()
    labels = len([*takewhile(lambda word: word.startswith(LABEL), words)])
    return Input(" ".join(words[labels:]) if labels else text, len(cells) > 1 or labels > 0)
