"""The tasks classify and rate: labels of texts, or a score."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnn_cli.models.classifier import network_of
from rnn_cli.network.classifier import Classifier
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.label_data import Known, load_pairs
from rnn_cli.runs.tasks.label_run import LabelRun
from rnn_cli.runs.tasks.label_run import decide as decide_labels
from rnn_cli.runs.tasks.task import Beginning, Restored, zeros
from rnn_cli.storage import Arrays
from rnn_cli.text.features import Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels


class Labelled:
    """Labels of texts, or a score."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        data = yield from load_pairs(settings, resources)
        return decide_labels(model, settings, data)

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        labels = Labels.from_json(header["labels"]) if header["labels"] else None
        grams = Grams.from_json(header["grams"]) if header["grams"] else None
        scale = tuple(header["scale"]) if header["scale"] else None
        lexicon = Lexicon.from_json(dict(header))
        network = network_of(header["network"])
        if network.encoder.layers > len(arrays):  # before a list is made of so many
            raise ValueError("holds too few arrays for its layers")
        return Restored(network, Known(lexicon, labels, scale, grams))

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, Classifier)
        data = yield from load_pairs(settings, resources, saved.known)
        return LabelRun(model, settings, data, saved.network, window, zeros(saved.network))
