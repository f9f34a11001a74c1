"""How often a run is saved between the ends of its epochs."""

import re
from typing import NamedTuple, Self

SECONDS = {"s": 1, "m": 60, "h": 3600}


class Interval(NamedTuple):
    """A number of steps or of seconds; with neither, as often as costs little (checkpoint.py)."""

    steps: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the interval of `500` (steps), `30s`, `10m` or `2h`. Raises ValueError."""
        found = re.fullmatch(r"([1-9][0-9]{0,8})([smh]?)", text)
        if found is None:
            raise ValueError(f"{text!r} is neither a time, like 30s, 10m and 2h, nor a number of steps")
        number, unit = int(found[1]), found[2]
        return cls(seconds=number * SECONDS[unit]) if unit else cls(steps=number)
