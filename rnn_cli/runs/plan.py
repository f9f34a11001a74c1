"""What a run will take, before it begins: memory, steps, time (`rnn train --plan`)."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from rnn_cli.machine import resident_memory
from rnn_cli.runs.beginning import prepare
from rnn_cli.runs.budget import epoch_seconds
from rnn_cli.runs.checks import refuse_of_other_tasks
from rnn_cli.runs.events import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.run import Run
from rnn_cli.runs.settings import Settings
from rnn_cli.training.demand import Demand
from rnn_cli.training.measure import training_speed
from rnn_cli.training.parallel.executor import Executor

CALIBRATION = 2.0  # seconds of training on this machine
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
        return self.run.steps_an_epoch

    @property
    def seconds(self) -> float:
        return self.epoch_seconds * self.run.epochs


def plan(settings: Settings, model: Path, resources: Resources) -> Generator[Notice | Reading, None, Plan]:
    """Return what a run would take, from the beginning of its text and CALIBRATION seconds of training.

    Raises RnnError where the text cannot be used.
    """
    refuse_of_other_tasks(settings.given())
    run, *_ = yield from prepare(model, settings, resources, SAMPLE_BYTES)
    demand = run.shape.demand(resident_memory())
    with Executor(run.network, run.first_parameters(), run.window, run.threads) as executor:
        speed = training_speed(executor, run.recipe, run.epoch_windows(0), run.rows, CALIBRATION)
    rate = speed.tokens / speed.seconds
    return Plan(run, demand, rate, epoch_seconds(run, rate))
