"""Training as an object: it begins or resumes a run, yields events, saves by itself, and never prints.

for event in Trainer.begin(Settings(corpus=["book.txt"], tokenizer="char"), model="book.npz"):
    ...
"""

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from rnn_cli import storage
from rnn_cli.models.file import model_path
from rnn_cli.runs.beginning import Preparing, Resumption, prepare
from rnn_cli.runs.checkpoint import Checkpoint
from rnn_cli.runs.course import Course
from rnn_cli.runs.events import Event
from rnn_cli.runs.files import refuse_files
from rnn_cli.runs.lock import locked
from rnn_cli.runs.outcome import outcome
from rnn_cli.runs.paths import DEFAULT_MODEL, state_path
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.ranks import refuse_read_once
from rnn_cli.runs.resuming import changed_settings, goes_with_its_model
from rnn_cli.runs.run import Run
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.table import with_task
from rnn_cli.scoring.copying import Copied
from rnn_cli.training.parallel.world import by_first, world_of
from rnn_cli.training.state import TrainingState


class Trainer(Iterator[Event]):
    """A training run in progress: an iterator over its events. The model is locked until the run ends, or the
    trainer is closed or garbage-collected."""

    def __init__(
        self, model: Path, resources: Resources, threads: int | None, preparing: Preparing, lock: ExitStack
    ):
        """Internal: use `begin` or `resume`."""
        self.model = model
        self._course = Course(resources, threads)
        self._release = weakref.finalize(self, lock.close)
        self._events = self._course.go(preparing)

    @property
    def run(self) -> Run:
        """The run: its settings, text and network. Raises AttributeError until the text has been read
        (`Begun`)."""
        return self._course.run

    @property
    def state(self) -> TrainingState:
        """The state of training, available after `Begun`. Read it, but do not change it."""
        return self._course.state

    @classmethod
    def begin(
        cls,
        settings: Settings,
        model: str | Path = DEFAULT_MODEL,
        *,
        resources: Resources | None = None,
        force: bool = False,
    ) -> Self:
        """Begin a run that writes `model` (`m` means m.npz) and, beside it, the state to resume from.

        force: replace an existing model.
        Raises UsageError for settings or files that exclude each other, RnnError for files that cannot be
        written or a model that another run is writing, TypeError if `settings` is not a Settings.
        Files are read when the trainer is iterated over, except that without a task the first lines are read
        at once: lines in fastText's format mean --task classify.
        """
        if not isinstance(settings, Settings):
            raise TypeError(f"Settings are needed, as Settings(corpus=[{settings!r}])")
        settings = with_task(settings)
        path, resources = model_path(model), resources or _usual_resources(settings.threads)
        refuse_read_once(resources.world, settings)
        with ExitStack() as lock:

            def take_place() -> None:
                refuse_files(path, settings, force)
                lock.enter_context(locked(path))
                refuse_files(path, settings, force)  # again: another run may have ended in between

            by_first(resources.world, take_place)
            preparing = prepare(path, settings, resources)
            return cls(path, resources, settings.threads, preparing, lock.pop_all())

    @classmethod
    def resume(
        cls,
        model: str | Path = DEFAULT_MODEL,
        *,
        resources: Resources | None = None,
        force: bool = False,
        **changes: Any,
    ) -> Self:
        """Resume the run of `model` from its last save. It ends as if it had never been stopped.

        changes: settings that apply from here on (`resuming.py` lists those that may change).
        force: go on even with another text, or without the model.
        Raises UsageError for settings that contradict the run, RnnError if there is no saved run, it is
        damaged, or the model is not the one it was saved with.
        """
        path, asked = model_path(model), Settings(**changes)
        resources = resources or _usual_resources(asked.threads)
        refuse_read_once(resources.world, asked)
        with ExitStack() as lock:

            def take_place() -> Resumption:
                refuse_files(path, asked, may_replace=True)
                lock.enter_context(locked(path))
                storage.finish_pair(path, state_path(path))
                saved = Checkpoint.load(path)
                settings = changed_settings(saved, changes)
                keeps_best = goes_with_its_model(saved, path, force)
                return Resumption(path, saved, settings, asked.threads, keeps_best, force)

            resumption = by_first(resources.world, take_place)
            refuse_read_once(resources.world, resumption.settings)
            return cls(path, resources, asked.threads, resumption.prepare(resources), lock.pop_all())

    def __next__(self) -> Event:
        """Return the next event, from the reading of the text to the end of the run.

        Raises RnnError if the text cannot be used or the final save fails, Diverged if the run has diverged
        beyond recovery. What was saved before stays.
        """
        try:
            return next(self._events)
        except BaseException:  # including the end of the run
            self._release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def stop(self, reason: str = "stopped") -> None:
        """End the run after the current step; it is saved, and can be resumed."""
        self._course.stop_reason = reason

    def when_silent(self, say: Callable[[str], None]) -> None:
        """Call `say` with a message before this process ends because the other ranks have gone silent."""
        self._course.silent = say

    def close(self) -> None:
        """Release the lock and end the run's processes, without saving the steps since the last save."""
        self._events.close()
        self._release()

    def copied(self) -> Copied | None:
        """Return what 20 samples of the saved model copy from its text (`rnn sample --novelty`), once the run
        has ended; None if there is nothing to report. Raises RnnError if the model file is gone."""
        return self.run.copied()

    def outcome(self, reason: str | None = None) -> dict[str, Any]:
        """Return the result of the run so far, as JSON (outcome.py); for a run that had nothing left to do,
        only that reason. reason: why it ended, if it did not end by itself."""
        if not self._course.has_begun:
            return {"model": os.path.abspath(self.model), "reason": "nothing left to do"}
        return outcome(self.run, self.state, reason or self._course.ended or "not ended")

    def sample(self) -> str:
        """Return a sample of what the model does now, such as a text that it draws: from the same seed each
        time, to watch it learn."""
        return self.run.example(self.state)


def _usual_resources(threads: int | None) -> Resources:
    return Resources.of_user(threads=threads, world=world_of(os.environ))
