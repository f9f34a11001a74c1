"""What a run will take, before it begins: memory, steps, time (`rnn train --plan`)."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.machine import resident_memory, total_memory
from rnn_cli.runs.beginning import prepare
from rnn_cli.runs.events import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.run import Run, steps_an_epoch
from rnn_cli.runs.settings import Settings
from rnn_cli.training.demand import Demand, Shape
from rnn_cli.training.measure import training_speed
from rnn_cli.training.parallel.executor import Executor

LEAST = 16  # of a size that is halved to see what would fit
CALIBRATION = 2.0  # seconds of training on this machine
FAR = 8  # times what is allowed: such a run is not even tried
FORWARD = 1 / 3  # of a training step's arithmetic: what a step of validation has
SAMPLE_BYTES = 16 << 20  # of a text, which show what it is like


@dataclass(frozen=True)
class Plan:
    """What a run would be and take.

    share: of the text, the part that these figures come from.
    rate: tokens a second, as training went on this machine just now.
    epoch_seconds: of an epoch, validation included.
    """

    run: Run
    demand: Demand
    rate: float
    epoch_seconds: float

    @property
    def share(self) -> float:
        return self.run.data.share

    @property
    def steps_an_epoch(self) -> int:
        return steps_an_epoch(self.run.data, self.run.window)

    @property
    def seconds(self) -> float:
        return self.epoch_seconds * self.run.epochs


def plan(settings: Settings, model: Path, resources: Resources) -> Generator[Notice | Reading, None, Plan]:
    """Return what a run would take, from the beginning of its text and CALIBRATION seconds of training.

    Raises RnnError where the text cannot be used.
    """
    run, *_ = yield from prepare(model, settings, resources, SAMPLE_BYTES)
    data = run.data
    demand = run.shape.demand(resident_memory())
    with Executor(run.network, run.first_parameters(), run.window, run.threads) as executor:
        speed = training_speed(executor, run.recipe, run.epoch_windows(0), run.rows, CALIBRATION)
    rate = speed.tokens / speed.seconds
    validated = data.valid.targets / data.share if data.valid else 0.0
    return Plan(run, demand, rate, (data.targets + FORWARD * validated) / rate)


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


def refuse_beyond(limit: int | None, shape: Shape) -> None:
    """Raise RnnError for a run that would take more bytes than `limit`, or than the machine has."""
    allowed = min((size for size in (limit, total_memory()) if size), default=None)
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
