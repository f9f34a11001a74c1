"""Each of these tests runs in an empty folder of its own, with an empty cache."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from rnn_cli import Resources, Settings
from rnn_cli.runs.data import load_data
from rnn_cli.runs.tasks.language_run import LanguageRun as Run
from rnn_cli.runs.tasks.language_run import decide


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(folder: Path, cache_folder: Path) -> None:
    """See tests/conftest.py."""


def run_to_end(task: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    """What a task yields, and what it returns."""
    events = []
    while True:
        try:
            events.append(next(task))
        except StopIteration as end:
            return events, end.value


@pytest.fixture
def finished() -> Callable[[Generator[Any, None, Any]], tuple[list[Any], Any]]:
    """See run_to_end."""
    return run_to_end


@pytest.fixture
def run_of(corpus: str) -> Callable[..., Run]:
    """A run of m.npz on corpus.txt that has not begun, with these settings."""

    def call(**settings: Any) -> Run:
        usual = {"corpus": corpus, "tokenizer": "char", "preset": "tanh", "hidden": 8, "threads": 1}
        decided = Settings(**usual | settings)
        _, data = run_to_end(load_data(decided, Resources()))
        return decide(Path("m.npz"), decided, data, None)

    return call
