"""The figures of predicted labels and predicted scores.

Macro-F1 and the table are defined as in scikit-learn (`classification_report`); a label that neither occurs
nor is predicted is left out of the mean.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]

BINS = 15  # as in Guo et al. 2017


class LabelTable(NamedTuple):
    """Figures of each of m labels. Precision, recall and F1 are 0 where they would divide by 0."""

    precision: Floats  # (m,) the share of the texts given the label that have it
    recall: Floats  # (m,) the share of the texts with the label that were given it
    f1: Floats  # (m,) 2 precision recall / (precision + recall)
    support: Numbers  # (m,) the number of texts that have the label
    given: Numbers  # (m,) the number of texts that were given it

    @classmethod
    def of_counts(cls, right: Numbers, support: Numbers, given: Numbers) -> "LabelTable":
        """Return the table for counts of texts, (m,) each. right: with a label that they were also given."""
        return cls(
            _ratio(right, given), _ratio(right, support), _ratio(2 * right, support + given), support, given
        )

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the labels that occur or were given."""
        counts = (self.support + self.given) > 0
        return float(self.f1[counts].mean()) if counts.any() else 0.0

    @property
    def micro_f1(self) -> float:
        """F1 over all labels of all texts; with one label a text it is the accuracy."""
        right = self.recall * self.support
        return float(_ratio(2 * right.sum(), self.support.sum() + self.given.sum()))


def confusion(true: Numbers, predicted: Numbers, m: int) -> Numbers:
    """Return how many texts have label i and were given label j, (m, m). The ids are (N,) each."""
    return np.bincount(true * np.int64(m) + predicted, minlength=m * m).reshape(m, m)


def accuracy(matrix: Numbers) -> float:
    """Return the share of texts that were given their label. Raise ZeroDivisionError without texts."""
    return int(matrix.trace()) / int(matrix.sum())


def table(matrix: Numbers) -> LabelTable:
    """Return the figures of each label, given a confusion matrix (m, m)."""
    return LabelTable.of_counts(matrix.diagonal(), matrix.sum(1), matrix.sum(0))


def table_of_each(true: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> LabelTable:
    """Return the figures of each label if a text may have several. true, predicted: (N, m), yes or no for
    each label."""
    return LabelTable.of_counts((true & predicted).sum(0), true.sum(0), predicted.sum(0))


def exact_sets(true: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> float:
    """Return the share of texts that were given exactly their labels. true, predicted: (N, m)."""
    return float((true == predicted).all(axis=1).mean())


def expected_calibration_error(confidence: Floats, is_right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Return Σ_b |B_b| / N · |accuracy(B_b) - mean confidence(B_b)|, over bins b of equal width (Guo et al.
    2017).

    confidence: (N,) the probability of each prediction; bin b holds those in (b / bins, (b + 1) / bins].
    is_right: (N,) whether it is right.

    Raises ZeroDivisionError without predictions.
    """
    bin = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(bin, is_right - confidence, bins)  # |B| (accuracy - mean confidence)
    return float(np.abs(gap).sum()) / len(confidence)


def correlation(true: Floats, predicted: Floats) -> float | None:
    """Return Pearson's correlation of scores, (N,) each; None if the scores on one side are all equal, where
    it is not defined."""
    if not (np.ptp(true) and np.ptp(predicted)):
        return None
    a, b = true - true.mean(), predicted - predicted.mean()
    scale = float(np.sqrt(a @ a) * np.sqrt(b @ b))
    return float(a @ b) / scale if scale > 0 else None


def mean_error(true: Floats, predicted: Floats) -> float:
    """Return the mean of |predicted - true|, (N,) each."""
    return float(np.abs(predicted - true).mean())


def _ratio(part: Floats | Numbers, whole: Numbers) -> Floats:
    return np.divide(part, np.maximum(whole, 1), dtype=np.float64)
