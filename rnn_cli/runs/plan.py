"""An estimate of what a run will take, before it begins: memory, steps, time (`rnn train --plan`)."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from rnn_cli.machine import resident_memory
from rnn_cli.runs.beginning import prepare
from rnn_cli.runs.budget import epoch_seconds
from rnn_cli.runs.events import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.ranks import divided, refuse_read_once
from rnn_cli.runs.run import Run
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.table import with_task
from rnn_cli.training.demand import Demand
from rnn_cli.training.measure import WARM_UP, training_speed
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.world import meet

CALIBRATION = 2.0  # seconds of training on this machine
SAMPLE_BYTES = 16 << 20  # from the beginning of a text: enough to judge it by


@dataclass(frozen=True)
class Sums:
    """What the ranks of a run send each other.

    traffic: bytes that a rank sends per step. seconds: measured time per step for the sum of gradients.
    """

    ranks: int
    rows: int
    traffic: float
    seconds: float

    @property
    def bandwidth(self) -> float:
        """Bytes per second."""
        return self.traffic / max(self.seconds, 1e-9)


@dataclass(frozen=True)
class Plan:
    """What a run would be and take; with several ranks, the memory is that of one.

    share: the fraction of the text that these figures come from.
    rate: measured training speed, in tokens per second.
    epoch_seconds: per epoch, validation included.
    step_seconds: per step.
    sums: None without several ranks.
    """

    run: Run
    demand: Demand
    rate: float
    epoch_seconds: float
    step_seconds: float
    sums: Sums | None = None

    @property
    def share(self) -> float:
        return self.run.data.share

    @property
    def steps_an_epoch(self) -> int:
        return self.run.steps_an_epoch

    @property
    def seconds(self) -> float:
        return self.epoch_seconds * self.run.epochs


def plan(settings: Settings, model: Path, resources: Resources) -> Generator[Notice | Reading, None, Plan]:
    """Return an estimate of what a run would take, from the beginning of its text and CALIBRATION seconds of
    training.

    Raises RnnError if the text cannot be used.
    """
    settings = with_task(settings)
    world = resources.world
    refuse_read_once(world, settings)
    run, *_ = yield from prepare(model, settings, resources, SAMPLE_BYTES)
    meet(world)
    run = yield from divided(run, world, settings.threads, None)
    demand = run.shape.demand(resident_memory())
    sent = world.traffic
    with Executor(
        run.network, run.first_parameters(), run.window, run.threads, team=run.team(world)
    ) as executor:
        speed = training_speed(executor, run.recipe, run.epoch_windows(0), run.rows, CALIBRATION)
    rate, step = speed.tokens / speed.seconds, speed.seconds / speed.steps
    sums = None
    if world.size > 1:
        traffic = (world.traffic - sent) / (speed.steps + WARM_UP)
        seconds = speed.phases["sum of ranks"] / speed.steps
        sums = Sums(world.size, -(-run.rows // run.ranks), traffic, seconds)
    return Plan(run, demand, rate, epoch_seconds(run, rate), step, sums)
