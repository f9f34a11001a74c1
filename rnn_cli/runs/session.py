"""A training run under way: the loop's consumer, which saves, tells, and stops early."""

import json
import os
import shlex
from contextlib import suppress
from dataclasses import dataclass

from rnn_cli.cli.console import warn
from rnn_cli.cli.report import Report
from rnn_cli.cli.signals import Stop
from rnn_cli.errors import Diverged, RnnError
from rnn_cli.network.network import Batch
from rnn_cli.runs import files
from rnn_cli.runs.batch_text import write_batch
from rnn_cli.runs.run import Run
from rnn_cli.runs.saving import Saved, Saver, diverged_path, state_path
from rnn_cli.training import loop
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone, Windows
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.ranks import RankDied
from rnn_cli.training.state import TrainingState
from rnn_cli.version import VERSION

Event = StepDone | EpochDone | RolledBack
BESIDE = 1 << 16  # bytes that a file has beside its arrays and what its header says of the run, at most


class Stopped(Exception):
    """A signal came while the run was validated."""


@dataclass(frozen=True)
class Stoppable:
    """Windows to validate on, until a signal comes: validation changes nothing, so that a run that goes on
    can begin it again."""

    windows: Windows
    stop: Stop

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Batch:
        if self.stop.signal:
            raise Stopped
        return self.windows[index]


@dataclass(frozen=True)
class Session:
    """Trains, saves and tells, until the run is done or stopped."""

    run: Run
    saver: Saver
    report: Report
    stop: Stop

    def go(self, saved: Saved | None = None) -> int:
        """Train from where a run was saved, or from the beginning; -> the exit status. Raises Diverged, and
        RnnError where the end cannot be saved; what was saved stays."""
        run = self.run
        self.stop.in_order = True
        with Executor(run.network, (run.bptt, run.batch), run.threads) as executor:
            at = self._begin(executor, saved)
            try:
                reason = self._follow(executor, at)
            except RankDied:
                self._end(at, "a process was killed")
                raise
            except BrokenPipeError:
                self._end(at, "nobody listens")
                raise
            except Diverged as error:
                raise self._diverged(at, error) from error
        with suppress(BrokenPipeError):  # all is saved
            self.report.tell_end(at, reason, run.model_path, self._way_on())
        return self.stop.status

    def _begin(self, executor: Executor, saved: Saved | None) -> TrainingState:
        """The state to go on from, once it is sure that it can be saved."""
        run = self.run
        at = loop.start(run.network, run.recipe, executor.place(run.first_parameters()), run.batch)
        files.refuse_full_disk([run.model_path, state_path(run.model_path)], self._room(at))
        if saved:
            saved.unpack(at)
        settings = {"rnn": VERSION, "model": os.path.abspath(run.model_path)}
        settings |= {"text": run.texts.figures, "tokenizer": run.texts.reading.tokenizer.name} | run.settings
        self.report.start(at, settings, saved.header["report"] if saved else None)
        return at

    def _room(self, at: TrainingState) -> int:
        """Bytes of the model and the state, in their files."""
        beside = len(json.dumps(self.run.header)) + BESIDE
        p, state = (sum(a.nbytes for a in arrays.values()) for arrays in (at.p, at.pack()[0]))
        return p + state * (2 if self.run.recipe.max_rollbacks else 1) + 2 * beside

    def _follow(self, executor: Executor, at: TrainingState) -> str:
        """Train; -> why that has come to an end."""
        run, reason, windows = self.run, None, self.run.valid_windows()
        valid = None if windows is None else Stoppable(windows, self.stop)
        with suppress(Stopped):
            for done in loop.train(executor, run.recipe, at, run.epoch_windows, valid):
                self._tell(at, done)
                if isinstance(done, EpochDone):
                    reason = self._reason_to_end(at)
                if reason or self.stop.signal:
                    break
                if isinstance(done, EpochDone) or self.saver.is_due(at.step):
                    self._save(at)
        if self.stop.signal or not reason:
            reason = f"stopped by {self.stop.name}"
        self._end(at, reason)
        return reason

    def _tell(self, at: TrainingState, done: Event) -> None:
        match done:
            case StepDone():
                self.report.step(at, done)
            case EpochDone():
                self.report.epoch(at, done, self.run.sample(at))
            case RolledBack():
                self.report.rollback(at, done)

    def _reason_to_end(self, at: TrainingState) -> str | None:
        """At an epoch's end."""
        if at.epoch >= self.run.recipe.epochs:
            return "done"
        no_better = at.epoch - at.best_epoch >= self.run.patience
        return f"no better for {self.run.patience} epochs" if no_better else None

    def _save(self, at: TrainingState) -> OSError | None:
        """Save the state, and the model where it is the best so far or of the first epoch; -> the error,
        where that cannot be done, of which a first one is told."""
        arrays, position = at.pack()
        header = self.run.header | {"position": position, "report": self.report.position()}
        is_best = at.best_loss is None or at.best_loss != self.saver.best_loss
        model = self.run.language_model(at) if is_best else None
        told = self.saver.failing
        error = self.saver.save(arrays, header, model, at.best_loss)
        if error and not told:
            warn(f"{self._what_failed(error)}; it goes on, and tries again")
        return error

    def _end(self, at: TrainingState, reason: str) -> None:
        """Save for the last time. Raises RnnError where that cannot be done."""
        self.report.end(at, reason)
        self.saver.failing = True  # this one is an error
        if error := self._save(at):
            raise RnnError(self._what_failed(error)) from error

    def _what_failed(self, error: OSError) -> str:
        why = error.strerror or error
        return f"{self.run.model_path}: cannot be saved: {why}; what was saved before is whole"

    def _diverged(self, at: TrainingState, error: Diverged) -> Diverged:
        """What to raise, once the last good state is saved, if a model of this run is, and the text that it
        diverged on."""
        run, lr = self.run, f"now {self.run.recipe.lr:g}"
        self.report.end(at, "diverged")
        if at.good and self.saver.kept:
            self._save(at)
        kept = f"{run.model_path} holds the model of epoch {at.best_epoch}" if at.best_epoch else ""
        if not kept:
            kept = f"{run.model_path} holds the model so far" if self.saver.kept else "no model was saved"
        if at.rollbacks:
            lr += f", and halved {at.rollbacks} times"
        clip = f"--clip (now {run.recipe.clip:g})" if run.recipe.clip else "clip gradients (--clip 1)"
        text = self._write_batch(error)
        return Diverged(f"{error}{text}: lower --lr ({lr}) or {clip}; {kept}")

    def _write_batch(self, error: Diverged) -> str:
        path = diverged_path(self.run.model_path)
        with suppress(OSError, RnnError):
            write_batch(path, error.batch, self.run.texts.reading)
            return f" (its text is in {path})"
        return ""

    def _way_on(self) -> str:
        """The command that one would give next."""
        model = shlex.quote(str(self.run.model_path))
        if self.stop.signal is None:
            return f"try: rnn sample --model {model}"
        again = " < TEXT" if "-" in self.run.text_options.inputs else ""
        return f"to go on: rnn train --model {model} --resume{again}"
