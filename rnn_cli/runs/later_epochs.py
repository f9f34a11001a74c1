"""The epochs of a run after the best: the model file ends with the best one, the training state has all."""

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
    """Return a model's history, with all epochs of its run where the training state of that run lies beside
    the model; else as it is. A state that cannot be read is warned of."""
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
    except (LookupError, TypeError, ValueError):  # not as a run writes it
        return history
    is_same = isinstance(known, list) and bool(known) and epochs[: len(known)] == known
    return history | {"epochs": epochs} if is_same else history
