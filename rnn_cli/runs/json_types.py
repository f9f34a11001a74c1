"""JSON that may be anything, before it is used as what it should be."""

import math
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, get_args


def check_types(hints: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    """Raises ValueError for an entry that no annotation is for, or that is not of the type annotated. Numbers
    are finite and not negative. An annotation like list[str] is not looked at."""
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
    is_number = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0
