"""The table of tasks. To add one, write its files in this folder, and a row here."""

import codecs
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rnn_cli.runs.checks import refuse_of_other_tasks
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.labels import LABELLED
from rnn_cli.runs.tasks.language import Language
from rnn_cli.runs.tasks.pairs import TRANSLATED
from rnn_cli.runs.tasks.tags import TAGGED
from rnn_cli.runs.tasks.task import Task
from rnn_cli.runs.tasks.texts import GENERATED
from rnn_cli.text.pairs.kinds import LABEL

HEAD = 1 << 13  # bytes of a file to search for fastText labels

TASKS: dict[str, Task] = {
    "language": Language(),
    "classify": LABELLED,
    "rate": LABELLED,
    "tag": TAGGED,
    "generate": GENERATED,
    "translate": TRANSLATED,
}


def task_of(settings: Settings) -> Task:
    """Return the task of some settings."""
    return TASKS[settings.task or "language"]


def with_task(settings: Settings) -> Settings:
    """Return settings with their task decided: without one, lines in fastText's format mean classify.

    Raises UsageError for a setting that the task does not use. No file is opened if a task is given.
    """
    if settings.task is None and has_lines_with(settings.corpus, LABEL):
        settings = replace(settings, task="classify")
    refuse_of_other_tasks(settings.given())
    return settings


def has_lines_with(paths: Sequence[str], start: str) -> bool:
    """Return whether one of the first lines of the first file begins with `start`; False for anything but a
    regular file."""
    try:
        path = Path(paths[0])
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            lines = file.read(HEAD).removeprefix(codecs.BOM_UTF8).splitlines()
        return any(line.startswith(start.encode()) for line in lines)
    except (IndexError, OSError, ValueError):
        return False
