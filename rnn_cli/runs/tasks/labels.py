"""The tasks classify and rate: labels or a score for a text."""

from typing import Any

from rnn_cli.models.classifier import network_of
from rnn_cli.models.file import check_count
from rnn_cli.runs.tasks.init import Origin
from rnn_cli.runs.tasks.label_data import Known, load_pairs
from rnn_cli.runs.tasks.label_run import LabelRun, decide
from rnn_cli.runs.tasks.task import OnPairs, Restored
from rnn_cli.storage import Arrays
from rnn_cli.text.features import Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels


def restored(header: dict[str, Any], arrays: Arrays) -> Restored:
    labels = Labels.from_json(header["labels"]) if header["labels"] else None
    grams = Grams.from_json(header["grams"]) if header["grams"] else None
    scale = tuple(header["scale"]) if header["scale"] else None
    network = network_of(header["network"])
    check_count(network.encoder.layers, len(arrays))
    return Restored(network, Known(Lexicon.from_json(header), labels, scale, grams))


ORIGIN = Origin(
    known=lambda model: Known(model.lexicon, model.labels, model.scale, model.grams),
    layers=lambda network: network.encoder,
    facts=lambda model: {
        "bidirectional": model.network.encoder.bidirectional,
        "ngrams": model.grams is not None,
    },
)
LABELLED = OnPairs(load_pairs, decide, restored, LabelRun, ORIGIN)
