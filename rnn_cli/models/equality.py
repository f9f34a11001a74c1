"""Equality of models."""

from dataclasses import fields
from typing import Any

import numpy as np

OF_NO_MATTER = ("p", "history")  # fields that `==` does not compare directly


class Comparable:
    """Base of model dataclasses with arrays `p`: models of one type are equal if they predict the same."""

    def __eq__(self, other: object) -> bool:
        """Return whether both predict the same; their histories may differ."""
        if type(other) is not type(self):
            return NotImplemented
        names = [field.name for field in fields(self) if field.name not in OF_NO_MATTER]  # type: ignore[arg-type]
        if any(getattr(self, name) != getattr(other, name) for name in names):
            return False
        p, q = _arrays(self), _arrays(other)
        return p.keys() == q.keys() and all(np.array_equal(p[name], q[name]) for name in p)

    __hash__ = None  # type: ignore[assignment]


def _arrays(model: Any) -> dict[str, Any]:
    arrays: dict[str, Any] = model.p
    return arrays
