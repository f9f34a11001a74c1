"""Pairs to train on and to validate on, and texts that occur more than once."""

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.pairs.kinds import KINDS, LABELS
from rnn_cli.text.pairs.numbered import Pairs
from rnn_cli.text.rows import Numbers


def hold_out(pairs: Pairs, fraction: float, seed: int) -> tuple[Numbers, Numbers]:
    """Return the rows to train on and the rows to validate on, rising.

    A fraction of the different texts is held out with all rows of each, at least one and not all. Each label
    (the first of a row; not tags) gives its share, but one text of it at least stays to train on: where each
    has only one, nothing is held out.
    """
    groups, first, group = np.unique(pairs.keys, return_index=True, return_inverse=True)
    label = np.zeros(pairs.rows, np.int64)
    if pairs.labels is not None and KINDS[pairs.task].holds == LABELS:
        of_rows, lengths = pairs.beside, pairs.beside.lengths
        label[lengths > 0] = 1 + of_rows.ids[of_rows.starts[:-1][lengths > 0]]
    order = np.random.default_rng((seed, *b"hold out pairs")).permutation(len(groups))
    order = order[np.argsort(label[first[order]], kind="stable")]  # label by label
    sorted_labels = label[first[order]]
    stays = np.append(True, sorted_labels[1:] != sorted_labels[:-1])  # the first of each label
    due = np.floor(fraction * np.arange(1, len(groups) + 1) + 0.5)  # how many should be drawn by then
    held = np.zeros(len(groups), bool)
    held[order] = (np.diff(due, prepend=0) > 0) & ~stays
    if not held.any():
        held[order[~stays][-1:]] = True  # none where each label has one text
    is_held = held[group]
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def also_in(pairs: Pairs, others: Pairs) -> NDArray[np.bool_]:
    """Return which texts also stand in other pairs, (rows,), as test texts may in the training file."""
    return np.isin(pairs.keys, others.keys)


def by_text(pairs: Pairs) -> list[Numbers]:
    """Return the rows of each different text, in the order in which the texts come: a source, and the rows of
    all its references."""
    _, first, group = np.unique(pairs.keys, return_index=True, return_inverse=True)
    order = np.argsort(first[group], kind="stable")  # all rows of the text that comes first, and so on
    bounds = np.flatnonzero(np.diff(first[group][order])) + 1
    return np.split(order, bounds)
