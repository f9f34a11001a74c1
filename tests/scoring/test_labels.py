"""The figures of labels and of scores, against scikit-learn's formulas written out."""

import numpy as np
import pytest

from rnn_cli.scoring.labels import (
    accuracy,
    confusion,
    correlation,
    exact_sets,
    expected_calibration_error,
    mean_error,
    table,
    table_of_each,
)

TRUE = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 0])


def test_a_report_by_hand():
    """The figures are those of sklearn.metrics.classification_report."""
    matrix = confusion(TRUE, PREDICTED, 4)
    assert matrix.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert accuracy(matrix) == 0.5
    figures = table(matrix)
    assert figures.precision.tolist() == [0.5, 0.5, 0, 0]
    assert figures.recall == pytest.approx([2 / 3, 0.5, 0, 0])
    assert figures.f1 == pytest.approx([4 / 7, 0.5, 0, 0])
    assert figures.support.tolist() == [3, 2, 1, 0]
    assert figures.macro_f1 == pytest.approx((4 / 7 + 0.5) / 3)  # the fourth neither occurs nor was given
    assert figures.micro_f1 == pytest.approx(0.5)


@pytest.mark.seeds(short=10, long=300)
def test_a_report_is_what_counting_gives(seed):
    rng = np.random.default_rng(seed)
    true, predicted = rng.integers(0, 5, (2, 30))
    figures = table(confusion(true, predicted, 5))
    f1 = []
    for label in range(5):
        right = ((true == label) & (predicted == label)).sum()
        both = (true == label).sum() + (predicted == label).sum()
        assert figures.f1[label] == pytest.approx(2 * right / both if both else 0)
        f1 += [figures.f1[label]] if both else []
    assert figures.macro_f1 == pytest.approx(np.mean(f1))
    each = [ids[:, None] == np.arange(5) for ids in (true, predicted)]
    assert table_of_each(*each).f1.tolist() == figures.f1.tolist()
    assert table_of_each(*each).micro_f1 == pytest.approx((true == predicted).mean())


def test_several_labels_a_text():
    true = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], bool)
    predicted = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]], bool)
    figures = table_of_each(true, predicted)
    assert figures.f1 == pytest.approx([1, 2 / 3, 0])
    assert figures.macro_f1 == pytest.approx(5 / 9)
    assert figures.micro_f1 == pytest.approx(2 * 2 / (3 + 3))
    assert exact_sets(true, predicted) == pytest.approx(1 / 3)


def test_calibration_is_the_gap_between_confidence_and_accuracy():
    assert expected_calibration_error(np.ones(4), np.array([1, 1, 1, 1], bool)) == 0
    assert expected_calibration_error(np.full(4, 0.75), np.array([1, 1, 1, 0], bool)) == 0
    assert expected_calibration_error(np.full(4, 0.9), np.zeros(4, bool)) == pytest.approx(0.9)
    confidence, is_right = np.array([0.1, 0.2, 0.5, 0.55, 1.0]), np.array([0, 1, 0, 1, 1], bool)
    # of two bins (0, 1/2] and (1/2, 1]: |1 - 0.8| / 5 + |2 - 1.55| / 5
    assert expected_calibration_error(confidence, is_right, bins=2) == pytest.approx(0.13)
    assert expected_calibration_error(np.array([0.0]), np.array([True])) == 1


def test_scores_are_judged_by_correlation_and_mean_error():
    true = np.array([1.0, 2, 3, 5])
    assert correlation(true, 2 * true - 7) == pytest.approx(1)
    assert correlation(true, -true) == pytest.approx(-1)
    other = np.array([1.0, 3, 2, 2])
    assert correlation(true, other) == pytest.approx(np.corrcoef(true, other)[0, 1])
    rounded = np.full(3, 0.1)  # whose mean is not 0.1
    assert correlation(true[:3], rounded) is correlation(np.ones(1), np.zeros(1)) is None
    assert mean_error(true, other) == pytest.approx(5 / 4)


def test_without_texts_there_is_no_accuracy():
    with pytest.raises(ZeroDivisionError):
        accuracy(confusion(TRUE[:0], PREDICTED[:0], 2))
