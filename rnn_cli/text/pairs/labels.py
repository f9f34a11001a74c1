"""The labels that a model knows, numbered by decreasing count."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rnn_cli.text.checks import is_count, is_text


@dataclass(frozen=True)
class Labels:
    """The names of labels in the order of their ids, and how often each occurred in training.

    is_multi: whether a text may have several labels or none.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    is_multi: bool = False

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], is_multi: bool = False) -> "Labels":
        """Return the labels in the order of decreasing count; those with equal counts, by code point."""
        rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
        return cls(tuple(name for name, _ in rows), tuple(count for _, count in rows), is_multi)

    @cached_property
    def ids(self) -> dict[str, int]:
        return {name: id for id, name in enumerate(self.names)}

    def to_json(self) -> dict[str, Any]:
        """Return the entry for a model's header."""
        entry: dict[str, Any] = {"names": [*zip(self.names, self.counts, strict=True)]}
        return entry | ({"multi": True} if self.is_multi else {})

    @classmethod
    def from_json(cls, entry: object) -> "Labels":
        """Return the labels in a header's entry. Raise ValueError for any other value."""
        match entry:
            case {"names": [*rows], **rest} if rows and all(map(_is_row, rows)):
                names, counts = zip(*rows, strict=True)
                is_multi = rest.get("multi", False)
                if len(set(names)) == len(names) and isinstance(is_multi, bool):
                    return cls(names, counts, is_multi)
        raise ValueError('the labels are not a list of different ["name", count]')


def _is_row(row: object) -> bool:
    match row:
        case [name, count]:
            return is_text(name) and name.strip() != "" and is_count(count)
    return False
