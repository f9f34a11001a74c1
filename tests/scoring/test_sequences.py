"""The figures of sequences, against a table filled entry by entry."""

import random

import numpy as np
import pytest

from rnn_cli.scoring import sequences
from rnn_cli.scoring.sequences import edit_distances, exact_match, token_error_rate
from rnn_cli.text.rows import Rows


def naive_distance(a, b):
    D = [*range(len(b) + 1)]
    for i, x in enumerate(a, 1):
        before, D[0] = D[0], i
        for j, y in enumerate(b, 1):
            before, D[j] = D[j], min(D[j] + 1, D[j - 1] + 1, before + (x != y))
    return D[-1]


def rows(lists):
    return Rows.of(
        np.array([id for each in lists for id in each], np.int64), np.array([*map(len, lists)], np.int64)
    )


@pytest.mark.seeds(short=20, long=500)
def test_distances_are_those_of_the_table(seed, monkeypatch):
    monkeypatch.setattr(sequences, "PAIRS", 4)
    rng = random.Random(seed)
    a, b = (
        [[rng.randrange(4) for _ in range(rng.randrange(8))] for _ in range(rng.randrange(1, 12))]
        for _ in range(2)
    )
    a, b = a[: len(b)], b[: len(a)]
    assert edit_distances(rows(a), rows(b)).tolist() == [
        naive_distance(*pair) for pair in zip(a, b, strict=True)
    ]


def test_the_nearest_reference_counts():
    predicted = [list("abc"), list("x")]
    references = [[list("abd"), list("abcd"), list("q")], [list("x"), list("xyz")]]
    assert token_error_rate(predicted, references) == 1 / (4 + 1)  # of equally near ones the longest
    assert exact_match(predicted, references) == 0.5


def test_a_prediction_of_nothing_costs_its_reference():
    assert token_error_rate([[]], [[["a", "b"]]]) == 1
    assert token_error_rate([["a", "b", "c"]], [[["z"]]]) == 3


def test_without_a_token_in_the_references_no_rate_is_defined():
    assert token_error_rate([["a"], []], [[[]], [[]]]) is None
    assert token_error_rate([["a"], ["b"]], [[[]], [["b"]]]) == 1


def test_without_predictions_there_are_no_figures():
    for figure in (exact_match, token_error_rate):
        with pytest.raises(ZeroDivisionError):
            figure([], [])
