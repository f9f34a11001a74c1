"""The paths of the files that a run keeps beside its model.

A model behind a symbolic link is the file that the link leads to: under any name it has one state and one
lock, beside that file.
"""

from pathlib import Path

from rnn_cli.models.file import SUFFIX
from rnn_cli.replacing import behind_link

DEFAULT_MODEL = "model.npz"


def state_path(model: Path) -> Path:
    """Return the path of the training state: m.npz -> m.state.npz.

    An older rnn wrote it beside a link: if it is there, and none is beside the file, it stays there.
    """
    state, older = _beside(behind_link(model), "state.npz"), _beside(model, "state.npz")
    return older if older.exists() and not state.exists() else state


def diverged_path(model: Path) -> Path:
    """Return the path for the text that a run diverged on: m.npz -> m.diverged.txt."""
    return _beside(behind_link(model), "diverged.txt")


def lock_path(model: Path) -> Path:
    """Return the path of the file that a run on this model locks."""
    model = behind_link(model)
    return model.with_name(f".{model.name}.rnn-lock")


def _beside(model: Path, ending: str) -> Path:
    return model.parent / f"{model.name.removesuffix(SUFFIX)}.{ending}"
