"""Dividing pairs into training and validation parts, and finding texts that occur more than once."""

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.pairs.kinds import KINDS, LABELS
from rnn_cli.text.pairs.numbered import Pairs
from rnn_cli.text.rows import Numbers


def hold_out(pairs: Pairs, fraction: float, seed: int) -> tuple[Numbers, Numbers]:
    """Return the rows to train on and the rows to validate on, in ascending order.

    A fraction of the different texts is held out, each with all its rows: at least one text and never all.
    Each label (the first of a row; not tags) contributes its share, but at least one of its texts stays for
    training: if each label has only one text, nothing is held out.
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
    """Return which texts also occur in other pairs, (rows,): test texts may be in the training file, too."""
    return np.isin(pairs.keys, others.keys)


def by_text(pairs: Pairs) -> list[Numbers]:
    """Return the rows of each different text, in the order of first occurrence: for a source, these are the
    rows of all its references."""
    _, first, group = np.unique(pairs.keys, return_index=True, return_inverse=True)
    order = np.argsort(first[group], kind="stable")  # all rows of the first text, then of the second, ...
    bounds = np.flatnonzero(np.diff(first[group][order])) + 1
    return np.split(order, bounds)
