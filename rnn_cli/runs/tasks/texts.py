"""The task generate: text from a label."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnn_cli.models import conditional
from rnn_cli.network.conditional import Conditional
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.task import Beginning, Restored, zeros
from rnn_cli.runs.tasks.text_data import Known as KnownTexts
from rnn_cli.runs.tasks.text_data import load_labelled
from rnn_cli.runs.tasks.text_run import GenerateRun
from rnn_cli.runs.tasks.text_run import decide as decide_generated
from rnn_cli.storage import Arrays
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels


class Generating:
    """Text from a label."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        data = yield from load_labelled(settings, resources)
        return decide_generated(model, settings, data)

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        lexicon, labels = Lexicon.from_json(dict(header)), Labels.from_json(header["labels"])
        network = conditional.network_of(header["network"])
        if network.language.layers > len(arrays):  # before a list is made of so many
            raise ValueError("holds too few arrays for its layers")
        conditional.check_fit(network, lexicon, labels)
        return Restored(network, KnownTexts(lexicon, labels))

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, Conditional)
        data = yield from load_labelled(settings, resources, saved.known)
        return GenerateRun(model, settings, data, saved.network, window, zeros(saved.network))
