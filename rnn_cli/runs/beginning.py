"""Where a run begins: its text read, all settings decided and, on resume, at the saved point."""

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.runs.budget import epochs_in, seconds_of
from rnn_cli.runs.checkpoint import Checkpoint
from rnn_cli.runs.data import corpus_name
from rnn_cli.runs.events import Event, Notice, Reading
from rnn_cli.runs.metrics import refuse_missing_metric
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.resuming import reason_it_is_over
from rnn_cli.runs.run import Run, with_threads
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.shipped import about_usual_corpus, corpus_paths, refuse_misspelled
from rnn_cli.runs.tasks.table import task_of
from rnn_cli.training.state import TrainingState


class Beginning(NamedTuple):
    """Where a run begins.

    saved: the checkpoint to resume from.
    keeps_best: whether the best loss and epoch of the checkpoint still hold.
    is_another_text: whether the checkpoint is from a run on another text.
    """

    run: Run
    saved: Checkpoint | None = None
    keeps_best: bool = True
    is_another_text: bool = False


Preparing = Generator[Event, None, Beginning | None]


def prepare(
    model: Path, settings: Settings, resources: Resources, limit: int | None = None
) -> Generator[Notice | Reading, None, Beginning]:
    """Read the text of a new run, and decide what its settings leave open. limit: bytes of a long text that
    are enough. Raises UsageError or RnnError."""
    if settings.time and settings.epochs:
        raise UsageError("--time and --epochs exclude each other")
    if not settings.corpus:
        yield Notice(about_usual_corpus(os.environ))
    refuse_misspelled(settings.corpus)
    settings = replace(settings, corpus=corpus_paths(settings.corpus))  # valid in any locale and folder
    run = yield from task_of(settings).begin(model, settings, resources, limit)
    refuse_missing_metric(settings.metric, run.metrics)
    return Beginning(run)


class Resumption(NamedTuple):
    """A run to resume, before its text is read.

    threads: as requested now; None keeps their number, and so the same bits.
    """

    model: Path
    saved: Checkpoint
    settings: Settings
    threads: int | None
    keeps_best: bool
    force: bool

    def prepare(self, resources: Resources) -> Preparing:
        saved, settings = self.saved, self.settings
        if over := reason_it_is_over(saved, settings):
            yield Notice(f"{self.model}: {over}")
            return None
        task = task_of(settings)
        run = yield from task.resume(self.model, settings, saved.restored, saved.window, resources)
        is_another_text = run.data.fingerprint != saved.fingerprint
        if is_another_text:
            another = f"{corpus_name(settings)}: not the text that the run in {saved.path} has read"
            if not self.force:
                raise RnnError(f"{another} (name the right one, or add --force to use this one)")
            yield Notice(another, is_warning=True)
        elif not run.window_fits:
            raise RnnError(f"{saved.path}: damaged: a window of {saved.window} is larger than its text")
        if self.threads:
            run = with_threads(run, self.threads)
        if seconds := seconds_of(settings):
            done = saved.state["epoch"] + saved.state["window"] / max(1, len(run.epoch_windows(0)))
            run = replace(run, planned=epochs_in(seconds, saved.state["seconds"], done))
        return Beginning(run, saved, self.keeps_best and not is_another_text, is_another_text)


def restore(at: TrainingState, beginning: Beginning) -> None:
    """Move `at`, a new state of the run, to the point where the run was saved, if it was.

    If the learning rate has changed, it applies as given: its reductions by rollbacks and the schedule are
    forgotten. So are measurements on another text.
    """
    saved = beginning.saved
    if saved is None:
        return
    saved.restore(at)
    if not beginning.keeps_best:
        at.forget_best()
    if beginning.is_another_text:
        at.begin_another_text()
    if beginning.run.settings.lr != saved.settings.lr:
        at.forget_rates()
