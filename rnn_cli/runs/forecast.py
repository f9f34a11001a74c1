"""What a run will take, told before it begins: memory, steps, time."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.network.arrays import Array
from rnn_cli.network.network import Network
from rnn_cli.runs.run import Run
from rnn_cli.training.demand import Demand, ample_demand, demand, least_demand
from rnn_cli.training.measure import training_speed
from rnn_cli.training.parallel.executor import SHARDED_UP_TO, Executor

LIMIT_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
LEAST = 16  # of a size that is halved to see what would fit
CALIBRATION = 2.0  # seconds
FAR = 8  # times what is allowed: it is not even tried
FORWARD = 1 / 3  # of a training step's arithmetic: what a step of validation has


@dataclass(frozen=True)
class Shape:
    """All that decides how much memory a run takes.

    keeps: whether a good state is kept to go back to.
    """

    network: Network
    counts: Array  # (m,) how often each token occurs
    optimizer: str
    dropout: float
    batch: int
    bptt: int
    threads: int
    keeps: bool

    @property
    def shards(self) -> int:
        return self.threads if self.network.size <= SHARDED_UP_TO else 1

    def least(self) -> int:
        return least_demand(self.network, self.optimizer, self.keeps)

    def demand(self) -> Demand:
        how = self.optimizer, self.dropout, self.keeps
        return demand(self.network, self.counts, *how, self.batch, self.bptt, self.shards, resident())

    def ample(self) -> int:
        how = self.optimizer, self.keeps, self.batch, self.bptt, self.shards, resident()
        return ample_demand(self.network, *how)


def shape_of(run: Run) -> Shape:
    recipe = run.recipe
    how = recipe.optimizer, recipe.dropout, run.batch, run.bptt, run.threads, recipe.max_rollbacks > 0
    return Shape(run.network, run.texts.counts, *how)


def resident() -> int:
    """Bytes of memory that this process takes now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):  # no Linux: as much as it usually is by then
        return 60 << 20
    return pages * os.sysconf("SC_PAGE_SIZE")


def machine_memory() -> int | None:
    """Bytes that this machine, or the control group that this process is in, has; None where nothing
    tells."""
    found = []
    if hasattr(os, "sysconf"):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):  # no group, or "max"
        found.append(int(LIMIT_OF_GROUP.read_text()))
    return min(found, default=None)


def _with_less_hidden(shape: Shape) -> tuple[int, Shape]:
    network = shape.network
    n = network.n // 2
    return n, replace(shape, network=replace(network, n=n, embedding=n if network.tie else network.embedding))


def _with_fewer_tokens(shape: Shape) -> tuple[int, Shape]:
    m = shape.network.m // 2
    cutoffs = tuple(cutoff for cutoff in shape.network.cutoffs if cutoff < m)
    output = shape.network.output if cutoffs else "softmax"
    return m, replace(
        shape, counts=shape.counts[:m], network=replace(shape.network, m=m, cutoffs=cutoffs, output=output)
    )


def _with_smaller_batch(shape: Shape) -> tuple[int, Shape]:
    return shape.batch // 2, replace(shape, batch=shape.batch // 2)


def _with_fewer_steps(shape: Shape) -> tuple[int, Shape]:
    return shape.bptt // 2, replace(shape, bptt=shape.bptt // 2)


# What can be lowered: the flag, and how a run is with half of it.
LOWER: dict[str, Callable[[Shape], tuple[int, Shape]]] = {
    "--hidden": _with_less_hidden,
    "--batch": _with_smaller_batch,
    "--bptt": _with_fewer_steps,
    "--max-size": _with_fewer_tokens,
}


def refuse_beyond(limit: int | None, shape: Shape) -> None:
    """Raises RnnError for a run that would take more bytes than `limit`, or than the machine has."""
    allowed = min((size for size in (limit, machine_memory()) if size), default=None)
    if allowed is None:
        return
    needed, about = _needed(shape, allowed)
    if needed <= allowed:
        return
    whose = "--max-memory allows" if allowed == limit else "this machine has"
    ways = " or ".join(_ways_under(shape, allowed))
    way_out = f"{ways} would be under it" if ways else f"lower {', '.join([*LOWER, '--threads'])}"
    what = f"this run would take {about}{in_units(needed)} at its peak"
    raise RnnError(f"{what} and {whose} {in_units(allowed)}: {way_out}")


def _needed(shape: Shape, allowed: int) -> tuple[int, str]:
    """Bytes, no nearer than it takes to know whether so many are allowed; and how near that is."""
    if (least := shape.least()) > allowed:
        return least, "more than "
    if (ample := shape.ample()) <= allowed or ample > FAR * allowed:
        return ample, "up to "
    return shape.demand().total, ""


def _ways_under(shape: Shape, allowed: int) -> Iterator[str]:
    """The flags, with values, any of which would do."""
    for flag, halve in LOWER.items():
        size, lowered = halve(shape)
        while size >= LEAST and lowered.ample() > allowed:
            size, lowered = halve(lowered)
        if size >= LEAST:
            yield f"{flag} {size}"


def forecast(run: Run, steps_an_epoch: int) -> Iterator[str]:
    """What a run would be and take, line by line. To find out, it trains for CALIBRATION seconds."""
    texts, train, network, share = run.texts, run.texts.train, run.network, run.texts.share
    needed = shape_of(run).demand()
    with Executor(network, (run.bptt, run.batch), run.threads) as executor:
        p = run.first_parameters()
        windows = run.epoch_windows(0)
        speed = training_speed(executor, run.recipe, p, windows, run.batch, CALIBRATION)
    rate = speed.tokens / speed.seconds
    validated = texts.valid.targets / share if texts.valid else 0.0
    epoch = (texts.targets + FORWARD * validated) / rate
    tokens, lines = round(train.tokens / share), round(train.lines / share)
    reckoned = f", reckoned from the first {share:.1%} of it" if share < 1 else ""
    at_least = "at least " if share < 1 else ""
    parts = ", ".join(f"{name} {in_units(size)}" for name, size in vars(needed).items())
    whole = span(epoch * run.recipe.epochs)
    yield f"text        {tokens:,} tokens in {lines:,} lines to learn from{reckoned}"
    yield f"vocabulary  {at_least}{network.m:,}; {train.unknown / train.tokens:.1%} of the tokens unknown"
    yield f"network     {network.describe()}"
    yield f"parameters  {network.size:,}"
    yield f"memory      {in_units(needed.total)} at its peak: {parts}"
    yield f"steps       {steps_an_epoch:,} an epoch, {run.recipe.epochs} epochs"
    yield f"time        {span(epoch)} an epoch, {whole} in all, at {rate:,.0f} tokens/s as now"


def in_units(size: int) -> str:
    """An amount of memory as people say it."""
    return f"{size / 2**20:,.0f} MiB" if size < 1 << 30 else f"{size / 2**30:,.2f} GiB"


def span(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
