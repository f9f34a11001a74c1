"""A training run: the loop's consumer, which saves, tells, and stops early."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli import __version__, storage
from rnn_cli.cli.console import say, stop_on_signals, warn
from rnn_cli.cli.report import Report
from rnn_cli.cli.texts import Texts
from rnn_cli.errors import Diverged, RnnError
from rnn_cli.language_model import LanguageModel
from rnn_cli.network.cells import CELLS
from rnn_cli.network.model import Network
from rnn_cli.text.corpus import Corpus, Windows, hide_rare, rows_without_cuts
from rnn_cli.text.vocabulary import UNK
from rnn_cli.training import loop
from rnn_cli.training.executor import SHARDED_UP_TO, Executor
from rnn_cli.training.loop import EpochDone, Recipe, StepDone, TrainingState
from rnn_cli.training.ranks import RankDied

STATE_FORMAT = "rnn training state"
STATE_VERSION = 1
MANY_UNKNOWN = 0.15  # of the tokens
SAMPLE_TOKENS = 60  # of the sample after each epoch


def state_path(model: Path) -> Path:
    """Where a run keeps what it needs to go on: m.npz -> m.state.npz."""
    return model.parent / f"{model.name.removesuffix('.npz')}.state.npz"


def rows_that_fit(corpus: Corpus, batch: int, bptt: int) -> int:
    """Rows for a text: no more than can be a window long."""
    return max(1, min(batch, len(corpus.ids) // bptt))


def refuse_beyond_memory(network: Network, batch: int, bptt: int, threads: int) -> None:
    """Raises RnnError for a network that this machine's memory cannot hold in training."""
    parameters = network.size
    states = 8 * batch * bptt * network.n * network.layers * len(CELLS[network.cell].gates)
    copies = 3 + (threads if parameters <= SHARDED_UP_TO else 1)  # weights, two moments, and gradients
    needed = 4 * (copies * parameters + states)  # float32
    if not hasattr(os, "sysconf"):  # Windows
        return
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise RnnError(
            f"{parameters:,} parameters need {needed / 2**30:,.1f} GiB to train and this machine has "
            f"{memory / 2**30:,.1f}: lower --hidden, --batch or the size of the vocabulary"
        )


@dataclass(frozen=True)
class Run:
    """What to train, on what, and how; `go` does it."""

    model_path: Path
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

    def describe(self) -> None:
        texts, train, valid = self.texts, self.texts.train, self.texts.valid
        unknown = train.unknown / train.tokens
        say(
            f"text: {train.lines:,} lines, {train.tokens:,} tokens ({texts.reading.tokenizer.name}), "
            f"{unknown:.1%} unknown"
        )
        if valid:
            share = valid.unknown / valid.tokens
            say(f"held out: {valid.lines:,} lines to validate, {share:.1%} unknown")
        if unknown > MANY_UNKNOWN:
            warn("much of the text is unknown: lower --min-count, raise --max-size, or --tokenizer char")
        say(f"network: {self.network.describe()}, {self.network.size:,} parameters")
        say(f"preset: {self.preset}")
        say(
            f"training: epochs {self.recipe.epochs}, {self.batch} rows of {self.bptt} steps, "
            f"{self.recipe.optimizer}, learning rate {self.recipe.lr:g}"
        )
        say(
            f"          dropout {self.recipe.dropout:g}, weight decay {self.recipe.weight_decay:.2g}, "
            f"threads {self.threads}"
        )

    def epoch_windows(self, epoch: int) -> Windows:
        """The text as this epoch reads it: independent lines in an order of its own, and where no token
        is unknown, some rare ones as if they were."""
        order = read_as = None
        if not self.carry_state:
            rng = np.random.default_rng((self.seed, *b"shuffle", epoch))
            order = rng.permutation(self.texts.train.lines)
        if self.texts.counts[UNK] == 0:
            read_as = hide_rare(self.texts.counts, np.random.default_rng((self.seed, *b"hide rare", epoch)))
        return Windows(self.texts.train, self.batch, self.bptt, self.carry_state, order, read_as)

    def valid_windows(self) -> Windows | None:
        valid = self.texts.valid
        if valid is None:
            return None
        rows = rows_that_fit(valid, self.batch, self.bptt)
        if not self.carry_state:
            rows = rows_without_cuts(valid, self.batch)
        return Windows(valid, rows, self.bptt, self.carry_state)

    def go(self, report: Report) -> int:
        """Train, save and tell; -> the exit status. Raises Diverged; what was saved stays."""
        p = self.network.initialise(np.random.default_rng((self.seed, *b"initialise")), self.texts.counts)
        try:
            with stop_on_signals() as stop, Executor(self.network, self.threads) as executor:
                at = loop.start(self.network, self.recipe, executor.place(p), self.batch)
                report.start(
                    at, {"rnn": __version__, "tokenizer": self.texts.reading.tokenizer.name} | self.settings
                )
                steps = loop.train(executor, self.recipe, at, self.epoch_windows, self.valid_windows())
                for done in steps:
                    match done:
                        case StepDone():
                            report.step(at, done)
                        case EpochDone():
                            self.save(at, model=done.improved)
                            report.epoch(at, done, self.sample(at))
                            if at.epoch - at.best_epoch >= self.patience:
                                report.end(at, f"no better for {self.patience} epochs", self.model_path)
                                return 0
                    if stop.signal:
                        self.save(at, model=not at.best_epoch)
                        report.end(at, f"stopped by {stop.name}", self.model_path)
                        return stop.status
        except RankDied:
            self.save(at, model=not at.best_epoch)
            report.end(at, "a process was killed", self.model_path)
            raise
        except Diverged as error:
            held = f"{self.model_path} holds the model of epoch {at.best_epoch}"
            clip = f"--clip (now {self.recipe.clip:g})" if self.recipe.clip else "clip gradients (--clip 1)"
            report.end(at, "diverged", None)
            raise Diverged(
                f"{error}: lower --lr (now {self.recipe.lr:g}) or {clip}; "
                f"{held if at.best_epoch else 'no model was saved'}"
            ) from error
        report.end(at, "done", self.model_path)
        return 0

    def save(self, at: TrainingState, model: bool) -> None:
        """Write the training state, and before it the model if asked."""
        try:
            if model:
                self.language_model(at).save(self.model_path)
            self.save_state(at)
        except OSError as error:
            raise RnnError(
                f"{self.model_path}: cannot be saved: {error.strerror or error}; "
                "what was saved before is whole"
            ) from error

    def language_model(self, at: TrainingState) -> LanguageModel:
        history = {
            "rnn": __version__,
            "preset": self.preset,
            "training": asdict(self.recipe) | {"batch": self.batch, "bptt": self.bptt},
            "epoch": at.epoch,
            "step": at.step,
            "tokens": at.tokens,
            "loss": at.best_loss,
            "epochs": [{"train_loss": train, "valid_loss": valid} for train, valid in at.curve],
        }
        return LanguageModel(*self.texts.reading, self.network, at.p, self.carry_state, history)

    def save_state(self, at: TrainingState) -> None:
        arrays, position = at.pack()
        header = {
            "format": STATE_FORMAT,
            "version": STATE_VERSION,
            "run": self.settings,
            "position": position,
        }
        storage.save(state_path(self.model_path), arrays, header)

    def sample(self, at: TrainingState) -> str:
        """The same draw each time, to be watched as it learns."""
        try:
            drawn = self.language_model(at).stream(length=SAMPLE_TOKENS, temperature=0.5, seed=self.seed)
            with np.errstate(over="ignore", invalid="ignore"):
                pieces = list(drawn)  # the first is the prompt, which is empty
            return "".join(pieces) + ("…" if len(pieces) > SAMPLE_TOKENS else "")
        except RnnError as error:  # a state of relu that overflows: no reason to end the run
            return f"(no sample: {error})"
