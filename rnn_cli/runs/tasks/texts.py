"""The task generate: writing a text from a label."""

from typing import Any

from rnn_cli.models.conditional import check_fit, network_of
from rnn_cli.models.file import check_count
from rnn_cli.runs.presets import choices_of
from rnn_cli.runs.tasks.init import Origin
from rnn_cli.runs.tasks.task import OnPairs, Restored
from rnn_cli.runs.tasks.text_data import Known, load_labelled
from rnn_cli.runs.tasks.text_run import GenerateRun, decide
from rnn_cli.storage import Arrays
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels


def restored(header: dict[str, Any], arrays: Arrays) -> Restored:
    lexicon, labels = Lexicon.from_json(header), Labels.from_json(header["labels"])
    network = network_of(header["network"])
    check_count(network.language.layers, len(arrays))
    check_fit(network, lexicon, labels)
    return Restored(network, Known(lexicon, labels))


ORIGIN = Origin(
    known=lambda model: Known(model.lexicon, model.labels),
    layers=lambda network: network.language,
    facts=lambda model: choices_of(model.network.language),
    output=lambda model: model.lexicon.vocabulary,
)
GENERATED = OnPairs(load_labelled, decide, restored, GenerateRun, ORIGIN)
