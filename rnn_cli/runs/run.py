"""A training run: what is trained, on what, and how. session.py does it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli.cli.console import say, warn
from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel, reading_to_json
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.network import Network
from rnn_cli.runs.contradictions import absolute, with_absolute_paths
from rnn_cli.runs.texts import TextOptions, Texts
from rnn_cli.text.store.corpus import Part
from rnn_cli.text.vocabulary import UNK
from rnn_cli.text.windows import Window, hide_rare, rows_without_cuts, windows_of
from rnn_cli.training.loop import Recipe
from rnn_cli.training.state import TrainingState
from rnn_cli.version import VERSION

MANY_UNKNOWN = 0.15  # of the tokens
SAMPLE_TOKENS = 60  # of the sample after each epoch


def rows_that_fit(part: Part, batch: int, bptt: int) -> int:
    """Rows for a text: no more than can be a window long."""
    return max(1, min(batch, part.targets // bptt))


@dataclass(frozen=True)
class Run:
    """What to train, on what, and how.

    options: the options of the command line by their names, those that it left out filled in; any JSON.
    first: the parameters to begin from, if they are not drawn.
    """

    model_path: Path
    options: dict[str, Any]
    text_options: TextOptions
    texts: Texts
    preset: str
    network: Network
    recipe: Recipe
    batch: int
    bptt: int
    carry_state: bool
    seed: int
    patience: int
    threads: int
    first: Parameters | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides how the run goes, but for the text."""
        return {
            "preset": self.preset,
            "network": asdict(self.network),
            "recipe": asdict(self.recipe),
            "batch": self.batch,
            "bptt": self.bptt,
            "carry_state": self.carry_state,
            "seed": self.seed,
            "patience": self.patience,
            "threads": self.threads,
        }

    @cached_property
    def header(self) -> dict[str, Any]:
        """What a training state says of its run, as JSON: all that it takes to begin it again."""
        paths = [*map(absolute, self.text_options.paths)]
        return {
            "rnn": VERSION,
            "options": with_absolute_paths(self.options),
            "run": self.settings,
            "text": with_absolute_paths(asdict(self.text_options) | {"paths": paths}),
            "fingerprint": self.texts.fingerprint,
            **reading_to_json(*self.texts.reading),
        }

    def describe(self) -> None:
        texts, train, valid = self.texts, self.texts.train, self.texts.valid
        unknown = train.unknown / train.tokens
        files = f"{texts.files:,} files" if texts.files > 1 else "1 file"
        say(
            f"text: {files}, {train.lines:,} lines, "
            f"{train.tokens:,} tokens ({texts.reading.tokenizer.name}), "
            f"{train.unknown:,} of them unknown ({unknown:.1%})"
        )
        if valid:
            share = valid.unknown / valid.tokens
            unknown = max(unknown, share)
            say(f"and {valid.lines:,} lines to validate on, {share:.1%} unknown")
        if unknown > MANY_UNKNOWN:
            way = "lower --min-count, raise --max-size, or --tokenizer char"
            if self.first is not None:  # with the vocabulary of its model
                way = "a model begun without --init would have a vocabulary of its own"
            warn(f"much of the text is unknown: {way}")
        say(f"network: {self.network.describe()}, {self.network.size:,} parameters")
        say(f"preset: {self.preset}")
        say(
            f"training: epochs {self.recipe.epochs}, {self.batch} rows of {self.bptt} steps, "
            f"{self.recipe.optimizer}, learning rate {self.recipe.lr:g} ({self.recipe.schedule})"
        )
        say(
            f"          dropout {self.recipe.dropout:g}, weight decay {self.recipe.weight_decay:.2g}, "
            f"threads {self.threads}"
        )

    def epoch_windows(self, epoch: int) -> Sequence[Window]:
        """The text as this epoch reads it: independent lines in an order of its own, and where no token
        is unknown, some rare ones as if they were."""
        read_as = None
        if self.texts.counts[UNK] == 0:
            read_as = hide_rare(self.texts.counts, np.random.default_rng((self.seed, *b"hide rare", epoch)))
        shuffle = (self.seed, *b"shuffle", epoch)
        return windows_of(self.texts.train, self.batch, self.bptt, self.carry_state, shuffle, read_as)

    def valid_windows(self) -> Sequence[Window] | None:
        valid = self.texts.valid
        if valid is None:
            return None
        rows = rows_that_fit(valid, self.batch, self.bptt)
        if not self.carry_state:
            rows = rows_without_cuts(valid.targets, valid.longest, self.batch)
        return windows_of(valid, rows, self.bptt, self.carry_state)

    def first_parameters(self) -> Parameters:
        if self.first is not None:
            return self.first
        return self.network.initialise(np.random.default_rng((self.seed, *b"initialise")), self.texts.counts)

    def language_model(self, at: TrainingState) -> LanguageModel:
        history = {
            "rnn": VERSION,
            "preset": self.preset,
            "training": asdict(self.recipe) | {"batch": self.batch, "bptt": self.bptt},
            "epoch": at.epoch,
            "step": at.step,
            "tokens": at.tokens,
            "loss": at.best_loss,
            "epochs": [{"train_loss": train, "valid_loss": valid} for train, valid in at.curve],
        }
        return LanguageModel(*self.texts.reading, self.network, at.p, self.carry_state, history)

    def sample(self, at: TrainingState) -> str:
        """The same draw each time, to be watched as it learns."""
        try:
            drawn = self.language_model(at).stream(length=SAMPLE_TOKENS, temperature=0.5, seed=self.seed)
            with np.errstate(over="ignore", invalid="ignore"):
                pieces = list(drawn)  # the first is the prompt, which is empty
            return "".join(pieces) + ("…" if len(pieces) > SAMPLE_TOKENS else "")
        except RnnError as error:  # a state of relu that overflows: no reason to end the run
            return f"(no sample: {error})"
