"""Checks of values that should be texts, counts or numbers, shared by all code that reads JSON or words."""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

MOST = 1 << 53  # the largest count: a float represents every whole number up to here
SURROGATES = re.compile("[\ud800-\udfff]")  # halves of characters, which UTF-8 cannot encode


def is_text(value: object) -> TypeGuard[str]:
    """Return whether a value is a string of whole characters."""
    return isinstance(value, str) and not SURROGATES.search(value)


def is_count(value: object, least: int = 0) -> TypeGuard[int]:
    """Return whether a value is a whole number from `least` to MOST (True and False are not)."""
    return type(value) is int and least <= value <= MOST


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a finite number (True and False are not)."""
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def each_text(texts: Iterable[Any], what: str = "text") -> Iterator[str]:
    """Yield the texts. Raise TypeError for a single string, a value that is not iterable, or an element that
    is not a string.

    what: the name of an element in the message.
    """
    refuse_one_string(texts)
    if not isinstance(texts, Iterable):
        raise TypeError(f"a list of strings is needed, and this is {_kind(texts)}")
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise TypeError(f"{what} {number} is {_kind(text)}, and a string is needed")
        yield text


def refuse_no_string(text: Any, what: str) -> None:
    """Raise TypeError for a value that is not a string. what: its name in the message."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is {_kind(text)}, and a string is needed")


def _kind(value: Any) -> str:
    return "None" if value is None else f"of the type {type(value).__name__}"


def refuse_one_string(texts: Any) -> None:
    """Raise TypeError for one string where several are needed: it would be read letter by letter."""
    if isinstance(texts, str | bytes):
        raise TypeError("one string, and lines are needed: a list of strings (text.splitlines())")
