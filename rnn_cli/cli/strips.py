"""Numbers drawn as colours, or as blocks on a terminal without colours."""

import itertools
import os
import sys
from collections.abc import Sequence

NONE, INDEXED, FULL = range(3)  # colours of a terminal: none, 256, 24 bits
Colour = tuple[int, int, int]

WIDTH = 80  # columns, where there is no terminal
BLUES = (236, 17, 18, 19, 26, 32, 39, 75)  # of xterm's 256 colours, from 0 to -1
ORANGES = (236, 52, 94, 130, 136, 172, 208, 214)  # from 0 to 1
LEAST: Colour = (70, 150, 255)  # of -1
MIDDLE: Colour = (40, 40, 44)  # of 0
MOST: Colour = (255, 160, 50)  # of 1
RESET = "\x1b[0m"
BOLD = "\x1b[1m"
HEIGHTS = "▁▂▃▄▅▆▇█"
LENGTHS = " ▏▎▍▌▋▊▉█"


def colours() -> int:
    """Return which colours standard output shows: none if it is not a terminal, or if NO_COLOR is set."""
    terminal = os.environ.get("TERM", "")
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty() or terminal in ("", "dumb"):
        return NONE
    if os.environ.get("COLORTERM") in ("truecolor", "24bit") or terminal.endswith("-direct"):
        return FULL
    return INDEXED if "256color" in terminal else NONE


def width() -> int:
    """Return COLUMNS, or else the columns of standard output's terminal; WIDTH if there is neither."""
    return room() or WIDTH


def room() -> int | None:
    """Return COLUMNS, or else the columns of standard output's terminal; None if there is neither."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):  # no terminal, or no file
        return None


def strip(values: Sequence[float], cells: int, least: float, most: float, depth: int = NONE) -> str:
    """Return numbers from `least` to `most` as a strip of `cells` cells: colours, or blocks whose height is
    the value. If there are more numbers than cells, each cell shows a group of them (`grouped`); if there are
    fewer, each number fills several cells."""
    shown = [value for value in grouped(values, cells) for _ in range(max(1, cells // max(1, len(values))))]
    span = most - least or 1.0
    shares = [min(1.0, max(0.0, (value - least) / span)) for value in shown]
    if depth == NONE:
        drawn = "".join(HEIGHTS[round(share * (len(HEIGHTS) - 1))] for share in shares)
    else:
        zero = min(1.0, max(0.0, -least / span))
        codes = [_background(share, zero, depth) for share in shares]
        drawn, last = "", ""
        for code in codes:
            drawn += " " if code == last else f"{code} "
            last = code
        drawn += RESET if codes else ""
    return drawn + " " * (cells - len(shown))


def bar(share: float, cells: int) -> str:
    """Return a bar of `cells` cells, filled to a share from 0 to 1. A single cell is filled from below."""
    share = min(1.0, max(0.0, share))
    if cells == 1:
        return HEIGHTS[round(share * (len(HEIGHTS) - 1))]
    full, rest = divmod(round(share * cells * 8), 8)
    return ("█" * full + (LENGTHS[rest] if rest else "")).ljust(cells)


def sparkline(values: Sequence[float], least: float, most: float, cells: int) -> str:
    """Return a time series as blocks whose height is the value, at most `cells` of them."""
    if len(values) > cells:
        values = [values[k * (len(values) - 1) // (cells - 1)] for k in range(cells)]
    return strip(values, len(values), least, most)


def grouped(values: Sequence[float], cells: int) -> list[float]:
    """Return the numbers or, if there are more than `cells`, the one farthest from 0 in each of `cells` equal
    groups."""
    if len(values) <= cells:
        return [*values]
    ends = [k * len(values) // cells for k in range(cells + 1)]
    return [max(values[a:b], key=abs) for a, b in itertools.pairwise(ends)]


def _background(share: float, zero: float, depth: int) -> str:
    """Return the escape code of the colour for a share from 0 to 1; `zero` is the share of the number 0."""
    if share >= zero:
        end, ramp, way = MOST, ORANGES, (share - zero) / (1 - zero or 1.0)
    else:
        end, ramp, way = LEAST, BLUES, (zero - share) / zero
    if depth == INDEXED:
        return f"\x1b[48;5;{ramp[round(way * (len(ramp) - 1))]}m"
    colour = (round(a + way * (b - a)) for a, b in zip(MIDDLE, end, strict=True))
    return "\x1b[48;2;{};{};{}m".format(*colour)
