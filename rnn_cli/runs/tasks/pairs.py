"""The task translate: one sequence from another."""

from pathlib import Path
from typing import Any

from rnn_cli.models.translator import growth_of, network_of, sides_of
from rnn_cli.runs.budget import fitted_epochs, seconds_of
from rnn_cli.runs.memory import refuse_beyond
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.pair_choices import decide, with_dropout
from rnn_cli.runs.tasks.pair_data import Known, load_pairs
from rnn_cli.runs.tasks.pair_run import PairRun
from rnn_cli.runs.tasks.task import Beginning, OnPairs, Restored
from rnn_cli.storage import Arrays


class Translating(OnPairs):
    """A task that can be fitted into a time."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        run = yield from super().begin(model, settings, resources, limit)
        if (seconds := seconds_of(settings)) and isinstance(run, PairRun):
            refuse_beyond(resources.max_memory, run.shape)  # before it is measured
            run = with_dropout(fitted_epochs(run, seconds), settings)
        return run


def restored(header: dict[str, Any], arrays: Arrays) -> Restored:
    known = Known(*sides_of(header), growth_of(header))
    return Restored(network_of(header["network"], len(arrays)), known)


TRANSLATED = Translating(load_pairs, decide, restored, PairRun)
