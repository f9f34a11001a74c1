"""The memory that a run may take, and what to lower where it would take more."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from rnn_cli.errors import RnnError
from rnn_cli.machine import resident_memory, total_memory
from rnn_cli.training.demand import Demand, Shape

LEAST = 16  # of a size that is halved to see what would fit
FAR = 8  # times what is allowed: such a run is not even tried


def _with_less_hidden(shape: Shape) -> tuple[int, Shape]:
    network = shape.network
    n = network.n // 2
    return n, replace(shape, network=replace(network, n=n, embedding=n if network.tie else network.embedding))


def _with_fewer_tokens(shape: Shape) -> tuple[int, Shape]:
    m = shape.network.m // 2
    cutoffs = tuple(cutoff for cutoff in shape.network.cutoffs if cutoff < m)
    output = shape.network.output if cutoffs else "softmax"
    network = replace(shape.network, m=m, cutoffs=cutoffs, output=output)
    return m, replace(shape, counts=shape.counts[:m], network=network)


def _with_smaller_batch(shape: Shape) -> tuple[int, Shape]:
    return shape.batch // 2, replace(shape, batch=shape.batch // 2)


def _with_fewer_steps(shape: Shape) -> tuple[int, Shape]:
    return shape.bptt // 2, replace(shape, bptt=shape.bptt // 2)


# What can be lowered: the flag, and a run with half of it.
LOWER: dict[str, Callable[[Shape], tuple[int, Shape]]] = {
    "--hidden": _with_less_hidden,
    "--batch": _with_smaller_batch,
    "--bptt": _with_fewer_steps,
    "--max-size": _with_fewer_tokens,
}


def refuse_beyond(limit: int | None, shape: Shape, demand: Demand | None = None) -> None:
    """Raise RnnError for a run that would take more bytes than `limit`, or than the machine has. demand: of
    the run, where it is known already."""
    allowed = min((size for size in (limit, total_memory()) if size), default=None)
    if allowed is None:
        return
    needed, about = (demand.total, "") if demand else _needed(shape, allowed)
    if needed <= allowed:
        return
    whose = "--max-memory allows" if allowed == limit else "this machine has"
    ways = " or ".join(_ways_under(shape, allowed))
    way_out = f"{ways} would be under it" if ways else f"lower {', '.join([*LOWER, '--threads'])}"
    what = f"this run would take {about}{in_units(needed)} at its peak"
    raise RnnError(f"{what} and {whose} {in_units(allowed)}: {way_out}")


def _needed(shape: Shape, allowed: int) -> tuple[int, str]:
    """Return bytes, no more exactly than it takes to know whether they are allowed; and how exactly."""
    if (least := shape.least()) > allowed:
        return least, "more than "
    if (ample := shape.ample(resident_memory())) <= allowed or ample > FAR * allowed:
        return ample, "up to "
    return shape.demand(resident_memory()).total, ""


def _ways_under(shape: Shape, allowed: int) -> Iterator[str]:
    """Yield the flags, with values, any of which would do."""
    for flag, halve in LOWER.items():
        size, lowered = halve(shape)
        while size >= LEAST and lowered.ample(resident_memory()) > allowed:
            size, lowered = halve(lowered)
        if size >= LEAST:
            yield f"{flag} {size}"


def in_units(size: int) -> str:
    """Return an amount of memory as people say it."""
    return f"{size / 2**20:,.0f} MiB" if size < 1 << 30 else f"{size / 2**30:,.2f} GiB"
