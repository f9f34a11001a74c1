"""The events of a run: it yields them, and prints nothing."""

from dataclasses import dataclass
from pathlib import Path

from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.run import Run
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone, Validating

__all__ = ["Begun", "Ended", "EpochDone", "Event", "Notice", "Reading", "RolledBack", "Saved", "StepDone"]


@dataclass(frozen=True)
class Begun:
    """The text is read, all settings are decided, and the first step comes next.

    step: the number of steps done before, if the run was resumed; None if it is new.
    """

    run: Run
    step: int | None


@dataclass(frozen=True)
class Saved:
    """The training state is on disk, and so is the model if it is the best so far."""

    model: Path
    step: int


@dataclass(frozen=True)
class Ended:
    """The run has ended and is saved.

    reason: "done", "no better for 4 epochs", or the argument of `Trainer.stop`.
    best_epoch: the epoch whose model is in the file; 0 for that of an unfinished first epoch.
    """

    reason: str
    best_epoch: int


Event = Notice | Reading | Begun | StepDone | Validating | EpochDone | RolledBack | Saved | Ended
