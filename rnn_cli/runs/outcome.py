"""What a run has come to, in figures for programs."""

import os
from typing import Any

from rnn_cli.runs.run import Run
from rnn_cli.training.state import TrainingState


def outcome(run: Run, at: TrainingState, reason: str) -> dict[str, Any]:
    """Return what a run has come to, as JSON.

    reason: why it ended, as in the log. best_loss is of validation, or of training where nothing is held out;
    best_bpc (bits per character) is of validation, else None. Where a figure decides which epoch is the best,
    its name (metric) and its value of that epoch are there too.
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
