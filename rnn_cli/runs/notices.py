"""Reports made while a text is read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """A message to the person who started the run.

    is_warning: whether something may be wrong.
    """

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Reading:
    """Progress in reading a text: `done` of `total` bytes."""

    done: int
    total: int
