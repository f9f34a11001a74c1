"""The figures of predicted sequences, compared with references: exact match and token error rate.

A prediction may have several references; the nearest one counts.
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.rows import Rows

Tokens = Sequence[Hashable]
PAIRS = 1 << 10  # pairs whose distances are computed together


def exact_match(predicted: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> float:
    """Return the share of predictions that equal a reference. Raise ZeroDivisionError without predictions."""
    right = sum(any(p == r for r in of_p) for p, of_p in zip(predicted, references, strict=True))
    return right / len(predicted)


def token_error_rate(predicted: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> float | None:
    """Return the number of edits from predictions to their nearest references, over the number of tokens in
    these references.

    An edit inserts, deletes or replaces a token (Levenshtein 1966); of equally near references the longest
    counts. None if these references are all empty: the rate is not defined then. Raises ZeroDivisionError
    without predictions.
    """
    if not predicted:
        raise ZeroDivisionError("no predictions")
    ids: dict[Hashable, int] = {}
    first, second, owner = [], [], []
    for number, (prediction, of_prediction) in enumerate(zip(predicted, references, strict=True)):
        for reference in of_prediction:
            first.append(prediction)
            second.append(reference)
            owner.append(number)
    distances = edit_distances(_rows(first, ids), _rows(second, ids))
    lengths = np.array([len(reference) for reference in second])
    owners = np.array(owner)
    order = np.lexsort((-lengths, distances, owners))
    nearest = order[np.unique(owners[order], return_index=True)[1]]
    tokens = int(lengths[nearest].sum())
    return int(distances[nearest].sum()) / tokens if tokens else None


def _rows(sequences: Sequence[Tokens], ids: dict[Hashable, int]) -> Rows:
    flat = [ids.setdefault(token, len(ids)) for tokens in sequences for token in tokens]
    return Rows.of(np.array(flat, np.int64), np.array([len(tokens) for tokens in sequences], np.int64))


def edit_distances(a: Rows, b: Rows) -> NDArray[np.int64]:
    """Return the edit distance between row k of a and row k of b, for each k, (rows,)."""
    found = np.zeros(len(a.lengths), np.int64)
    order = np.argsort(a.lengths, kind="stable")
    for begin in range(0, len(order), PAIRS):
        rows = order[begin : begin + PAIRS]
        found[rows] = _distances(a, b, rows)
    return found


def _distances(a: Rows, b: Rows, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distances of some rows, by Wagner and Fischer's table, one line at a time:

    D_ij = min(D_(i-1)j + 1, D_(i-1)(j-1) + [a_i ≠ b_j], D_i(j-1) + 1)

    The last term makes it a running minimum along the line: D_ij - j is the minimum, over k ≤ j, of the other
    terms at k minus k.
    """
    A, B = a.padded(rows, fill=-1)[0], b.padded(rows, fill=-2)[0].T  # (T, K), (K, S)
    j = np.arange(B.shape[1] + 1)
    D = np.repeat(j[None], len(rows), axis=0)  # (K, S + 1)
    last, lengths = b.lengths[rows], a.lengths[rows]
    found = np.where(lengths == 0, last, 0)
    every = np.arange(len(rows))
    for i, a_i in enumerate(A, 1):
        new = D + 1
        np.minimum(new[:, 1:], D[:, :-1] + (a_i[:, None] != B), out=new[:, 1:])
        D = np.minimum.accumulate(new - j, axis=1) + j
        ends = lengths == i
        found[ends] = D[every[ends], last[ends]]
    return found
