"""Testing how well a model of text from a label predicts texts that it has not learned from."""

from typing import NamedTuple

from rnn_cli.errors import RnnError
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.encoded.labelled import LabelledTexts
from rnn_cli.scoring.figures import bits_per_character, perplexity
from rnn_cli.text.pairs.numbered import Pairs
from rnn_cli.text.rows import Numbers


class TestedTexts(NamedTuple):
    """The figures of a test. texts: their number. values: the figures of all together, by name."""

    texts: int
    values: dict[str, float]


def tested_texts(model: Conditional, pairs: Pairs, rows: Numbers) -> TestedTexts:
    """Return what some rows of pairs cost a model, each text given its label. Raises RnnError if its state
    overflows."""
    read = LabelledTexts.of(pairs, model.lexicon)
    targets = int(read.y.lengths[rows].sum())
    nats = float(model.costs(read, rows).sum())
    if not nats < float("inf"):
        raise RnnError("the state of the model has overflowed while it read")
    spelled = nats + float(read.nats[rows].sum())
    values = {
        "nats": nats / targets,
        "perplexity": perplexity(nats / targets),
        "bits_per_character": bits_per_character(spelled, int(read.characters[rows].sum())),
    }
    return TestedTexts(len(rows), values)
