"""The run of a language model, which learns to predict the next token of a text."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.network import Batch, Network
from rnn_cli.printing import counted
from rnn_cli.runs.batch_text import spelled
from rnn_cli.runs.checks import refuse_no_weights
from rnn_cli.runs.copied import copied_by_samples
from rnn_cli.runs.data import Data
from rnn_cli.runs.presets import Choices, choices_of, load_preset, preset_for
from rnn_cli.runs.run import Run, refuse_contradictions, with_threads
from rnn_cli.runs.settings import (
    DEFAULT_MAX_ROLLBACKS,
    DEFAULT_MAX_SIZE,
    DEFAULT_SEED,
    DEFAULT_VALID_FRACTION,
    Settings,
)
from rnn_cli.scoring.copying import Copied
from rnn_cli.scoring.figures import bits_per_character, perplexity
from rnn_cli.text.store.corpus import Part
from rnn_cli.text.vocabulary import UNK
from rnn_cli.text.windows import Window, hide_rare, rows_without_cuts, windows_of
from rnn_cli.training.demand import Shape
from rnn_cli.training.state import TrainingState

SAMPLE_TOKENS = 60  # in the sample that shows what a run has learned


@dataclass(frozen=True)
class LanguageRun(Run):
    """A run that trains a language model."""

    data: Data
    network: Network

    @property
    def carry_state(self) -> bool:
        return bool(self.settings.carry_state)

    @property
    def flops(self) -> float:
        return self.network.flops(self.data.counts)

    @property
    def shape(self) -> Shape:
        recipe = self.recipe
        return Shape(
            network=self.network,
            counts=self.data.counts,
            optimizer=recipe.optimizer,
            drop=recipe.drop,
            batch=self.rows_at_once,
            bptt=self.steps,
            threads=self.threads,
            keeps=recipe.max_rollbacks > 0,
            sums=self.sums,
        )

    def epoch_windows(self, epoch: int) -> Sequence[Window]:
        """Return the windows of this epoch. Independent lines are shuffled, and if the text has no unknown
        tokens, some rare tokens are read as unknown."""
        hidden = None
        if self.data.counts[UNK] == 0 and not self.data.is_tiny:
            rng = np.random.default_rng((self.seed, *b"hide rare", epoch))
            hidden = hide_rare(self.data.counts, rng)
        shuffle = (self.seed, *b"shuffle", epoch)
        return windows_of(self.data.train, self.rows, self.steps, self.carry_state, shuffle, hidden)

    def valid_windows(self) -> Sequence[Window] | None:
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

    def trained(self, at: TrainingState) -> LanguageModel:
        return LanguageModel(self.data.lexicon, self.network, at.p, self.carry_state, self.history(at))

    def header(self) -> dict[str, Any]:
        return {"cutoffs": self.network.cutoffs, **self.data.lexicon.to_json()}

    def of_text(self) -> dict[str, Any]:
        tokenizer = self.data.lexicon.tokenizer
        return {
            "text": self.data.figures,
            "tokenizer": tokenizer.name,
            "unit": tokenizer.unit,
            "carry_state": self.carry_state,
        }

    def bits_per_character(self, valid_loss: float) -> float | None:
        valid = self.data.valid
        return None if valid is None else part_bits_per_character(valid_loss, valid)

    def about_text(self) -> Iterator[str]:
        data, train, unit = self.data, self.data.train, self.data.lexicon.tokenizer.unit
        sizes = (counted(data.files, "file"), counted(train.lines, unit), counted(train.tokens, "token"))
        yield (
            f"text: {', '.join(sizes)} ({data.lexicon.tokenizer.name}), "
            f"{train.unknown:,} of them unknown ({train.unknown / train.tokens:.1%})"
        )
        if data.valid:
            unknown = data.valid.unknown / data.valid.tokens
            is_running = data.valid.is_running
            size = counted(data.valid.tokens, "token") if is_running else counted(data.valid.lines, unit)
            yield f"and {size} to validate on, {unknown:.1%} unknown"
        if data.is_tiny and not self.settings.init:
            yield "a text this small is only memorized: a few hundred lines are enough to begin with"

    def about_loss(self, at: TrainingState, loss: float, is_valid: bool) -> Iterator[str]:
        part = self.data.valid if is_valid and self.data.valid else self.data.train
        shown = f"{perplexity(loss):,.2f}" if loss < 20 else f"{perplexity(loss):.2g}"
        yield f"perplexity {shown}"
        yield f"bits/char {part_bits_per_character(loss, part):.3f}"

    @property
    def about_network(self) -> str:
        return self.network.describe()

    def about_sizes(self, share: float) -> dict[str, str]:
        sizes = self.sizes(share)
        estimated = f", estimated from the first {share:.1%} of it" if share < 1 else ""
        unknown = f"{sizes['unknown_share']:.1%} of the tokens unknown"
        units = f"{sizes['lines']:,} {self.data.lexicon.tokenizer.unit}s"
        return {
            "text": f"{sizes['tokens']:,} tokens in {units} to learn from{estimated}",
            "vocabulary": f"{'at least ' if share < 1 else ''}{sizes['m']:,}; {unknown}",
        }

    def sizes(self, share: float) -> dict[str, int | float]:
        train = self.data.train
        return {
            "tokens": round(train.tokens / share),
            "lines": round(train.lines / share),
            "m": self.network.m,
            "unknown_share": train.unknown / train.tokens,
        }

    @property
    def window_fits(self) -> bool:
        targets = self.data.targets
        return self.steps <= targets and (self.rows == 1 or self.steps * self.rows <= targets)

    @property
    def try_it(self) -> str:
        return "sample"

    def copied(self) -> Copied | None:
        return copied_by_samples(self.model, self.data, self.seed)

    def example(self, at: TrainingState) -> str:
        try:
            drawn = self.trained(at).stream(length=SAMPLE_TOKENS, temperature=0.5, seed=self.seed)
            tokens = list(drawn)[1:]  # without the prompt, which is empty
        except RnnError as error:  # a relu state overflows: no reason to end the run
            return f"(no sample: {error})"
        return "".join(tokens) + ("…" if len(tokens) >= SAMPLE_TOKENS else "")

    def spell(self, batch: Batch) -> Iterator[str]:
        return spelled(batch, self.data.lexicon)


def decide(model: Path, settings: Settings, data: Data, init: LanguageModel | None) -> LanguageRun:
    """Return the run of these settings on this text; a preset decides what they leave open.

    init: the model to begin from. Raises UsageError for rates that would leave no weight.
    """
    given = settings.given()
    preset = load_preset(settings.preset or preset_for(data.tokens, data.m), data.m)
    choices = preset.choices.given(given)
    if init:
        choices = replace(choices, **choices_of(init.network))
    network = init.network if init else choices.network(data.m, choices.cutoffs(data.counts))
    window = window_that_fits(data, choices, settings.windows)
    values = asdict(choices) | choices_of(network) | {"preset": preset.name}
    decided = replace(settings, **values).filled(
        epochs=preset.epochs(-(-data.targets // (window[0] * window[1]))),
        carry_state=False,
        variational=False,
        max_rollbacks=DEFAULT_MAX_ROLLBACKS,
        seed=DEFAULT_SEED,
        **_text_defaults(settings, data),
    )
    refuse_no_weights(choices.lr, choices.weight_decay)
    run = LanguageRun(model, decided, data, network, window, init.p if init else None)
    return with_threads(run, settings.threads)


def refuse_another_model(settings: Settings, init: LanguageModel) -> None:
    """Raise UsageError for a setting that contradicts the model to begin from."""
    tokenizer = init.lexicon.tokenizer
    there = choices_of(init.network) | {"tokenizer": tokenizer.name, "unit": tokenizer.unit}
    asked = {name: value for name, value in settings.given().items() if name in there}
    refuse_contradictions(asked, there, f"the model {settings.init}")


def part_bits_per_character(loss: float, part: Part) -> float:
    """Return the bits per character of a part, given a model's loss in nats per target."""
    return bits_per_character(loss * part.targets + part.spelling_nats, part.characters)


def _text_defaults(settings: Settings, data: Data) -> dict[str, Any]:
    """Return the settings that describe how the text was read, for those left open."""
    tokenizer = data.lexicon.tokenizer
    values: dict[str, Any] = {"tokenizer": tokenizer.name, "unit": tokenizer.unit}
    if not settings.valid:
        values["valid_fraction"] = DEFAULT_VALID_FRACTION if data.valid else 0.0
    if not settings.vocab and not settings.init:
        normalize = tokenizer.settings.get("normalize", "none")
        values |= {"min_count": tokenizer.min_count, "max_size": DEFAULT_MAX_SIZE, "normalize": normalize}
    return values


def window_that_fits(data: Data, choices: Choices, windows: int) -> tuple[int, int]:
    """Return steps and rows of a window: steps within the text's length, and only as many rows as it can
    fill. windows: per step."""
    steps = min(choices.bptt, data.train.targets)
    return steps, rows_that_fit(data.train, choices.batch * windows, steps)


def rows_that_fit(part: Part, batch: int, bptt: int) -> int:
    return max(1, min(batch, part.targets // bptt))
