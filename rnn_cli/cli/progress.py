"""What a training run tells: a log for programs, lines and a progress bar for people."""

import math
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rnn_cli.cli.console import progress_bar, say, unheard, warn
from rnn_cli.runs.log import Log
from rnn_cli.text.store.corpus import Part
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone
from rnn_cli.training.state import TrainingState

LOG_EVERY = 10  # steps
SAY_EVERY = 30.0  # seconds, where there is no terminal for a bar


def bits_per_character(loss: float, part: Part) -> float:
    """From nats per predicted token: all nats, with those that spell the unknown tokens, over all
    characters, line ends counted."""
    nats = loss * part.targets + part.spelling_nats
    return nats / part.characters / math.log(2)


class Report:
    """Tells of one run. The log's losses are nats per predicted token; END counts as one."""

    def __init__(self, log: Log | None, quiet: bool, epochs: int, train: Part, valid: Part | None):
        self._log = log
        self._quiet, self._epochs, self._train, self._valid = quiet, epochs, train, valid
        self._bar = progress_bar(epochs * train.targets, hidden=quiet)
        self._said = time.monotonic()
        self._nats = self._tokens = self._seconds = 0.0  # since the last event; seconds: at it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with unheard():
            self._bar.close()
        if self._log:
            self._log.close()

    def position(self) -> dict[str, Any]:
        """What a report needs to go on where this one is, as JSON."""
        since = {"nats": self._nats, "tokens": self._tokens, "seconds": self._seconds}
        return since | {"log": self._log.position() if self._log else None}

    def start(self, at: TrainingState, settings: dict[str, Any], saved: dict[str, Any] | None) -> None:
        """`saved`: the `position` that the run goes on from."""
        if saved is None:
            self._write("start", at, settings=settings)
        else:
            self._nats, self._tokens, self._seconds = saved["nats"], saved["tokens"], saved["seconds"]
            self._write("start", at, settings=settings, resumed_at_step=at.step)
        self._bar.initial = self._bar.n = self._bar.last_print_n = at.tokens

    def step(self, at: TrainingState, done: StepDone) -> None:
        self._nats += done.loss * done.tokens
        self._tokens += done.tokens
        with unheard():
            place = f"epoch {at.epoch + 1}/{self._epochs}, loss {done.loss:.3f}"
            self._bar.set_postfix_str(place, refresh=False)
            self._bar.update(done.tokens)
        rate = at.tokens / max(at.seconds, 1e-9)
        if self._bar.disable and not self._quiet and time.monotonic() > self._said + SAY_EVERY:
            left = (self._epochs * self._train.targets - at.tokens) / rate
            self._say(
                f"epoch {at.epoch + 1}/{self._epochs}  step {at.step}  loss {done.loss:.3f}  "
                f"{rate:,.0f} tokens/s  {left / 60:.1f} min left"
            )
        if at.step % LOG_EVERY == 0:
            self._write(
                "step",
                at,
                tokens_per_second=self._tokens / max(at.seconds - self._seconds, 1e-9),
                train_loss=self._nats / self._tokens,
                lr=done.lr,
            )
            self._begin_mean(at)

    def rollback(self, at: TrainingState, done: RolledBack) -> None:
        self._begin_mean(at)
        with unheard():
            self._bar.update(at.tokens - self._bar.n)
        self._write("rollback", at, lr=done.lr, reason=done.why)
        if not self._quiet:
            warn(f"{done.why}: back to step {at.step}, with half the learning rate ({done.lr:.3g})")

    def epoch(self, at: TrainingState, done: EpochDone, sample: str) -> None:
        valid_bpc = None
        told = [f"epoch {at.epoch:>3}/{self._epochs}", f"train {done.train_loss:.3f}"]
        loss, part = done.train_loss, self._train
        if self._valid is not None and done.valid_loss is not None:
            loss, part = done.valid_loss, self._valid
            valid_bpc = bits_per_character(loss, part)
            told.append(f"valid {loss:.3f}")
        perplexity = math.exp(min(loss, 700))
        told.append(f"perplexity {perplexity:,.2f}" if loss < 20 else f"perplexity {perplexity:.2g}")
        told.append(f"bits/char {bits_per_character(loss, part):.3f}")
        told.append("best" if done.improved else "")
        self._write("valid", at, train_loss=done.train_loss, valid_loss=done.valid_loss, valid_bpc=valid_bpc)
        if not self._quiet:
            self._say("  ".join(told).rstrip())
            for line in sample.splitlines():
                self._say(f"    {line}")

    def end(self, at: TrainingState, reason: str) -> None:
        """The run's last row, for now."""
        rate = at.tokens / max(at.seconds, 1e-9)
        best = at.best_loss if self._valid is not None and at.best_epoch else None
        bpc = bits_per_character(best, self._valid) if best is not None and self._valid else None
        self._write("end", at, tokens_per_second=rate, valid_loss=best, valid_bpc=bpc, reason=reason)

    def tell_end(self, at: TrainingState, reason: str, model: Path, way_on: str) -> None:
        """`model`: where the best one stands; `way_on`: what to do next."""
        if not self._quiet:
            rate = at.tokens / max(at.seconds, 1e-9)
            which = f"the model of epoch {at.best_epoch}, the best" if at.best_epoch else "the model so far"
            self._say(f"{reason} after {at.seconds:.0f} s at {rate:,.0f} tokens/s: {model} holds {which}")
            self._say(way_on)

    def _begin_mean(self, at: TrainingState) -> None:
        self._nats, self._tokens, self._seconds = 0.0, 0.0, at.seconds

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        say(text)

    def _write(self, event: str, at: TrainingState, **values: Any) -> None:
        if self._log is None:
            return
        row = {
            "event": event,
            "step": at.step,
            "epoch": at.epoch,
            "tokens": at.tokens,
            "seconds": round(at.seconds, 3),
            "tokens_per_second": None,
            "train_loss": None,
            "valid_loss": None,
            "valid_bpc": None,
            "lr": None,
        }
        self._log.write(row | values)
