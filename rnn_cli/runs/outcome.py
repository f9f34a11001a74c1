"""The result of a run, in figures for programs."""

import os
from typing import Any

from rnn_cli.runs.run import Run
from rnn_cli.training.state import TrainingState


def outcome(run: Run, at: TrainingState, reason: str) -> dict[str, Any]:
    """Return the result of a run, as JSON.

    reason: why it ended, as in the log. best_loss is the validation loss, or the training loss if nothing is
    held out; best_bpc (bits per character) is from validation, else None. If a figure decides which epoch is
    best, its name (metric) and its value in that epoch are included.
    """
    best = at.best_loss
    train_loss, valid_loss = at.curve[-1] if at.curve else (None, None)
    bpc = None if best is None or not at.best_epoch else run.bits_per_character(best)
    return {
        "model": os.path.abspath(run.model),
        "reason": reason,
        "epochs": at.epoch,
        "steps": at.step,
        "tokens": at.tokens,
        "seconds": round(at.seconds, 3),
        "train_loss": train_loss,
        "valid_loss": valid_loss,
        "best_epoch": at.best_epoch,
        "best_loss": best,
        "best_bpc": bpc,
        **run.best_figure(at),
        "rollbacks": at.rollbacks,
        "parameters": run.network.size,
        "text": run.data.fingerprint,
    }
