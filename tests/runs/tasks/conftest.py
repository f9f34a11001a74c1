"""What the tests of tasks share: a run on some lines of pairs."""

import pytest

from rnn_cli import Settings, Trainer
from rnn_cli.runs.events import StepDone


@pytest.fixture
def trains(folder):
    """Make a function that trains a model on lines of pairs to its end, or stops; -> the trainer."""

    def with_settings(**usual):
        def call(lines, model="m.npz", stop_after=None, **settings):
            (folder / "p.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
            trainer = Trainer.begin(Settings(**{"corpus": ["p.tsv"]} | usual | settings), model, force=True)
            steps = 0
            for event in trainer:
                steps += isinstance(event, StepDone)
                if stop_after and steps == stop_after:
                    trainer.stop()
            return trainer

        return call

    return with_settings
