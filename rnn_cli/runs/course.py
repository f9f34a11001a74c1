"""The course of a run: training, saving, logging, and yielding events."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial

from rnn_cli.errors import Diverged, RnnError
from rnn_cli.printing import counted
from rnn_cli.runs.beginning import Beginning, Preparing, restore
from rnn_cli.runs.budget import Budget, forecast, late, seconds_of
from rnn_cli.runs.checkpoint import Saver
from rnn_cli.runs.events import Begun, Ended, Event, Notice, Saved
from rnn_cli.runs.files import refuse_full_disk, write_text
from rnn_cli.runs.judges import judging_of
from rnn_cli.runs.log import Log, LogPosition
from rnn_cli.runs.memory import refuse_beyond
from rnn_cli.runs.paths import diverged_path, state_path
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.ranks import divided, own, whole
from rnn_cli.runs.run import Run
from rnn_cli.text.store.mapping import CutShort
from rnn_cli.training import loop
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone, Validating
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.ranks import RankDied
from rnn_cli.training.parallel.world import World, by_first, meet
from rnn_cli.training.state import TrainingState

BESIDE = 1 << 16  # bytes in a file besides its arrays and its description of the run, at most


class Course:
    """A run in progress, or this rank's part of one.

    silent: called with a message before the process ends because the other ranks have gone silent.
    run: what is trained on what, set once the text has been read.
    state: the state of training, set before the first step.
    stop_reason: why to end the run after the current step; None: go on.
    """

    run: Run
    state: TrainingState

    def __init__(self, resources: Resources, threads: int | None):
        """threads: as requested; None leaves the number open."""
        self._resources, self._world, self._threads = resources, resources.world, threads
        self.silent: Callable[[str], None] = _say_nothing
        self.stop_reason: str | None = None
        self.ended: str | None = None  # why, once it has ended
        self._began = time.monotonic()

    @property
    def has_begun(self) -> bool:
        return hasattr(self, "state")

    def go(self, preparing: Preparing) -> Generator[Event, None, None]:
        """Read the text, train to the end and save. Raises what Trainer.__next__ documents."""
        self._world.expect_signs(self._resources.rank_timeout, self.silent)
        beginning = yield from preparing
        meet(self._world)  # the text may be missing on one machine
        if beginning:
            yield from self._train(beginning)

    def _train(self, beginning: Beginning) -> Generator[Event, None, None]:
        run, saved, keeps_best, _ = beginning
        world, division = self._world, saved.division if saved else None
        run = self.run = yield from divided(run, world, self._threads, division)
        refuse_beyond(self._resources.max_memory, run.shape)
        kept = saved.partner if saved and keeps_best else None
        best_loss = saved.position.best_loss if saved and keeps_best else None
        saver = Saver(run, kept, best_loss, writes=world.rank == 0)
        with closing(Log(_logged(run, world), saved.log if saved else LogPosition())) as log:
            yield Begun(run, saved.position.step if saved else None)
            yield from _notices(late(run.settings, time.monotonic() - self._began))
            if not run.settings.time:
                yield from _notices(forecast(run, world, saved.position.epoch if saved else 0))
            with Executor(
                run.network, run.first_parameters(), run.window, run.threads, team=run.team(world)
            ) as executor:
                world.expect(self._resources.rank_timeout, self.silent)
                world.share_arrays(executor.p.values())
                at = self.state = loop.start(executor, run.recipe, run.rows)
                files = [run.model, state_path(run.model)]
                by_first(world, partial(refuse_full_disk, files, _room(at, saver, run)))
                restore(at, beginning)
                own(at, executor)
                yield from _notices(log.start(at, is_resumed=saved is not None))
                yield from self._follow(executor, saver, log, is_resumed=saved is not None)

    def _steps(self, executor: Executor, is_resumed: bool) -> Iterator[loop.Event]:
        """Train; if the run has a time limit, re-plan its epochs as it goes."""
        run, at = self.run, self.state
        seconds = seconds_of(run.settings)
        judging = judging_of(run, self._world)
        if seconds is None:
            yield from loop.train(executor, run.recipe, at, run.epoch_windows, judging)
            return
        budget, windows = Budget(seconds, at, self._began), len(run.epoch_windows(at.epoch))
        share = self._world.share  # rank 0's clock decides
        recipe: loop.Recipe | None = run.recipe
        if is_resumed:
            recipe = share(budget.resumed(run.recipe, at, windows))
        while recipe:
            self.run, current = replace(self.run, planned=recipe.epochs), recipe
            recipe = None
            for done in loop.train(executor, current, at, run.epoch_windows, judging):
                yield done
                if isinstance(done, StepDone | EpochDone) and (
                    recipe := share(budget.replanned(current, at, windows))
                ):
                    break
            else:
                recipe = share(budget.prolonged(current, at, windows))

    def _follow(
        self, executor: Executor, saver: Saver, log: Log, is_resumed: bool
    ) -> Generator[Event, None, None]:
        """Train to the end, or until told to stop; save whenever a save is due, and at the end."""
        at, reason = self.state, None
        stopped: str | None = None
        try:
            for done in self._steps(executor, is_resumed):
                yield from _notices(_log_row(log, at, done))
                yield done
                if isinstance(done, EpochDone):
                    reason = _reason_to_end(self.run, at)
                is_due = self._is_due(executor, saver)
                stopped = self._stopped(executor)
                if reason or stopped:
                    break
                if isinstance(done, EpochDone) or (not isinstance(done, Validating) and is_due):
                    yield from self._save(executor, saver, log)
        except (RankDied, CutShort) as error:
            if self._world.size > 1:
                raise  # the other ranks do not know of it
            what = "a process was killed" if isinstance(error, RankDied) else "the text was cut short"
            yield from self._end(executor, saver, log, what)
            raise
        except Diverged as error:
            yield from _notices(log.end(at, "diverged"))
            if at.good and self._world.share(saver.kept):
                yield from self._save(executor, saver, log)
            raise self._diverged(error, saver) from error
        if self.run.settings.time and not stopped:
            saver.finish(at)
        reason = stopped or reason or "done"
        yield from self._end(executor, saver, log, reason)
        self.ended = reason
        yield Ended(reason, at.best_epoch)

    def _stopped(self, executor: Executor) -> str | None:
        """Return the reason if the run is to stop now. A rank announces its wish to stop with the next
        batch."""
        accord = executor.accord
        if self._world.size == 1:
            return self.stop_reason
        accord.asks_to_stop = self.stop_reason is not None
        return None if accord.stopper is None else self._world.share(self.stop_reason, accord.stopper)

    def _is_due(self, executor: Executor, saver: Saver) -> bool:
        """Return whether to save now. Rank 0 announces a save with the next batch."""
        accord, is_due = executor.accord, saver.is_due(self.state.step)
        if self._world.size == 1 or saver.counts_steps:
            return is_due
        due, accord.saves, accord.asks_to_save = accord.saves, False, is_due and not accord.saves
        return due

    def _save(self, executor: Executor, saver: Saver, log: Log) -> Generator[Event, None, None]:
        """Save; if that fails, the run goes on and tries again later."""
        was_failing, at = saver.is_failing, whole(self.state, executor)
        try:
            saver.save(at, log.position())
        except OSError as error:
            if not was_failing:
                what = f"{self._cannot_save(error)}; training goes on and retries"
                yield Notice(what, is_warning=True)
        else:
            yield Saved(self.run.model, self.state.step)
        meet(self._world)  # a disk may be slow

    def _end(self, executor: Executor, saver: Saver, log: Log, reason: str) -> Generator[Event, None, None]:
        """Save for the last time. Raises RnnError if that fails."""
        at = whole(self.state, executor)
        yield from _notices(log.end(at, reason))
        try:
            saver.save(at, log.position())
        except OSError as error:
            raise RnnError(self._cannot_save(error)) from error
        yield Saved(self.run.model, self.state.step)

    def _cannot_save(self, error: OSError) -> str:
        return f"{self.run.model}: cannot be saved: {error.strerror or error}; the previous save is intact"

    def _diverged(self, error: Diverged, saver: Saver) -> Diverged:
        """Write the text that the run diverged on to a file, and return the error to raise."""
        run, at, lr = self.run, self.state, f"now {self.run.recipe.lr:g}"
        if at.best_epoch:
            kept = f"{run.model} holds the model of epoch {at.best_epoch}"
        else:
            kept = f"{run.model} holds the model so far" if saver.kept else "no model was saved"
        if at.rollbacks:
            lr += f", and halved {counted(at.rollbacks, 'time')}"
        clip = f"--clip (now {run.recipe.clip:g})" if run.recipe.clip else "clip gradients (--clip 1)"
        text, path = "", diverged_path(run.model)
        with suppress(OSError, RnnError):
            if self._world.rank:
                raise error  # rank 0 writes it
            write_text(path, "".join(f"{line}\n" for line in run.spell(error.batch)))
            text = f" (its text is in {path})"
        return Diverged(f"{error}{text}: lower --lr ({lr}) or {clip}; {kept}", error.batch)


def _say_nothing(text: str) -> None:
    pass


def _logged(run: Run, world: World) -> Run:
    """Return the run as this rank logs it: only rank 0 has a log file."""
    return run if world.rank == 0 else replace(run, settings=replace(run.settings, log=None))


def _room(at: TrainingState, saver: Saver, run: Run) -> int:
    """Return the number of bytes that the model and state files will need."""
    beside = len(json.dumps(saver.header)) + BESIDE
    p, state = (sum(a.nbytes for a in arrays.values()) for arrays in (at.p, at.pack()[0]))
    return p + state * (2 if run.recipe.max_rollbacks else 1) + 2 * beside


def _log_row(log: Log, at: TrainingState, done: loop.Event) -> Notice | None:
    match done:
        case StepDone():
            return log.step(at, done)
        case EpochDone():
            return log.epoch(at, done)
        case RolledBack():
            return log.rollback(at, done)
    return None


def _notices(notice: Notice | None) -> Iterator[Notice]:
    if notice:
        yield notice


def _reason_to_end(run: Run, at: TrainingState) -> str | None:
    """Return why a run ends with the epoch just done, or None. With a time limit it ends when the time is up,
    unless patience is given."""
    if run.settings.time and not run.settings.patience:
        return None
    if at.epoch >= run.epochs and not run.settings.time:
        return "done"
    return f"no better for {run.patience} epochs" if at.epoch - at.best_epoch >= run.patience else None
