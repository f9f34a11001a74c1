"""Testing a classifier on pairs that it has not learned from."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.classifier import THRESHOLD, Classifier
from rnn_cli.models.encoded.texts import Encoded
from rnn_cli.scoring import labels as figures
from rnn_cli.scoring.labels import LabelTable
from rnn_cli.text.pairs.numbered import Pairs


class Tested(NamedTuple):
    """The figures of a test.

    texts: their number. values: the figures of all together, by name; None: not defined. table: for each
    label; None for scores.
    confusion: (m, m), the texts with label i that were given j, if each has one label; else None.
    """

    texts: int
    values: dict[str, float | None]
    table: LabelTable | None = None
    confusion: NDArray[np.int64] | None = None


def tested(model: Classifier, pairs: Pairs, texts: list[str], rows: NDArray[np.int64]) -> Tested:
    """Return how good a model is on some rows of pairs, whose texts are given as strings. Raises RnnError if
    its state overflows."""
    o = model.probabilities(Encoded.read([texts[row] for row in rows.tolist()], model.lexicon, model.grams))
    return (tested_scores if model.labels is None else tested_labels)(model, pairs, rows, o)


def tested_labels(model: Classifier, pairs: Pairs, rows: NDArray[np.int64], o: NDArray[np.float64]) -> Tested:
    """Return the figures for label probabilities (N, labels) predicted for some rows of pairs."""
    assert model.labels is not None
    if model.is_multi:
        return _of_sets(o, _sets(pairs, rows, len(model.labels.names)))
    true, given = pairs.beside.take(rows).ids.astype(np.int64), o.argmax(axis=1)
    matrix = figures.confusion(true, given, len(model.labels.names))
    table = figures.table(matrix)
    confidence = o.max(axis=1)
    values: dict[str, float | None] = {
        "accuracy": figures.accuracy(matrix),
        "macro_f1": table.macro_f1,
        "nats": float(-np.log(np.maximum(o[np.arange(len(o)), true], 1e-300)).mean()),
        "calibration_error": figures.expected_calibration_error(confidence, true == given),
    }
    return Tested(len(rows), values, table, matrix)


def tested_scores(model: Classifier, pairs: Pairs, rows: NDArray[np.int64], o: NDArray[np.float64]) -> Tested:
    """Return the figures for scores from 0 to 1, (N, 1), predicted for some rows of pairs."""
    assert model.scale is not None
    low, high = model.scale
    true, given = pairs.scores[rows], low + (high - low) * o[:, 0]
    values: dict[str, float | None] = {
        "correlation": figures.correlation(true, given),
        "mean_error": figures.mean_error(true, given),
    }
    return Tested(len(true), values)


def _of_sets(o: NDArray[Any], true: NDArray[np.bool_]) -> Tested:
    given = o >= THRESHOLD
    table = figures.table_of_each(true, given)
    exact = figures.exact_sets(true, given)
    return Tested(len(true), {"exact": exact, "micro_f1": table.micro_f1, "macro_f1": table.macro_f1}, table)


def _sets(pairs: Pairs, rows: NDArray[np.int64], m: int) -> NDArray[np.bool_]:
    of_rows = pairs.beside.take(rows)
    sets = np.zeros((len(rows), m), bool)
    sets[np.repeat(np.arange(len(rows)), of_rows.lengths), of_rows.ids] = True
    return sets
