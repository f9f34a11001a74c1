"""The task translate: one sequence from another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnn_cli.models import translator
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.runs.budget import fitted_epochs, seconds_of
from rnn_cli.runs.memory import refuse_beyond
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.pair_choices import decide as decide_pairs
from rnn_cli.runs.tasks.pair_choices import with_dropout
from rnn_cli.runs.tasks.pair_data import Known as KnownPairs
from rnn_cli.runs.tasks.pair_data import load_pairs as load_translations
from rnn_cli.runs.tasks.pair_run import PairRun
from rnn_cli.runs.tasks.task import Beginning, Restored, zeros
from rnn_cli.storage import Arrays


class Paired:
    """A target of each source."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        data = yield from load_translations(settings, resources)
        run = decide_pairs(model, settings, data)
        if seconds := seconds_of(settings):
            refuse_beyond(resources.max_memory, run.shape)  # before it is measured
            run = with_dropout(fitted_epochs(run, seconds), settings)
        return run

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        known = KnownPairs(*translator.sides_of(dict(header)), translator.growth_of(dict(header)))
        return Restored(translator.network_of(header["network"], len(arrays)), known)

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, EncoderDecoder)
        data = yield from load_translations(settings, resources, saved.known)
        return PairRun(model, settings, data, saved.network, window, zeros(saved.network))
