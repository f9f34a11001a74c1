"""What a training run tells: a log for programs, lines and a progress bar for people."""

import json
import math
import shlex
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rnn_cli.cli.console import progress_bar, say
from rnn_cli.text.corpus import Corpus
from rnn_cli.training.loop import EpochDone, StepDone, TrainingState

LOG_EVERY = 10  # steps
SAY_EVERY = 30.0  # seconds, where there is no terminal for a bar


def bits_per_character(loss: float, corpus: Corpus) -> float:
    """From nats per predicted token: all nats, with those that spell the unknown tokens, over all
    characters, line ends counted."""
    nats = loss * len(corpus.ids) + corpus.spelling_nats
    return nats / int(corpus.characters.sum()) / math.log(2)


class Report:
    """Tells of one run. The log's losses are nats per predicted token; END counts as one."""

    def __init__(self, log: Path | None, quiet: bool, epochs: int, train: Corpus, valid: Corpus | None):
        self._log = open(log, "a", encoding="utf-8") if log else None  # noqa: SIM115 (closed by __exit__)
        self._quiet, self._epochs, self._train, self._valid = quiet, epochs, train, valid
        self._bar = progress_bar(epochs * len(train.ids), hidden=quiet)
        self._said = time.monotonic()
        self._nats = self._tokens = self._seconds = 0.0  # since the last event; seconds: at it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.close()
        if self._log:
            self._log.close()

    def start(self, at: TrainingState, settings: dict[str, Any]) -> None:
        self._write("start", at, settings=settings)

    def step(self, at: TrainingState, done: StepDone) -> None:
        self._nats += done.loss * done.tokens
        self._tokens += done.tokens
        self._bar.set_postfix_str(f"epoch {at.epoch + 1}/{self._epochs}, loss {done.loss:.3f}", refresh=False)
        self._bar.update(done.tokens)
        rate = at.tokens / max(at.seconds, 1e-9)
        if self._bar.disable and not self._quiet and time.monotonic() > self._said + SAY_EVERY:
            left = (self._epochs * len(self._train.ids) - at.tokens) / rate
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
            self._nats, self._tokens, self._seconds = 0.0, 0.0, at.seconds

    def epoch(self, at: TrainingState, done: EpochDone, sample: str) -> None:
        valid_bpc = None
        told = [f"epoch {at.epoch:>3}/{self._epochs}", f"train {done.train_loss:.3f}"]
        loss, corpus = done.train_loss, self._train
        if self._valid is not None and done.valid_loss is not None:
            loss, corpus = done.valid_loss, self._valid
            valid_bpc = bits_per_character(loss, corpus)
            told.append(f"valid {loss:.3f}")
        perplexity = math.exp(min(loss, 700))
        told.append(f"perplexity {perplexity:,.2f}" if loss < 20 else f"perplexity {perplexity:.2g}")
        told.append(f"bits/char {bits_per_character(loss, corpus):.3f}")
        told.append("best" if done.improved else "")
        self._write("valid", at, train_loss=done.train_loss, valid_loss=done.valid_loss, valid_bpc=valid_bpc)
        if not self._quiet:
            self._say("  ".join(told).rstrip())
            for line in sample.splitlines():
                self._say(f"    {line}")

    def end(self, at: TrainingState, reason: str, model: Path | None) -> None:
        """`model`: where the best model stands, if there is one to speak of."""
        rate = at.tokens / max(at.seconds, 1e-9)
        best = at.best_loss if self._valid is not None and at.best_epoch else None
        bpc = bits_per_character(best, self._valid) if best is not None and self._valid else None
        self._write("end", at, tokens_per_second=rate, valid_loss=best, valid_bpc=bpc, reason=reason)
        if model and not self._quiet:
            which = f"the model of epoch {at.best_epoch}, the best" if at.best_epoch else "the model so far"
            self._say(f"{reason} after {at.seconds:.0f} s at {rate:,.0f} tokens/s: {model} holds {which}")
            self._say(f"try: rnn sample --model {shlex.quote(str(model))}")

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
        } | values
        self._log.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._log.flush()
