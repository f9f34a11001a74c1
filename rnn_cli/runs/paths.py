"""Where the files of a run lie beside its model."""

from pathlib import Path

DEFAULT_MODEL = "model.npz"


def state_path(model: Path) -> Path:
    """Return where a run keeps what it needs to go on: m.npz -> m.state.npz."""
    return model.parent / f"{model.name.removesuffix('.npz')}.state.npz"


def diverged_path(model: Path) -> Path:
    """Return where the text that a run diverged on is written: m.npz -> m.diverged.txt."""
    return model.parent / f"{model.name.removesuffix('.npz')}.diverged.txt"


def lock_path(model: Path) -> Path:
    """Return the file whose lock a run on this model holds."""
    return model.with_name(f".{model.name}.rnn-lock")
