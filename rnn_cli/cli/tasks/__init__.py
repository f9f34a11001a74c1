"""What the commands print for each task. To add a task, write a `Family` in its own file and add it to
FAMILIES."""

from pathlib import Path
from typing import Any, NamedTuple

from rnn_cli.cli.tasks.family import Asked, Family
from rnn_cli.cli.tasks.labels import Labels, Scores
from rnn_cli.cli.tasks.pairs import Pairs
from rnn_cli.cli.tasks.tags import Tags
from rnn_cli.cli.tasks.texts import Texts
from rnn_cli.errors import UsageError
from rnn_cli.models.file import USES
from rnn_cli.models.loading import load_one_of

FAMILIES: dict[str, Family] = {
    "classify": Labels(),
    "rate": Scores(),
    "translate": Pairs(),
    "tag": Tags(),
    "generate": Texts(),
}


class Loaded(NamedTuple):
    """A model, and the family that prints its answers."""

    model: Any
    family: Family


def loaded(path: Path, predicts: bool = False) -> Loaded:
    """Read a model of one of these tasks. predicts: only of tasks whose models answer a text. Raises RnnError
    for any other model."""
    model = load_one_of(path, [task for task, row in FAMILIES.items() if row.predicts or not predicts])
    return Loaded(model, FAMILIES[model.task])


def refuse_others(task: str, asked: Asked) -> None:
    """Raise UsageError for an option that does not apply to a task."""
    for name in asked.given():
        if name not in FAMILIES[task].options:
            others = " or ".join(USES[other][0] for other, row in FAMILIES.items() if name in row.options)
            raise UsageError(f"--{name} is for a model of {others}, but this is a model of {USES[task][0]}")
