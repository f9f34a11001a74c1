"""Tables of labels, as rnn test prints them."""

import pytest

from rnn_cli.cli.tasks.labels import _confusion


def test_short_labels_stand_above_the_columns_of_a_confusion_matrix():
    assert _confusion([[3, 0], [1, 12_345]], ["yes", "no"]).splitlines() == [
        f"{'':24}     yes      no",
        f"{'yes':24}       3       0",
        f"{'no':24}       1  12,345",
    ]


@pytest.mark.parametrize("names", [["very good", "very bad"], ["很好很好很好一", "坏"]])
def test_labels_that_are_too_wide_for_that_have_numbers(names):
    head, first, second = _confusion([[1, 2], [3, 4]], names).splitlines()
    assert head.split() == ["1", "2"]
    assert first.split() == ["1", *names[0].split(), "1", "2"]
    assert second.split() == ["2", *names[1].split(), "3", "4"]
