"""Checking JSON, which may contain anything, against type annotations before use."""

import math
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, get_args


def check_types(hints: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    """Raise ValueError for an entry that has no annotation, or is not of its annotated type.

    Numbers must be finite and not negative. Generic annotations such as list[str] are not checked.
    """
    for name, value in said.items():
        hint = hints.get(name, NoneType)
        allowed = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        if all(isinstance(each, type) for each in allowed) and not any(
            _is_a(value, each) for each in allowed
        ):
            raise ValueError(f"{name} is {value!r}")


def _is_a(value: Any, kind: type) -> bool:
    if kind not in (int, float):
        return isinstance(value, kind)
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        return False
    try:
        return math.isfinite(value) and value >= 0
    except OverflowError:  # too large for a float
        return False
