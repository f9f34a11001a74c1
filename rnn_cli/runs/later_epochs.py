"""The epochs of a run after the best one: the model file's history ends with the best, the training state has
all."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.models.file import model_path
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.paths import state_path


def with_later_epochs(model: Path, history: dict[str, Any]) -> Generator[Notice, None, dict[str, Any]]:
    """Return a model's history with all epochs of its run, if that run's training state is beside the model;
    else unchanged. Yields a warning if the state cannot be read."""
    known, path = history.get("epochs"), state_path(model_path(model))
    if not os.path.lexists(path):
        return history
    try:
        _, header = storage.load(path)
    except RnnError:
        yield Notice(f"{path}: it cannot be read: epochs after the best are left out", is_warning=True)
        return history
    try:
        epochs = [{"train_loss": train, "valid_loss": valid} for train, valid in header["position"]["curve"]]
    except (LookupError, TypeError, ValueError):  # not in the form that a run writes
        return history
    is_same = isinstance(known, list) and bool(known) and epochs[: len(known)] == known
    return history | {"epochs": epochs} if is_same else history
