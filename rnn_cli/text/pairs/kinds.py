"""What a pair is, for each task: a row of KINDS.

    task        a line of a file                     the cell beside the text
    classify    text <TAB> label                     labels: one, or several as __label__a __label__b
    rate        text <TAB> number                    a number
    generate    label <TAB> text                     one label
    translate   source <TAB> target                  a text
    tag         tokens <TAB> tags, or CoNLL          a tag for each token

A text may be empty; the cell beside it may not, except for a target that is scored or tested. Several labels
are written in fastText's form, as a comma or a space may be part of a name; a JSON cell may be a list.
"""

import math
import re
from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

from rnn_cli.text.checks import is_text

LABEL = "__label__"  # precedes each label in fastText's files
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

MOST = 1e15  # the largest score: the squares of many such scores can be summed

LABELS, TAGS, SCORE, TARGET = "labels", "tags", "score", "target"

Beside = tuple[str, ...]  # labels or tags; a number or a text is one string


class Kind(NamedTuple):
    """The pairs of one task.

    columns: the names of the two columns, in the order of a line.
    text_at: which of them is the text (for translate, the source).
    holds: what is in the other cell: LABELS of the text, TAGS, one for each token, a SCORE or a TARGET.
    beside: reads that cell. Raises ValueError, which says what is wrong with it.
    """

    columns: tuple[str, str]
    text_at: int
    holds: str
    beside: Callable[[Any], Beside]

    def scored(self, cell: Any) -> Beside:
        """Read the cell beside the text in a pair that is not learned from: a target may be empty. Raises
        ValueError as `beside` does."""
        if self.holds == TARGET and isinstance(cell, str) and not cell.strip():
            return ("",)
        return self.beside(cell)

    @property
    def is_labelled(self) -> bool:
        """Whether the other cell holds labels or tags, which a model numbers."""
        return self.holds in (LABELS, TAGS)

    @property
    def line(self) -> str:
        """The form of a line, for messages."""
        return "<TAB>".join(self.columns)


def labels(cell: Any) -> Beside:
    """Return the labels in a cell: its words if they begin with __label__, the items of a list, or one."""
    if isinstance(cell, list):
        found = [_one(item) for item in cell]
        return tuple(dict.fromkeys(found))
    text = _one(cell)
    if not text.startswith(LABEL):
        return (text,)
    words = text.split()
    names = [word.removeprefix(LABEL) for word in words]
    if not all(word.startswith(LABEL) for word in words):
        raise ValueError(f"{LABEL} precedes only some words of the label")
    if not all(names):
        raise ValueError(f"no name after {LABEL}")
    return tuple(dict.fromkeys(names))


def label(cell: Any) -> Beside:
    """Return the one label in a cell."""
    found = labels(cell)
    if len(found) != 1:
        raise ValueError(f"{len(found)} labels instead of one")
    return found


def number(cell: Any) -> Beside:
    """Return the number in a cell, in Python's notation."""
    text = _one(cell)
    if NUMBER.fullmatch(text) and MOST < abs(float(text)) < math.inf:
        raise ValueError(f"{text[:40]!r} is beyond {MOST:g} (scores are numbers from {-MOST:g} to {MOST:g})")
    if not NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        has_comma = "," in text and NUMBER.fullmatch(text.replace(",", "."))
        more = " (a decimal point is needed, not a comma)" if has_comma else ""
        raise ValueError(f"{text[:40]!r} is not a finite number{more}")
    return (repr(float(text)),)


def text(cell: Any) -> Beside:
    """Return the text in a cell."""
    if not isinstance(cell, str):
        raise ValueError("no text")
    _one(cell)
    return (cell.replace("\r\n", "\n").replace("\r", "\n"),)


def tags(cell: Any) -> Beside:
    """Return the tags in a cell, separated by white space or given as a list."""
    if isinstance(cell, list):
        cell = " ".join(_one(item) for item in cell)
    return tuple(cell.split()) if isinstance(cell, str) else ()


def _one(cell: Any) -> str:
    """Return a cell as text without white space around it. Raise ValueError for an empty or invalid cell."""
    if isinstance(cell, bool) or (isinstance(cell, Real) and math.isfinite(cell)):
        return str(cell).lower() if isinstance(cell, bool) else str(cell)
    if not (cell is None or is_text(cell)):
        raise ValueError("half a surrogate pair" if isinstance(cell, str) else f"{cell!r}"[:40])
    found = " ".join((cell or "").split("\n")).strip()
    if not found:
        raise ValueError("nothing in it")
    return found


COLUMN = re.compile(  # common names of columns
    "(text|sentence|review|comment|message|doc|document|title|tweet|token|word|name|source|target|label|class|"
    "tag|score|rating|star|value|output|input)(e?s)?|category|categories|content|body|sentiment|intent|topic|y|"
    "src|tgt|文本|内容|句子|评论|标题|正文|标签|类别|分类|情感|评分|分数|得分|打分|原文|译文|源文|目标|词|词性|姓名",
    re.IGNORECASE,
)
SIDE = re.compile(
    "english|french|german|spanish|chinese|japanese|russian|italian|korean|portuguese|en|fr|de|es|zh|ja|ru|"
    "[中英法德日俄韩][文语]|汉语|西班牙语",
    re.IGNORECASE,
)
QUOTES = " \t#\"'_"  # around a name


def is_column_name(cell: str) -> bool:
    """Return whether a cell looks like the name of a column."""
    return COLUMN.fullmatch(cell.strip(QUOTES)) is not None


def is_name_of_side(cell: str) -> bool:
    """Return whether a cell looks like the name of a column of sources or targets."""
    return is_column_name(cell) or SIDE.fullmatch(cell.strip(QUOTES)) is not None


KINDS = {
    "classify": Kind(("text", "label"), 0, LABELS, labels),
    "rate": Kind(("text", "score"), 0, SCORE, number),
    "generate": Kind(("label", "text"), 1, LABELS, label),
    "translate": Kind(("source", "target"), 0, TARGET, text),
    "tag": Kind(("tokens", "tags"), 0, TAGS, tags),
}
