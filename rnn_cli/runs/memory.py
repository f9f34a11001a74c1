"""The memory limit of a run, and advice on what to lower when a run would exceed it."""

from collections.abc import Iterator

from rnn_cli.errors import RnnError
from rnn_cli.machine import resident_memory, total_memory
from rnn_cli.runs.checks import flag
from rnn_cli.training.demand import Demand, Demanding

LEAST = 16  # the smallest value to try when a size is halved
FAR = 8  # times the limit: beyond this the exact demand is not computed


def refuse_beyond(limit: int | None, shape: Demanding, demand: Demand | None = None) -> None:
    """Raise RnnError for a run that would take more bytes than `limit`, or than the machine has. demand: the
    run's, if already known."""
    allowed = min((size for size in (limit, total_memory()) if size), default=None)
    if allowed is None:
        return
    needed, about = (demand.total, "") if demand else _needed(shape, allowed)
    if needed <= allowed:
        return
    whose = "--max-memory allows" if allowed == limit else "this machine has"
    ways = " or ".join(_ways_under(shape, allowed))
    names = ", ".join(flag(name, "").rstrip() for name in (*shape.sizes, "threads"))
    way_out = f"{ways} would be under it" if ways else f"lower {names}"
    what = f"this run would take {about}{in_units(needed)} at its peak"
    raise RnnError(f"{what} and {whose} {in_units(allowed)}: {way_out}")


def _needed(shape: Demanding, allowed: int) -> tuple[int, str]:
    """Return the bytes needed, only as exactly as it takes to decide whether they are allowed, and words that
    say how exactly."""
    if (least := shape.least()) > allowed:
        return least, "more than "
    if (ample := shape.ample(resident_memory())) <= allowed or ample > FAR * allowed:
        return ample, "up to "
    return shape.demand(resident_memory()).total, ""


def _ways_under(shape: Demanding, allowed: int) -> Iterator[str]:
    """Yield the options, with values, each of which would suffice."""
    for name in shape.sizes:
        size, lowered = shape.halved(name)
        while size >= LEAST and lowered.ample(resident_memory()) > allowed:
            size, lowered = lowered.halved(name)
        if size >= LEAST:
            yield flag(name, size)


def in_units(size: int) -> str:
    """Return an amount of memory for people."""
    return f"{size / 2**20:,.0f} MiB" if size < 1 << 30 else f"{size / 2**30:,.2f} GiB"
