"""The simplest baselines, which learn from a model's training file: the model should beat them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.classifier import Classifier
from rnn_cli.models.tagger import Tagger
from rnn_cli.models.tested.labels import tested_labels, tested_scores
from rnn_cli.models.tested.tags import tested_rival
from rnn_cli.scoring.linear import GRAMS, train_linear
from rnn_cli.text.pairs.numbered import Pairs

Rivals = dict[str, Mapping[str, float | None]]  # the figures of each baseline by name; None: not defined
SEED = 0


def rivals_of_tagger(model: Tagger, learned: Pairs, pairs: Pairs) -> Rivals:
    """Return the figures of longest match if tags mark words, else of giving each token its most frequent
    tag."""
    name = "longest match" if model.marks_words else "most frequent tag"
    return {name: tested_rival(model, learned, pairs, np.arange(pairs.rows))}


def rivals_of_classifier(
    model: Classifier, learned: Pairs, learned_texts: list[str], pairs: Pairs, texts: list[str]
) -> Rivals:
    """Return the figures of the most frequent label and of a linear model on n-grams or, for scores, of the
    mean.

    learned_texts, texts: of each pair, as they were split.
    """
    rows = np.arange(pairs.rows)
    if model.labels is None:
        low, high = model.scale or (0.0, 1.0)
        mean = np.full((pairs.rows, 1), (float(learned.scores.mean()) - low) / (high - low))
        return {"mean score": tested_scores(model, pairs, rows, mean).values}
    y = _shares(learned, len(model.labels.names))
    frequent = np.tile(y.mean(axis=0), (pairs.rows, 1))
    linear = train_linear(GRAMS.rows(learned_texts), y, model.is_multi, SEED)
    said = {
        "most frequent label": frequent,
        "linear model": linear.probabilities(GRAMS.rows(texts)),
    }
    return {name: tested_labels(model, pairs, rows, o.astype(float)).values for name, o in said.items()}


def _shares(pairs: Pairs, labels: int) -> NDArray[np.float32]:
    """Return 1 where a text has a label, else 0, (rows, labels)."""
    y = np.zeros((pairs.rows, labels), np.float32)
    y[np.repeat(np.arange(pairs.rows), pairs.beside.lengths), pairs.beside.ids] = 1
    return y
