"""Training as an object: it begins or resumes a run, yields what happens, saves by itself, and never prints.

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
    """A training run under way: an iterator over what happens. It is locked from the start until it ends, is
    closed, or is given up."""

    def __init__(
        self, model: Path, resources: Resources, threads: int | None, preparing: Preparing, lock: ExitStack
    ):
        """Use `begin` or `resume`."""
        self.model = model
        self._course = Course(resources, threads)
        self._release = weakref.finalize(self, lock.close)
        self._events = self._course.go(preparing)

    @property
    def run(self) -> Run:
        """What is trained on what, once the text has been read (`Begun`); before that AttributeError."""
        return self._course.run

    @property
    def state(self) -> TrainingState:
        """Where the run is, after `Begun`. Read it, but do not change it."""
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
        """Begin a run that writes `model` (`m` is m.npz) and, beside it, the state to resume from.

        force: replace a model that is there. Raises UsageError for settings or files that exclude each other,
        RnnError for files that cannot be written and for a model that another run is writing, TypeError for
        what are no settings. Files are read once the trainer is iterated over, but for the first lines where
        no task is given: fastText's are of --task classify.
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
                refuse_files(path, settings, force)  # again: another run may have ended since

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
        """Go on with the run of `model` where it was saved. It ends as if it had never been stopped.

        changes: settings that hold from here (`resuming.py` lists those that may change).
        force: go on even on another text, or without the model.
        Raises UsageError for settings that contradict the run, RnnError where there is none, it is damaged,
        or the model is not its own.
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
        """Return the next of what happens, from the reading of the text to the end of the run.

        Raises RnnError for a text that cannot be used and where the end cannot be saved, Diverged where the
        run has diverged for good. What was saved before stays.
        """
        try:
            return next(self._events)
        except BaseException:  # the end of the run among them
            self._release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def stop(self, reason: str = "stopped") -> None:
        """Let the run end after the step that it is at; it is saved, and can be resumed."""
        self._course.stop_reason = reason

    def when_silent(self, say: Callable[[str], None]) -> None:
        """Call `say` with a line before this process ends because the other ranks are not heard from."""
        self._course.silent = say

    def close(self) -> None:
        """Give up the lock and the processes of the run, without saving what came after the last save."""
        self._events.close()
        self._release()

    def copied(self) -> Copied | None:
        """Return what 20 samples of the saved model copy from its text (`rnn sample --novelty`), once the run
        has ended; None where there is nothing to say. Raises RnnError for a model file that is gone."""
        return self.run.copied()

    def outcome(self, reason: str | None = None) -> dict[str, Any]:
        """Return what the run has come to so far, as JSON (outcome.py). Of a run that had nothing left to do,
        that alone is said. reason: why it ended, where it did not end by itself."""
        if not self._course.has_begun:
            return {"model": os.path.abspath(self.model), "reason": "nothing left to do"}
        return outcome(self.run, self.state, reason or self._course.ended or "not ended")

    def sample(self) -> str:
        """Return what the model does as it is now, a text that it draws, say: the same each time, to watch it
        learn."""
        return self.run.example(self.state)


def _usual_resources(threads: int | None) -> Resources:
    return Resources.of_user(threads=threads, world=world_of(os.environ))
