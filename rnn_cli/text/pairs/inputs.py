"""Lines to predict for: the text of a line, without its companion (label, number, tags or target)."""

from itertools import takewhile
from typing import NamedTuple

from rnn_cli.text.pairs.kinds import KINDS, LABEL


class Input(NamedTuple):
    """A text, and whether the line also held a label, a number, tags or a target, which was left out."""

    text: str
    has_beside: bool


def text_of(line: str, task: str) -> Input:
    """Return the text of a line, which is given without its line end: the part before the first tab, or after
    it for `generate`, without fastText's labels (`__label__x text`)."""
    cells = line.split("\t", 1)
    text = cells[KINDS[task].text_at] if len(cells) > 1 else line
    words = text.split()
    labels = len([*takewhile(lambda word: word.startswith(LABEL), words)])
    return Input(" ".join(words[labels:]) if labels else text, len(cells) > 1 or labels > 0)
