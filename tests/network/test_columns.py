import numpy as np
import pytest

from rnn_cli.network.columns import Columns, sum_by_token


def test_columns_hold_the_tokens_that_occur_and_add_up():
    first = Columns(np.array([1, 4]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    second = Columns(np.array([0, 4]), np.array([[5.0, 6.0], [7.0, 8.0]]))
    both = first + second
    assert both.tokens.tolist() == [0, 1, 4]
    assert both.values.tolist() == [[5, 6], [1, 2], [10, 12]]
    np.testing.assert_array_equal(both.dense(6), first.dense(6) + second.dense(6))


@pytest.mark.parametrize("of", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 4, 100])
def test_the_shares_of_columns_are_all_of_them_once(size, of):
    columns = Columns(np.arange(0, 14, 2), np.arange(14.0).reshape(7, 2))
    pieces = [piece for share in range(of) for piece in columns.pieces(size, share, of)]
    assert sorted(token for piece in pieces for token in piece.tokens) == columns.tokens.tolist()
    for piece in pieces:
        np.testing.assert_array_equal(piece.values[:, 0], piece.tokens)


def test_the_rows_of_a_token_are_summed():
    tokens, rows = np.array([7, 2, 7, 7, 5]), np.array([[1.0], [20.0], [300.0], [4000.0], [5.0]])
    columns = sum_by_token(tokens, rows)
    assert columns.tokens.tolist() == [2, 5, 7]
    assert columns.values.tolist() == [[20], [5], [4301]]
