"""What a file must hold where a text or a count is expected: shared by all that reads JSON or words."""

import math
import re
from typing import Any, TypeGuard

MOST = 1 << 53  # the largest count: up to here a float holds every whole number
SURROGATES = re.compile("[\ud800-\udfff]")  # halves of characters, which no text in UTF-8 can hold


def is_text(value: object) -> TypeGuard[str]:
    """Return whether a value is a string of whole characters."""
    return isinstance(value, str) and not SURROGATES.search(value)


def is_count(value: object, least: int = 0) -> TypeGuard[int]:
    """Return whether a value is a whole number from `least` to MOST (True and False are not)."""
    return type(value) is int and least <= value <= MOST


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a finite number (True and False are not)."""
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def refuse_one_string(texts: Any) -> None:
    """Raise TypeError for a string where several are needed: it would be read letter by letter."""
    if isinstance(texts, str):
        raise TypeError("one string, and lines are needed: a list of strings (text.splitlines())")
