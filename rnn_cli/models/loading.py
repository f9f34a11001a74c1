"""Loading a model file of any task, by the task that its header names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnn_cli.models import classifier, conditional, file, tagger, translator
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.language_model import LanguageModel

LOADERS: dict[str, Any] = {file.LANGUAGE: LanguageModel.load} | dict.fromkeys(
    classifier.TASKS, Classifier.load
)
LOADERS |= {
    conditional.TASK: conditional.Conditional.load,
    tagger.TASK: tagger.Tagger.load,
    translator.TASK: translator.Translator.load,
}


def load(path: str | Path) -> Any:
    """Read a model file of any task. Raises RnnError, naming the problem, unless the file is complete and
    valid."""
    return LOADERS.get(file.task_of(path), LanguageModel.load)(path)


def load_one_of(path: str | Path, tasks: Sequence[str]) -> Any:
    """Read a model file of one of some tasks. Raises the errors of `load`, and RnnError for a model of
    another task."""
    task = file.task_of(path)
    return LOADERS[task if task in tasks else tasks[0]](path)  # raises an error that says what the file is
