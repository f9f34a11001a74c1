"""The task translate: from one sequence to another."""

from typing import Any

from rnn_cli.models.translator import growth_of, network_of, sides_of
from rnn_cli.runs.tasks.init import Origin
from rnn_cli.runs.tasks.pair_choices import decide, facts_of, suited
from rnn_cli.runs.tasks.pair_data import Known, load_pairs
from rnn_cli.runs.tasks.pair_run import PairRun
from rnn_cli.runs.tasks.task import OnPairs, Restored
from rnn_cli.storage import Arrays


def restored(header: dict[str, Any], arrays: Arrays) -> Restored:
    known = Known(*sides_of(header), growth_of(header))
    return Restored(network_of(header["network"], len(arrays)), known)


ORIGIN = Origin(
    known=lambda model: Known(model.source, model.target, model.growth),
    layers=lambda network: network.encoder,
    facts=lambda model: (
        facts_of(model.network)
        | {
            "bidirectional": model.network.encoder.bidirectional,
            "attention": model.network.attention,
            "target_tokenizer": model.target.tokenizer.name,
        }
    ),
    output=lambda model: model.target.vocabulary,
    own_hidden=True,
)
TRANSLATED = OnPairs(load_pairs, decide, restored, PairRun, ORIGIN, suited)
