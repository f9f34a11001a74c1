"""The task tag: a tag for each token."""

from typing import Any

from rnn_cli.models.file import check_count
from rnn_cli.models.tagger import check_fit, network_of
from rnn_cli.runs.tasks.init import Origin
from rnn_cli.runs.tasks.tag_data import Known, load_tagged
from rnn_cli.runs.tasks.tag_run import TagRun, decide
from rnn_cli.runs.tasks.task import OnPairs, Restored
from rnn_cli.storage import Arrays
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels


def restored(header: dict[str, Any], arrays: Arrays) -> Restored:
    affixes = Affixes.from_json(header["affixes"]) if header["affixes"] else None
    tags, is_legal = Labels.from_json(header["tags"]), header["legal"] is True
    lexicon, network = Lexicon.from_json(header), network_of(header["network"])
    check_count(network.encoder.layers, len(arrays))
    check_fit(network, lexicon, tags, affixes)
    return Restored(network, Known(lexicon, tags, affixes, is_legal))


ORIGIN = Origin(
    known=lambda model: Known(model.lexicon, model.tags, model.affixes, model.is_legal),
    layers=lambda network: network.encoder,
    facts=lambda model: {
        "bidirectional": model.network.encoder.bidirectional,
        "affixes": model.affixes is not None,
    },
)
TAGGED = OnPairs(load_tagged, decide, restored, TagRun, ORIGIN)
