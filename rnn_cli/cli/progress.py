"""Progress of long tasks: lines of text, and a bar on a terminal."""

import shlex
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rnn_cli.cli.console import progress_bar, say, unheard, warn
from rnn_cli.cli.language import label, translated
from rnn_cli.printing import counted
from rnn_cli.runs.events import Begun, Ended, Event, Notice, Reading
from rnn_cli.runs.metrics import shown
from rnn_cli.runs.run import Run
from rnn_cli.runs.trainer import Trainer
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone
from rnn_cli.training.state import TrainingState

if TYPE_CHECKING:
    from tqdm import tqdm

SAY_EVERY = 30.0  # seconds between lines where there is no terminal for a bar
MOST_EPOCH_LINES = 25
QUIET = 5.0  # seconds without a line, after which an epoch gets one anyway
T = TypeVar("T")


def follow(task: Generator[Event, None, T], quiet: bool = False) -> T:
    """Run a task that reads a text, showing how far it has got; return its result."""
    with _reading_bar(quiet) as show:
        while True:
            try:
                event = next(task)
            except StopIteration as end:
                return end.value
            show(event)


@contextmanager
def _reading_bar(quiet: bool) -> Iterator[Any]:
    reading = ReadingBar(quiet)
    try:
        yield reading.show
    finally:
        reading.close()


class ReadingBar:
    """Shows a bar for each text that is read, and the notices of the reading."""

    def __init__(self, quiet: bool):
        self._quiet = quiet
        self._bar: tqdm[Any] | None = None
        self._done = 0

    def show(self, event: Event) -> None:
        match event:
            case Notice():
                show_notice(event, self._quiet)
            case Reading():
                if self._bar is None or event.done < self._done:  # another text
                    self.close()
                    self._bar, self._done = progress_bar(event.total, self._quiet, "B", label("reading")), 0
                with unheard():
                    self._bar.update(event.done - self._done)
                self._done = event.done

    def close(self) -> None:
        if self._bar is not None:
            with unheard():
                self._bar.close()
        self._bar = None


def show_notice(notice: Notice, quiet: bool) -> None:
    """Print a notice. quiet: only if it is a warning."""
    if notice.is_warning:
        warn(notice.text)
    elif not quiet:
        say(notice.text)


class Progress:
    """Shows the events of a run."""

    def __init__(self, trainer: Trainer, quiet: bool):
        self._trainer, self._quiet = trainer, quiet
        self._reading = ReadingBar(quiet)
        self._bar: tqdm[Any] | None = None
        self._said = time.monotonic()

    def close(self) -> None:
        self._reading.close()
        if self._bar is not None:
            with unheard():
                self._bar.close()

    def show(self, event: Event) -> None:
        match event:
            case Notice() | Reading():
                self._reading.show(event)
            case Begun():
                self._begin(event)
            case StepDone():
                self._step(event)
            case EpochDone() if not self._quiet and self._is_shown(event.epoch):
                self._epoch(event)
            case RolledBack():
                self._rollback(event)
            case Ended() if not self._quiet:
                self._end(event)

    def _begin(self, event: Begun) -> None:
        self._reading.close()
        run = event.run
        if not self._quiet:
            for line in describe(run):
                say(line)
            if event.step is not None:
                say(f"going on after step {event.step:,}")
        self._bar = progress_bar(run.epochs * run.data.targets, self._quiet)

    def _step(self, done: StepDone) -> None:
        assert self._bar is not None
        run, at = self._trainer.run, self._trainer.state
        if self._bar.n == 0:  # a resumed run
            self._bar.initial = self._bar.n = self._bar.last_print_n = at.tokens - done.tokens
        with unheard():
            place = f"{label('epoch')} {done.epoch}{of_all(run)}, {label('loss')} {done.loss:.3f}"
            self._bar.set_postfix_str(place, refresh=False)
            self._bar.update(done.tokens)
        if self._bar.disable and not self._quiet and time.monotonic() > self._said + SAY_EVERY:
            rate = at.tokens / max(at.seconds, 1e-9)
            left = (run.epochs * run.data.targets - at.tokens) / rate
            self._say(
                f"epoch {done.epoch}{of_all(run)}  step {done.step}  loss {done.loss:.3f}  "
                f"{rate:,.0f} tokens/s  {left / 60:.1f} min left"
            )

    def _rollback(self, done: RolledBack) -> None:
        assert self._bar is not None
        with unheard():
            self._bar.update(self._trainer.state.tokens - self._bar.n)
        if not self._quiet:
            warn(f"{done.reason}: back to step {done.step}, with half the learning rate ({done.lr:.3g})")

    def _is_shown(self, epoch: int) -> bool:
        """Return whether an epoch gets a line; if there are hundreds of short ones, only some do."""
        epochs = self._trainer.run.epochs
        is_one_of_some = epoch % -(-epochs // MOST_EPOCH_LINES) == 0
        return epoch <= 3 or epoch == epochs or is_one_of_some or time.monotonic() > self._said + QUIET

    def _epoch(self, done: EpochDone) -> None:
        run = self._trainer.run
        words = [f"epoch {done.epoch:>3}{of_all(run)}", f"train {done.train_loss:.3f}"]
        loss = done.train_loss if done.valid_loss is None else done.valid_loss
        if done.valid_loss is not None:
            words.append(f"valid {loss:.3f}")
        words += run.about_loss(self._trainer.state, loss, is_valid=done.valid_loss is not None)
        words = [
            *map(translated, words),
            *(f"{label(name)} {value}" for name, value in shown(done.figures).items()),
        ]
        words += [label("best")] if done.improved else []
        self._say("  ".join(words), as_it_is=True)
        for line in self._trainer.sample().splitlines():
            self._say(f"    {line}", as_it_is=True)

    def _end(self, event: Ended) -> None:
        run, at = self._trainer.run, self._trainer.state
        rate = at.tokens / max(at.seconds, 1e-9)
        which = best_of(run, at) if event.best_epoch else "the model so far"
        self._say(
            f"{event.reason} after {at.seconds:.0f} s at {rate:,.0f} tokens/s: {run.model} holds {which}"
        )

    def _say(self, text: str, as_it_is: bool = False) -> None:
        self._said = time.monotonic()
        say(text, as_it_is)


def of_all(run: Run) -> str:
    """Return the "/total" that follows an epoch's number; "" where --time decides how many there will be."""
    return "" if run.settings.time else f"/{run.epochs}"


def best_of(run: Run, at: TrainingState) -> str:
    """Return a description of the best epoch (number, loss, deciding figure), whose own line is not always
    printed."""
    loss = f"valid {at.best_loss:.3f}" if run.data.valid_targets else f"train {at.best_loss:.3f}"
    if run.metric is None or at.best_figure is None:
        return f"the model of epoch {at.best_epoch}, the best: {loss}"
    ((name, value),) = shown({run.metric: at.best_figure}).items()
    return f"the model of epoch {at.best_epoch}, the best: {label(name)} {value}, {loss}"


def describe(run: Run) -> Iterator[str]:
    """Yield a description of a run, line by line."""
    recipe = run.recipe
    yield from run.about_text()
    if not run.data.valid_targets:
        yield "no validation data: the figures of each epoch are those of the training texts"
    yield f"network: {run.about_network}, {run.network.size:,} parameters"
    yield f"preset: {run.settings.preset}"
    yield (
        f"training: epochs {recipe.epochs:.3g}, {counted(run.rows, 'row')} of {counted(run.steps, 'step')}, "
        f"{recipe.optimizer}, learning rate {recipe.lr:g} ({recipe.schedule})"
    )
    of_W = f", dropconnect {recipe.dropconnect:g}" if recipe.dropconnect else ""
    yield (
        f"          dropout {recipe.dropout:g}{of_W}, weight decay {recipe.weight_decay:.2g}, "
        f"threads {run.threads}"
    )


def way_on(run: Run, is_stopped: bool) -> str:
    """Return a line with the command to try next."""
    model = shlex.quote(str(run.model))
    if not is_stopped:
        return f"try: rnn {run.try_it} --model {model}"
    again = " < TEXT" if "-" in (*run.settings.corpus, run.settings.valid) else ""
    return f"to go on: rnn train --model {model} --resume{again}"


def span(seconds: float) -> str:
    """Return a duration in seconds, minutes or hours, whichever reads best."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
