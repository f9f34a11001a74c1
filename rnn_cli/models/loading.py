"""Any model file, by the task that its header names."""

from pathlib import Path

from rnn_cli.models import classifier, file
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.language_model import LanguageModel

LOADERS = {file.LANGUAGE: LanguageModel.load} | dict.fromkeys(classifier.TASKS, Classifier.load)


def load(path: str | Path) -> LanguageModel | Classifier:
    """Read a model file of any task. Raises RnnError, naming what is wrong, for anything but a whole one."""
    return LOADERS.get(file.task_of(path), LanguageModel.load)(path)
