"""The best legal sequence against all sequences tried one by one."""

import itertools

import numpy as np
import pytest

from rnn_cli.network.viterbi import Legal, viterbi

# B M E S, the tags of a word's characters
BMES = Legal(
    np.array([True, False, False, True]),
    np.array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1]], bool),
    np.array([False, False, True, True]),
)


def is_legal(tags, legal):
    pairs = all(legal.following[pair] for pair in itertools.pairwise(tags))
    return legal.first[tags[0]] and legal.last[tags[-1]] and pairs


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_best_of_all_legal_sequences(seed):
    rng = np.random.default_rng(seed)
    lengths = [5, 1, 2, 4, 3]
    log_p = np.log(rng.dirichlet(np.ones(4) / 2, size=(5, 5)))
    real = (np.arange(5)[:, None] < lengths).astype(float)
    found = viterbi(log_p, real, BMES)
    for b, L in enumerate(lengths):
        legal = [tags for tags in itertools.product(range(4), repeat=L) if is_legal(tags, BMES)]
        best = max(legal, key=lambda tags: sum(log_p[t, b, k] for t, k in enumerate(tags)))
        assert found[:L, b].tolist() == list(best)
        assert not found[L:, b].any()


def test_where_all_is_legal_each_step_has_its_best_tag():
    log_p = np.random.default_rng(0).normal(size=(4, 2, 3))
    all_of_them = Legal(np.ones(3, bool), np.ones((3, 3), bool), np.ones(3, bool))
    np.testing.assert_array_equal(viterbi(log_p, np.ones((4, 2)), all_of_them), log_p.argmax(2))


def test_where_nothing_is_legal_it_breaks_as_few_rules_as_it_can():
    # a word of one character cannot be B or M or E; with S forbidden everywhere, two breaches become one
    none = BMES._replace(first=np.array([True, False, False, False]))
    assert viterbi(np.zeros((1, 1, 4)), np.ones((1, 1)), none).tolist() in ([[0]], [[2]], [[3]])


def test_an_empty_row_has_no_tags():
    real = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert viterbi(np.zeros((2, 2, 4)), real, BMES)[:, 1].tolist() == [0, 0]
