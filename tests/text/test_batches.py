"""Batches of rows by length."""

import numpy as np
import pytest

from rnn_cli.text.batches import SPAN, Batches


@pytest.mark.seeds(short=20, long=1000)
def test_every_row_stands_in_one_batch_and_no_batch_is_too_large(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 40, rng.integers(0, 3000))
    rows, tokens = int(rng.integers(1, 20)), int(rng.integers(1, 300))
    for shuffle in (None, (seed, 1)):
        batches = Batches(lengths, rows, tokens, shuffle)
        assert sorted(row for batch in batches for row in batch) == [*range(len(lengths))]
        for batch in batches:
            assert 1 <= len(batch) <= rows
            assert len(batch) == 1 or len(batch) * lengths[batch].max() <= tokens


def test_results_go_back_into_the_order_of_the_input():
    lengths = np.random.default_rng(1).integers(0, 9, 500)
    for shuffle in (None, (1, 2)):
        batches = Batches(lengths, 8, 64, shuffle)
        results = np.concatenate([1000 + batch for batch in batches])
        assert results[batches.back()].tolist() == [1000 + k for k in range(500)]


def test_the_order_follows_from_the_key():
    lengths = np.random.default_rng(1).integers(0, 9, 500)

    def order(key):
        return [batch.tolist() for batch in Batches(lengths, 8, 64, key)]

    assert order((1, *b"x", 0)) == order((1, *b"x", 0))
    assert order((1, *b"x", 0)) != order((1, *b"x", 1))
    assert order(None) == order(None)


def test_little_of_a_batch_is_padding_and_neighbours_change():
    lengths = np.random.default_rng(1).integers(1, 100, 64 * SPAN)
    first, second = (Batches(lengths, 32, 10_000, (1, epoch)) for epoch in range(2))
    padded = sum(len(batch) * lengths[batch].max() for batch in first)
    assert padded < 1.05 * lengths.sum()
    assert {frozenset(batch.tolist()) for batch in first}.isdisjoint(
        frozenset(batch.tolist()) for batch in second
    )


def test_batches_of_an_epoch_do_not_come_by_length():
    lengths = np.random.default_rng(1).integers(1, 100, 3000)
    means = [lengths[batch].mean() for batch in Batches(lengths, 32, 10_000, (1, 1))]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.4
    means = [lengths[batch].mean() for batch in Batches(lengths, 32, 10_000)]
    assert means == sorted(means)


def test_a_row_longer_than_the_bound_stands_alone():
    assert [*map(list, Batches(np.array([1, 50, 1]), 8, 10))] == [[0, 2], [1]]


def test_no_rows_are_no_batches():
    batches = Batches(np.empty(0, np.int64), 4, 10, (1,))
    assert (len(batches), len(batches.back())) == (0, 0)
    with pytest.raises(IndexError):
        batches[0]
    with pytest.raises(ValueError, match="0 rows"):
        Batches(np.ones(3, int), 0, 10)
