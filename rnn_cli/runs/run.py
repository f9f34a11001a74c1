"""A training run: its settings, fully decided for its text. Each task's own part is in tasks/."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.network.arrays import Parameters
from rnn_cli.runs.checks import flag
from rnn_cli.runs.metrics import LOSS
from rnn_cli.runs.prepare import usual_threads
from rnn_cli.runs.presets import Choices
from rnn_cli.runs.settings import DEFAULT_SEED, Settings, default_patience
from rnn_cli.scoring.copying import Copied
from rnn_cli.training.demand import Demanding
from rnn_cli.training.loop import Recipe
from rnn_cli.training.parallel.executor import most_rows, worthwhile_threads
from rnn_cli.training.parallel.trainable import Batch, Trainable
from rnn_cli.training.parallel.world import Team, World
from rnn_cli.training.state import TrainingState
from rnn_cli.version import VERSION

WARMUP = 0.02  # of the run, but
LEAST_WARMUP = 30  # steps
AnyRun = TypeVar("AnyRun", bound="Run")


class RunData(Protocol):
    """The part of a run's data that all tasks share.

    targets: per epoch. valid_targets: in the validation part; None without one. fingerprint: a hash of the
    text. share: the fraction of the text that was read, if its beginning was enough.
    """

    @property
    def targets(self) -> int: ...
    @property
    def valid_targets(self) -> int | None: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def share(self) -> float: ...


class Model(Protocol):
    """A trained model, which can be written to a file."""

    @property
    def p(self) -> Parameters: ...
    def pack(self) -> tuple[Parameters, dict[str, Any]]: ...
    def kept(self) -> Self:
        """Return the model with its own copies of the arrays."""


@dataclass(frozen=True)
class Run(ABC):
    """A training run, ready to begin. Each task has a subclass.

    settings: fully decided.
    window: the maximum steps and rows of a batch.
    first: the initial parameters; None: draw them.
    planned: the number of epochs that fits the settings' time limit; None: the settings' own number.
    ranks: the number of processes that share the rows of a batch, each with its own threads (ranks.py).
    divided: the fraction of a step's time that threads divide among them.
    """

    divided: ClassVar[float] = 1.0

    model: Path
    settings: Settings
    data: RunData
    network: Trainable
    window: tuple[int, int]
    first: Parameters | None = None
    planned: float | None = None
    ranks: int = 1

    @property
    def steps(self) -> int:
        return self.window[0]

    @property
    def rows(self) -> int:
        return self.window[1]

    @property
    def seed(self) -> int:
        return self.settings.seed or DEFAULT_SEED

    @property
    def threads(self) -> int:
        return self.settings.threads or 1

    def team(self, world: World) -> Team:
        """Return how the rows of a batch are divided among ranks."""
        return Team(world, self.ranks, self.settings.windows, self.settings.bits)

    @property
    def rows_at_once(self) -> int:
        """The number of rows that a rank computes at once, on all of its threads."""
        return most_rows(self.rows, self.ranks * self.settings.windows)

    @property
    def sums(self) -> int:
        """The number of gradients that a rank holds for summing, in addition to those of its shards."""
        return (self.ranks > 1) + (self.settings.windows > 1)

    @property
    def epochs(self) -> int:
        return math.ceil(self.recipe.epochs)

    @property
    def patience(self) -> int:
        usual = self.epochs if self.settings.time else default_patience(self.epochs)
        return self.settings.patience or usual

    @property
    def steps_an_epoch(self) -> int:
        return -(-self.data.targets // (self.rows * self.steps))

    @cached_property
    def recipe(self) -> Recipe:
        settings, choices = self.settings, Choices.of(vars(self.settings))
        epochs = self.planned or settings.epochs or 1
        return Recipe(
            optimizer=choices.optimizer,
            lr=choices.lr,
            clip=choices.clip or None,
            epochs=epochs,
            warmup=min(max(WARMUP, LEAST_WARMUP / (epochs * self.steps_an_epoch)), 0.5),
            schedule=choices.schedule,
            dropout=choices.dropout,
            variational=bool(settings.variational),
            dropconnect=choices.dropconnect,
            weight_decay=choices.weight_decay,
            seed=self.seed,
            max_rollbacks=settings.max_rollbacks or 0,
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What decided the run, as the log records it."""
        return (
            self.of_text()
            | {
                "preset": self.settings.preset,
                "network": asdict(self.network),  # type: ignore[call-overload]  # networks are dataclasses
                "recipe": asdict(self.recipe),
                "batch": self.rows,
                "bptt": self.steps,
                "seed": self.seed,
                "patience": self.patience,
                "threads": self.threads,
            }
            | ({"ranks": self.ranks} if self.ranks > 1 else {})
            | ({"metric": self.metric} if self.metric else {})
        )

    def history(self, at: TrainingState) -> dict[str, Any]:
        """Return how the model in a state was trained, for its file."""
        return {
            "rnn": VERSION,
            "libraries": {"numpy": np.__version__},
            "text": self.data.fingerprint,
            "preset": self.settings.preset,
            "training": asdict(self.recipe) | {"batch": self.rows, "bptt": self.steps},
            "epoch": at.epoch,
            "step": at.step,
            "tokens": at.tokens,
            "loss": at.best_loss,
            **self.best_figure(at),
            "epochs": [{"train_loss": train, "valid_loss": valid} for train, valid in at.curve],
        }

    @property
    def metric(self) -> str | None:
        """The figure that decides which epoch is best; None if the loss does."""
        return None if self.settings.metric in (None, LOSS) else self.settings.metric

    def best_figure(self, at: TrainingState) -> dict[str, Any]:
        """Return the best epoch's value of the deciding figure, with its name; nothing if the loss
        decides."""
        return {} if self.metric is None else {"metric": self.metric, self.metric: at.best_figure}

    @property
    @abstractmethod
    def flops(self) -> float:
        """The floating-point operations of the matrix products per target."""

    @property
    def epoch_flops(self) -> float:
        """The floating-point operations of the matrix products per epoch."""
        return self.flops * self.data.targets

    @property
    @abstractmethod
    def shape(self) -> Demanding:
        """The quantities that decide how much memory the run takes."""

    @abstractmethod
    def epoch_windows(self, epoch: int) -> Sequence[Batch]:
        """Return the batches of an epoch, counted from 0."""

    @abstractmethod
    def valid_windows(self) -> Sequence[Batch] | None:
        """Return the validation batches; None if there are none."""

    @abstractmethod
    def first_parameters(self) -> Parameters: ...

    @abstractmethod
    def trained(self, at: TrainingState) -> Model:
        """Return the model in a state of this run, with its history."""

    @abstractmethod
    def header(self) -> dict[str, Any]:
        """Return what a training state stores about the text and the network, as JSON."""

    @abstractmethod
    def of_text(self) -> dict[str, Any]:
        """Return what the log records about the text."""

    @abstractmethod
    def about_text(self) -> Iterator[str]:
        """Yield lines that describe the text, for people."""

    @abstractmethod
    def about_loss(self, at: TrainingState, loss: float, is_valid: bool) -> Iterator[str]:
        """Yield what a validation or training loss amounts to, for people."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the figures that an epoch has in addition to its loss: keys of METRICS."""
        return ()

    def figures(self, at: TrainingState) -> dict[str, float]:
        """Return the figures named in `metrics` for the model in a state; none if the model's recurrent state
        overflows."""
        return {}

    @property
    def has_fitted(self) -> bool:
        """Whether the network has parameters that gradients do not change."""
        return False

    def fitted(self, at: TrainingState) -> dict[str, float]:
        """Return the values, fitted to the validation part, of the parameters that gradients do not change;
        none if the model's recurrent state overflows."""
        return {}

    @abstractmethod
    def bits_per_character(self, valid_loss: float) -> float | None:
        """Return a validation loss in bits per character; None if that has no meaning."""

    @property
    @abstractmethod
    def about_network(self) -> str:
        """A description of the network."""

    @abstractmethod
    def sizes(self, share: float) -> dict[str, int | float]:
        """Return the sizes of the text and of the model's vocabularies.

        share: the fraction of the text that they are estimated from.
        """

    @abstractmethod
    def about_sizes(self, share: float) -> dict[str, str]:
        """Return the sizes for people, each line with its name."""

    @property
    @abstractmethod
    def window_fits(self) -> bool:
        """Whether the window fits the text: a training state may claim any size."""

    @property
    @abstractmethod
    def try_it(self) -> str:
        """The command that shows what the model does."""

    def copied(self) -> Copied | None:
        """Return what samples of the saved model copy from the text; None if there is nothing to report.
        Raises RnnError if the model file is gone."""
        return None

    @abstractmethod
    def example(self, at: TrainingState) -> str:
        """Return a sample of what the model in a state does, to watch it learn; the same draw each time."""

    @abstractmethod
    def spell(self, batch: Any) -> Iterator[str]:
        """Yield each row of a batch as text."""


def refuse_contradictions(given: dict[str, Any], there: dict[str, Any], what: str) -> None:
    """Raise UsageError for the first value given that differs from its counterpart in `there`."""
    for name, value in given.items():
        if value != (has := there.get(name)):
            said = "is without" if has is None or has is False else f"has {flag(name, has)}"
            raise UsageError(f"{flag(name, value)} contradicts {what}, which {said}")


def with_threads(run: AnyRun, threads: int | None) -> AnyRun:
    """Return the run with as many of the requested threads (by default, of all available) as make it
    faster."""
    windows = run.epochs * run.steps_an_epoch
    flops = run.flops * run.divided
    found = worthwhile_threads(flops, run.rows, run.steps, windows, threads or usual_threads())
    return replace(run, settings=replace(run.settings, threads=found))
