"""Testing a tagger on sentences that it has not learned from."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnn_cli.models.encoded.sentences import Sentences, types_of
from rnn_cli.models.tagger import Tagger
from rnn_cli.scoring import labels as figures
from rnn_cli.scoring.labels import LabelTable
from rnn_cli.scoring.matching import learn_words, longest_match
from rnn_cli.scoring.tags import exact_rows, most_frequent, span_figures, tag_accuracy
from rnn_cli.text.pairs.numbered import Pairs
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.vocabulary import SPECIAL


class TestedTags(NamedTuple):
    """The figures of a test.

    texts: the number of sentences. values: the figures of all together, by name. table: for each tag.
    """

    texts: int
    values: dict[str, float]
    table: LabelTable


def tested_tags(model: Tagger, pairs: Pairs, rows: Numbers) -> TestedTags:
    """Return how good a model is on some rows of pairs. Raises RnnError if its state overflows."""
    sentences = Sentences.of_text(pairs.texts, model.lexicon, model.affixes, rows)
    found, _ = model.likeliest(sentences)
    true = pairs.beside.take(rows)
    values = _figures(model, true, Rows(found, true.starts))
    unknown = ~sentences.known()
    if unknown.any():
        values["unknown_accuracy"] = float((true.ids == found)[unknown].mean())
    m = len(model.tags.names)
    return TestedTags(
        len(rows), values, figures.table(figures.confusion(true.ids.astype(np.int64), found, m))
    )


def tested_rival(model: Tagger, learned: Pairs, pairs: Pairs, rows: Numbers) -> dict[str, float]:
    """Return the figures of the simplest baseline, which learns from `learned`: longest match if tags mark
    words, else the most frequent tag of each token."""
    true = pairs.beside.take(rows)
    names, ids = model.tags.names, model.tags.ids
    if model.marks_words:
        words = learn_words(_sentences(learned, np.arange(learned.rows), names))
        tags = [longest_match(tokens, words) for tokens, _ in _sentences(pairs, rows, names)]
        found = np.array([ids.get(tag, 0) for row in tags for tag in row], np.int64)
        return _figures(model, true, Rows(found, true.starts))
    numbers = {token: number for number, token in enumerate(learned.texts.types, 1)}
    tokens = types_of(learned.texts).ids.astype(np.int64) - SPECIAL + 1  # UNK, for <unk>, is 0
    best = most_frequent(tokens, learned.beside.ids.astype(np.int64), len(numbers) + 1, len(names))
    never = most_frequent(tokens, learned.beside.ids.astype(np.int64), len(numbers) + 2, len(names))[-1]
    of_types = [never] * SPECIAL + [best[n] if (n := numbers.get(t)) else never for t in pairs.texts.types]
    found = np.array(of_types, np.int64)[types_of(pairs.texts).take(rows).ids]
    return _figures(model, true, Rows(found, true.starts))


def _figures(model: Tagger, true: Rows, found: Rows) -> dict[str, float]:
    values = {"accuracy": tag_accuracy(true, found), "exact": exact_rows(true, found)}
    if model.scheme is not None:
        spans = span_figures(true, found, model.scheme)
        values |= {"span_precision": spans.precision, "span_recall": spans.recall, "span_f1": spans.f1}
    return values


def _sentences(pairs: Pairs, rows: Numbers, names: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Return the tokens and the tags of some rows."""
    words = ["", "", "<unk>", *pairs.texts.types]
    types, tags = types_of(pairs.texts).take(rows), pairs.beside.take(rows)
    bounds = types.starts.tolist()
    tokens, of_tokens = [words[k] for k in types.ids.tolist()], [names[k] for k in tags.ids.tolist()]
    return [(tokens[a:b], of_tokens[a:b]) for a, b in pairwise(bounds)]
