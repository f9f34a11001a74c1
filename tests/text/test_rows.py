"""Rows of ids, against lists."""

from itertools import chain, pairwise

import numpy as np
import pytest

from rnn_cli.text.rows import Rows, places


@pytest.mark.seeds(short=10, long=300)
def test_rows_are_taken_and_padded_as_lists_are(seed):
    rng = np.random.default_rng(seed)
    lists = [rng.integers(1, 99, rng.integers(0, 5)).tolist() for _ in range(rng.integers(1, 8))]
    rows = Rows.of_lists(lists)
    assert rows.ids.tolist() == [*chain(*lists)]
    assert rows.lengths.tolist() == [*map(len, lists)]
    chosen = rng.integers(0, len(lists), 6)
    taken = rows.take(chosen)
    assert [taken.ids[a:b].tolist() for a, b in pairwise(taken.starts)] == [lists[k] for k in chosen]
    x, real = rows.padded(chosen, fill=-1)
    T = max(1, *(len(lists[k]) for k in chosen))
    assert x.T.tolist() == [lists[k] + [-1] * (T - len(lists[k])) for k in chosen]
    assert np.array_equal(real, x != -1)


def test_no_rows_are_rows():
    none = np.zeros(0, np.int64)
    rows = Rows.of(none, none)
    assert Rows.of_lists([]).starts.tolist() == [0]
    assert rows.take(none).starts.tolist() == [0]
    assert rows.padded(none)[0].shape == (1, 0)
    assert places(none, none).tolist() == []
