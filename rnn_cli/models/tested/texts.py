"""How well a model of text from a label predicts texts that it has not learned from."""

from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads, product_threads
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.encoded.labelled import LabelledTexts
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.scoring.figures import bits_per_character, perplexity
from rnn_cli.text.batches import Batches
from rnn_cli.text.pairs.numbered import Pairs
from rnn_cli.text.rows import Numbers

ROWS, STEPS = 128, 1 << 13  # of a batch: texts, and steps


class TestedTexts(NamedTuple):
    """The figures of a test. texts: how many. values: the figures of all together, by name."""

    texts: int
    values: dict[str, float]


def tested_texts(model: Conditional, pairs: Pairs, rows: Numbers) -> TestedTexts:
    """Return what some rows of pairs cost a model, each text given its label. Raises RnnError where its state
    overflows."""
    read = LabelledTexts.of(pairs, model.lexicon)
    targets = int(read.y.lengths[rows].sum())
    nats = _nats(model, read, rows)
    spelled = nats + float(read.nats[rows].sum())
    values = {
        "nats": nats / targets,
        "perplexity": perplexity(nats / targets),
        "bits_per_character": bits_per_character(spelled, int(read.characters[rows].sum())),
    }
    return TestedTexts(len(rows), values)


def _nats(model: Conditional, read: LabelledTexts, rows: Numbers) -> float:
    work, largest = Workspace(np.float32), max(array.size for array in model.p.values())
    total = 0.0
    with blas_threads(product_threads(ROWS * largest, None)), np.errstate(all="ignore"):
        for some in Batches(read.y.lengths[rows], ROWS, STEPS):
            batch = read.batch(rows[some])
            total += float((model.network.nats(model.p, batch, work) * batch.weight).sum(dtype=np.float64))
    if not np.isfinite(total):
        raise RnnError("the state of the model has overflowed while it read")
    return total
