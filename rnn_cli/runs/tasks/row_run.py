"""The base of runs on pairs, in which each row of a batch is a whole sequence with its own length."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from rnn_cli.network.arrays import Parameters
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.runs.presets import Preset
from rnn_cli.runs.run import Run, RunData
from rnn_cli.runs.settings import (
    DEFAULT_MAX_ROLLBACKS,
    DEFAULT_SEED,
    DEFAULT_VALID_FRACTION,
    Settings,
)
from rnn_cli.text.batches import Batches
from rnn_cli.text.rows import Numbers
from rnn_cli.training.demand import BatchShape
from rnn_cli.training.state import TrainingState

JUDGED = 2000  # training rows, at most, to judge by if there is no validation part
Make = Callable[[Numbers, int], Any]  # rows of the data, the number of their batch -> the batch
AnyRowRun = TypeVar("AnyRowRun", bound="RowRun")


class Windows(Sequence[Any]):
    """The batches of an epoch, each made when accessed."""

    def __init__(self, rows: Numbers, batches: Batches, make: Make):
        """rows: the rows of the data that the batches index into."""
        self._rows, self._batches, self.make = rows, batches, make

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Any:  # type: ignore[override]  # slices are not supported
        return self.make(self._rows[self._batches[index]], index)


class RowData(RunData, Protocol):
    """The data of such a run, with its training and validation rows."""

    @property
    def train(self) -> Numbers: ...
    @property
    def valid(self) -> Numbers: ...


@dataclass(frozen=True)
class RowRun(Run):
    """A run whose rows are sequences, batched by length so that each batch has about as many steps.

    longest: the most steps of a row. steps_of_a_row: a batch holds as many steps as its rows would at this
    length.
    """

    data: RowData
    longest: ClassVar[int]
    steps_of_a_row: ClassVar[int]

    @property
    @abstractmethod
    def lengths(self) -> Numbers:
        """The number of steps of each row of the data."""

    @abstractmethod
    def batch(self, rows: Numbers, index: int = 0) -> Any:
        """Return a validation batch of these rows. index: the number of the batch."""

    def learned(self, epoch: int) -> Make:
        """Return the function that makes an epoch's training batches; by default `batch`."""
        return self.batch

    @abstractmethod
    def first_values(self, rng: np.random.Generator) -> Parameters:
        """Return initial parameters for a new network."""

    @property
    def epoch_flops(self) -> float:
        """The operations per epoch: `flops` counts one of the `steps` of a row, regardless of its targets."""
        return self.flops * self.steps * len(self.data.train)

    @property
    def output_counts(self) -> Numbers | None:
        """How often each token is a target in the training rows, (m,); None if targets are not tokens."""
        return None

    @property
    def most_steps(self) -> int:
        """The most steps of a batch, over all its rows."""
        return max(self.steps, self.rows * min(self.steps, self.steps_of_a_row))

    def _windows(self, rows: Numbers, make: Make, shuffle: tuple[int, ...] | None = None) -> Windows:
        return Windows(rows, Batches(self.lengths[rows], self.rows, self.most_steps, shuffle), make)

    @property
    def steps_an_epoch(self) -> int:
        return len(self.epoch_windows(0))

    def epoch_windows(self, epoch: int) -> Windows:
        return self._windows(self.data.train, self.learned(epoch), (self.seed, *b"shuffle", epoch))

    def valid_windows(self) -> Windows | None:
        return self._windows(self.data.valid, self.batch) if len(self.data.valid) else None

    def first_parameters(self) -> Parameters:
        if self.first is not None:
            return self.first
        return self.first_values(np.random.default_rng((self.seed, *b"initialise")))

    @property
    def judged(self) -> Numbers:
        """The rows that an epoch's figures are computed on: the validation rows or, if there are none, evenly
        spaced training rows."""
        valid, train = self.data.valid, self.data.train
        return valid if len(valid) else train[:: -(-len(train) // JUDGED)]

    def about_loss(self, at: TrainingState, loss: float, is_valid: bool) -> Iterator[str]:
        yield from ()

    @property
    def shape(self) -> BatchShape:
        lengths = self.lengths
        order = np.argsort(lengths, kind="stable")
        fits = order[lengths[order] <= self.longest]
        return self.shape_of(
            network=self.network,
            batch=self.batch(fits[-max(1, self.most_steps // self.steps) :]),
            optimizer=self.recipe.optimizer,
            drop=self.recipe.drop,
            threads=self.threads,
            keeps=self.recipe.max_rollbacks > 0,
        )

    @property
    def shape_of(self) -> type[BatchShape]:
        """The class that describes the network's memory use."""
        return BatchShape

    @property
    def window_fits(self) -> bool:
        most = int(self.lengths.max(initial=1))
        return most <= self.steps <= self.longest and self.rows <= len(self.data.train)

    def bits_per_character(self, valid_loss: float) -> float | None:
        return None

    @property
    def try_it(self) -> str:
        return "predict"

    def example(self, at: TrainingState) -> str:
        return ""


def completed(settings: Settings, values: dict[str, Any], data: RowData, **own: Any) -> Settings:
    """Return settings completed by `values`, which a preset decides, and by defaults common to all such runs.
    own: defaults of the task. The epochs are decided later (`with_epochs`)."""
    held_out = None if settings.valid else DEFAULT_VALID_FRACTION if len(data.valid) else 0.0
    usual = {
        "carry_state": False,
        "variational": False,
        "max_rollbacks": DEFAULT_MAX_ROLLBACKS,
        "seed": DEFAULT_SEED,
        "valid_fraction": held_out,
        "epochs": 1,
    }
    return replace(settings, **values).filled(**usual | own)


def embedding_of(m: int, usual: int, asked: Settings) -> int:
    """Return the embedding size for a vocabulary of m tokens, unless one is requested. It is 0 for small
    vocabularies: there the columns of U serve as well, and save the products with the embedding."""
    return (usual if m > ONE_HOT_UP_TO else 0) if asked.embedding is None else asked.embedding


def with_epochs(run: AnyRowRun, asked: Settings, preset: Preset, least: int, most: int) -> AnyRowRun:
    """Return the run with the epochs of its preset, within bounds, unless a number was requested."""
    if asked.epochs is not None:
        return run
    epochs = min(max(preset.epochs(run.steps_an_epoch), least), most)
    return replace(run, settings=replace(run.settings, epochs=epochs))
