"""What may change when a run is resumed, and whether anything is left to do."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnn_cli import storage
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.runs.checkpoint import Checkpoint
from rnn_cli.runs.checks import FILES, absolute, refuse_no_weights
from rnn_cli.runs.run import refuse_contradictions
from rnn_cli.runs.settings import Settings, default_patience
from rnn_cli.runs.shipped import corpus_paths

# Settings that may change on resume, and apply from there on; all others must stay as they were.
OF_RECIPE = (
    "epochs",
    "time",
    "lr",
    "schedule",
    "clip",
    "dropout",
    "variational",
    "dropconnect",
    "weight_decay",
    "max_rollbacks",
)
OF_SESSION = ("patience", "threads", "sum_bits", "save_every", "log")
# Where the text is, and how its bytes are decoded: the text is recognised by its content.
OF_FILES = ("corpus", "valid", "encoding", "column")


def changed_settings(checkpoint: Checkpoint, changes: Mapping[str, Any]) -> Settings:
    """Return the settings of a saved run with changes. Raises UsageError for settings that may not change."""
    asked = Settings(**changes).given()
    if "corpus" in asked:
        asked["corpus"] = tuple(corpus_paths(asked["corpus"]))
    asked |= {name: absolute(asked[name]) for name in FILES if name in asked}
    if "epochs" in asked and checkpoint.settings.time:
        raise UsageError(
            f"--epochs: their number follows from --time {checkpoint.settings.time}: to go on, give a "
            "longer --time"
        )
    may_change = {*OF_RECIPE, *OF_SESSION, *OF_FILES}
    if not checkpoint.settings.valid:  # a validation file may have moved
        may_change.remove("valid")
    fixed = {name: value for name, value in asked.items() if name not in may_change}
    refuse_contradictions(fixed, vars(checkpoint.settings), f"the run in {checkpoint.path}")
    changed = replace(checkpoint.settings, **{name: asked[name] for name in asked.keys() & may_change})
    refuse_no_weights(changed.lr or 0.0, changed.weight_decay or 0.0)
    return changed


def goes_with_its_model(checkpoint: Checkpoint, model: Path, force: bool) -> bool:
    """Return whether the model file is the one that belongs to the state, the best of its run. Raises
    RnnError if it is not, unless forced: then the run starts without a best model."""
    if model.exists() and storage.digest(model) == checkpoint.partner:
        return True
    if not force:
        raise RnnError(
            f"{model}: not the model that belongs to {checkpoint.path} (deleted or replaced): put it "
            "back, or add --force to go on and write another"
        )
    return False


def reason_it_is_over(checkpoint: Checkpoint, settings: Settings) -> str | None:
    """Return why nothing is left to do, or None. Raises UsageError if more epochs are requested but patience
    has ended the run."""
    position, epochs = checkpoint.position, settings.epochs or 0
    patience = settings.patience or default_patience(epochs)
    no_better = position.epoch - position.best_epoch
    if settings.time and position.epoch >= epochs:
        is_longer = settings.time != checkpoint.settings.time
        return None if is_longer else f"finished, in {settings.time}: a longer --time takes it further"
    if position.epoch >= epochs:
        return _finished(position.epoch, epochs, epochs != checkpoint.settings.epochs)
    if no_better < patience:
        return None
    if epochs != checkpoint.settings.epochs:
        raise UsageError(
            f"--epochs {epochs}: the run stopped after {no_better} epochs without improvement: give "
            f"--patience too (now {patience})"
        )
    return f"stopped after {no_better} epochs without improvement: a --patience above that takes it further"


def _finished(done: int, epochs: int, is_asked: bool) -> str:
    if is_asked:
        return f"finished, after {done} epochs: --epochs {epochs} is the total, and adds none"
    return f"finished, after {done} epochs: a larger --epochs takes it further"
