"""The epochs of a run after the best: the model file ends with the best one, the training state has all."""

from pathlib import Path
from typing import Any

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.models.file import model_path
from rnn_cli.runs.paths import state_path


def with_later_epochs(model: Path, history: dict[str, Any]) -> dict[str, Any]:
    """Return a model's history, with all epochs of its run where the training state of that run lies beside
    the model; else as it is."""
    known = history.get("epochs")
    try:
        _, header = storage.load(state_path(model_path(model)))
        epochs = [{"train_loss": train, "valid_loss": valid} for train, valid in header["position"]["curve"]]
    except (RnnError, OSError, LookupError, TypeError, ValueError):  # none, or not as a run writes it
        return history
    is_same = isinstance(known, list) and bool(known) and epochs[: len(known)] == known
    return history | {"epochs": epochs} if is_same else history
