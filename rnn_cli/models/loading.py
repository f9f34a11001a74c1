"""Any model file, by the task that its header names."""

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
    """Read a model file of any task. Raises RnnError, naming what is wrong, for anything but a whole one."""
    return LOADERS.get(file.task_of(path), LanguageModel.load)(path)


def load_one_of(path: str | Path, tasks: Sequence[str]) -> Any:
    """Read a model file of one of some tasks. Raises RnnError as `load` does, and for a model of another."""
    task = file.task_of(path)
    return LOADERS[task if task in tasks else tasks[0]](path)  # which says what the file is
