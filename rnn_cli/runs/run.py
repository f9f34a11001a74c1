"""A training run: what its settings come to on its text."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.machine import available_threads
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.network import Network
from rnn_cli.runs.checks import flag, refuse_no_weights
from rnn_cli.runs.data import Data
from rnn_cli.runs.presets import Choices, choices_of, load_preset, preset_for
from rnn_cli.runs.settings import (
    DEFAULT_MAX_ROLLBACKS,
    DEFAULT_MAX_SIZE,
    DEFAULT_SEED,
    DEFAULT_VALID_FRACTION,
    Settings,
    default_patience,
)
from rnn_cli.text.store.corpus import Part
from rnn_cli.text.vocabulary import UNK
from rnn_cli.text.windows import Window, hide_rare, rows_without_cuts, windows_of
from rnn_cli.training.demand import Shape
from rnn_cli.training.loop import Recipe
from rnn_cli.training.parallel.executor import worthwhile_threads
from rnn_cli.training.state import TrainingState
from rnn_cli.version import VERSION

WARMUP = 0.02  # of the run, but
LEAST_WARMUP = 30  # steps


@dataclass(frozen=True)
class Run:
    """A training run, ready to begin.

    settings: with nothing left to decide.
    window: steps and rows that fit the text.
    first: the parameters to begin from; None draws them.
    planned: the epochs that fit the time of the settings; None: those of the settings.
    """

    model: Path
    settings: Settings
    data: Data
    network: Network
    window: tuple[int, int]
    first: Parameters | None = None
    planned: float | None = None

    @property
    def steps(self) -> int:
        return self.window[0]

    @property
    def rows(self) -> int:
        return self.window[1]

    @property
    def carry_state(self) -> bool:
        return bool(self.settings.carry_state)

    @property
    def seed(self) -> int:
        return self.settings.seed or DEFAULT_SEED

    @property
    def threads(self) -> int:
        return self.settings.threads or 1

    @property
    def epochs(self) -> int:
        return math.ceil(self.recipe.epochs)

    @property
    def patience(self) -> int:
        usual = self.epochs if self.settings.time else default_patience(self.epochs)
        return self.settings.patience or usual

    @cached_property
    def recipe(self) -> Recipe:
        settings, choices = self.settings, Choices.of(vars(self.settings))
        epochs = self.planned or settings.epochs or 1
        steps = epochs * steps_an_epoch(self.data, self.window)
        return Recipe(
            optimizer=choices.optimizer,
            lr=choices.lr,
            clip=choices.clip or None,
            epochs=epochs,
            warmup=min(max(WARMUP, LEAST_WARMUP / steps), 0.5),
            schedule=choices.schedule,
            dropout=choices.dropout,
            variational=bool(settings.variational),
            weight_decay=choices.weight_decay,
            seed=self.seed,
            max_rollbacks=settings.max_rollbacks or 0,
        )

    @property
    def shape(self) -> Shape:
        """What decides the memory that the run takes."""
        recipe = self.recipe
        return Shape(
            network=self.network,
            counts=self.data.counts,
            optimizer=recipe.optimizer,
            dropout=recipe.dropout,
            batch=self.rows,
            bptt=self.steps,
            threads=self.threads,
            keeps=recipe.max_rollbacks > 0,
        )

    def epoch_windows(self, epoch: int) -> Sequence[Window]:
        """Return the text as this epoch reads it: independent lines in an order of its own, and where no
        token is unknown, some rare ones as if they were."""
        hidden = None
        if self.data.counts[UNK] == 0 and not self.data.is_tiny:
            rng = np.random.default_rng((self.seed, *b"hide rare", epoch))
            hidden = hide_rare(self.data.counts, rng)
        shuffle = (self.seed, *b"shuffle", epoch)
        return windows_of(self.data.train, self.rows, self.steps, self.carry_state, shuffle, hidden)

    def valid_windows(self) -> Sequence[Window] | None:
        """Return the text to validate on; None where there is none."""
        valid = self.data.valid
        if valid is None:
            return None
        if self.carry_state or valid.is_running:
            rows = rows_that_fit(valid, self.rows, self.steps)
        else:
            rows = rows_without_cuts(valid.targets, valid.longest, self.rows)
        return windows_of(valid, rows, self.steps, self.carry_state)

    def first_parameters(self) -> Parameters:
        if self.first is not None:
            return self.first
        return self.network.initialise(np.random.default_rng((self.seed, *b"initialise")), self.data.counts)

    def language_model(self, at: TrainingState) -> LanguageModel:
        """Return the model of a state of this run, with its history."""
        history = {
            "rnn": VERSION,
            "preset": self.settings.preset,
            "training": asdict(self.recipe) | {"batch": self.rows, "bptt": self.steps},
            "epoch": at.epoch,
            "step": at.step,
            "tokens": at.tokens,
            "loss": at.best_loss,
            "epochs": [{"train_loss": train, "valid_loss": valid} for train, valid in at.curve],
        }
        return LanguageModel(self.data.lexicon, self.network, at.p, self.carry_state, history)

    @property
    def facts(self) -> dict[str, Any]:
        """What decided the run, as the log has it."""
        return {
            "text": self.data.figures,
            "tokenizer": self.data.lexicon.tokenizer.name,
            "unit": self.data.lexicon.tokenizer.unit,
            "preset": self.settings.preset,
            "network": asdict(self.network),
            "recipe": asdict(self.recipe),
            "batch": self.rows,
            "bptt": self.steps,
            "carry_state": self.carry_state,
            "seed": self.seed,
            "patience": self.patience,
            "threads": self.threads,
        }


def decide(model: Path, settings: Settings, data: Data, init: LanguageModel | None) -> Run:
    """Return the run of these settings on this text; what they leave open comes from a preset.

    init: the model to begin from. Raises UsageError for rates that would leave no weight.
    """
    given = settings.given()
    preset = load_preset(settings.preset or preset_for(data.tokens, data.m), data.m)
    choices = preset.choices.given(given)
    if init:
        choices = replace(choices, **choices_of(init.network))
    network = init.network if init else choices.network(data.m, choices.cutoffs(data.counts))
    window = window_that_fits(data, choices)
    values = asdict(choices) | choices_of(network) | {"preset": preset.name}
    decided = replace(settings, **values).filled(
        epochs=preset.epochs(steps_an_epoch(data, window)),
        carry_state=False,
        variational=False,
        max_rollbacks=DEFAULT_MAX_ROLLBACKS,
        seed=DEFAULT_SEED,
        **_text_defaults(settings, data),
    )
    refuse_no_weights(choices.lr, choices.weight_decay)
    run = Run(model, decided, data, network, window, init.p if init else None)
    return replace(run, settings=replace(decided, threads=threads_to_use(run, settings.threads)))


def refuse_another_model(settings: Settings, init: LanguageModel) -> None:
    """Raise UsageError for a setting that contradicts the model to begin from."""
    tokenizer = init.lexicon.tokenizer
    there = choices_of(init.network) | {"tokenizer": tokenizer.name, "unit": tokenizer.unit}
    asked = {name: value for name, value in settings.given().items() if name in there}
    refuse_contradictions(asked, there, f"the model {settings.init}")


def refuse_contradictions(given: dict[str, Any], there: dict[str, Any], what: str) -> None:
    """Raise UsageError for the first value given that differs from the one that is `there`."""
    for name, value in given.items():
        if value != (has := there.get(name)):
            said = "is without" if has is None or has is False else f"has {flag(name, has)}"
            raise UsageError(f"{flag(name, value)} contradicts {what}, which {said}")


def _text_defaults(settings: Settings, data: Data) -> dict[str, Any]:
    """What the settings leave open of the text, as it was decided."""
    tokenizer = data.lexicon.tokenizer
    values: dict[str, Any] = {"tokenizer": tokenizer.name, "unit": tokenizer.unit}
    if not settings.valid:
        values["valid_fraction"] = DEFAULT_VALID_FRACTION if data.valid else 0.0
    if not settings.vocab and not settings.init:
        normalize = tokenizer.settings.get("normalize", "none")
        values |= {"min_count": tokenizer.min_count, "max_size": DEFAULT_MAX_SIZE, "normalize": normalize}
    return values


def window_that_fits(data: Data, choices: Choices) -> tuple[int, int]:
    """Return steps and rows: no longer than the text, and no more rows than can be a window long."""
    steps = min(choices.bptt, data.train.targets)
    return steps, rows_that_fit(data.train, choices.batch, steps)


def rows_that_fit(part: Part, batch: int, bptt: int) -> int:
    return max(1, min(batch, part.targets // bptt))


def steps_an_epoch(data: Data, window: tuple[int, int]) -> int:
    steps, rows = window
    return -(-data.targets // (rows * steps))


def threads_to_use(run: Run, threads: int | None) -> int:
    """Return how many of the threads asked for, or of all there are, make the run faster."""
    windows = run.epochs * steps_an_epoch(run.data, run.window)
    flops = run.network.flops(run.data.counts)
    return worthwhile_threads(flops, run.rows, run.steps, windows, threads or available_threads())
