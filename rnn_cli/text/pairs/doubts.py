"""Warnings about pairs that were read but look wrong, given before a run learns from them."""

from collections.abc import Iterator, Sequence

import numpy as np

from rnn_cli.text.pairs.formats import Form, Pair, quoted
from rnn_cli.text.pairs.kinds import LABELS, TAGS, TARGET, is_column_name, is_name_of_side
from rnn_cli.text.pairs.numbered import Pairs
from rnn_cli.text.reading import Source
from rnn_cli.text.rows import Numbers

ENOUGH = 20  # the fewest rows to judge by
MANY, FEW = 0.5, 0.2  # shares of the rows: above MANY there are many labels, up to FEW there are few texts
MOST_TOKENS = 0.5  # times the number of tags: up to here there are too few different tokens


def doubts(form: Form, sources: Sequence[Source], pairs: Pairs) -> Iterator[str]:
    """Yield what looks wrong in some files and the pairs read from them, with a remedy."""
    for row, way in headers(form, sources, pairs):
        yield f"{row} looks like a header, and is learned from ({way})"
    if len(empty := empty_rows(pairs)):
        text = form.kind.columns[form.kind.text_at]
        yield (
            f"{len(empty):,} of {pairs.rows:,} pairs have an empty {text}, and are learned as they are; "
            f"the first is pair {empty[0] + 1:,}"
        )
    if form.kind.holds == LABELS and pairs.labels and pairs.rows >= ENOUGH:
        yield from _about_labels(form, pairs, len(pairs.labels.names))
    if form.kind.holds == TAGS and pairs.labels and pairs.rows >= ENOUGH:
        yield from _about_tags(form, pairs, len(pairs.labels.names))


def headers(form: Form, sources: Sequence[Source], pairs: Pairs) -> Iterator[tuple[str, str]]:
    """Yield the first row of each file in which it looks like column names, and a remedy."""
    for source in sources:
        if form.columns is None and pairs.forms.get(source.name) == "tab":
            first = next(form.pairs(source), None)
            if first and _is_header(form, first, pairs):
                row = [first.text.strip(), " ".join(first.beside).strip()]
                names = " ".join(row if form.kind.text_at == 0 else row[::-1])
                yield f"{source.name}: line {first.line}: {quoted(names)}", form.past_header(source, first)


def empty_rows(pairs: Pairs) -> Numbers:
    """Return the rows whose text or target has no token but its end."""
    sides = [side for side in (pairs.texts, pairs.targets) if side is not None]
    return np.flatnonzero(np.logical_or.reduce([np.diff(side.corpus.starts) <= 1 for side in sides]))


def _is_header(form: Form, first: Pair, pairs: Pairs) -> bool:
    """Return whether the first row of a file looks like column names."""
    beside, labels = first.beside[-1].strip(), pairs.labels
    if form.kind.holds == TARGET:
        are_names = all(map(is_name_of_side, (first.text, beside)))
        return are_names and first.text.isascii() == beside.isascii()
    if labels is None or len(first.beside) > 1 or not is_column_name(beside):
        return False
    return labels.counts[labels.ids[beside]] == 1


def _about_tags(form: Form, pairs: Pairs, tags: int) -> Iterator[str]:
    tokens = len(np.unique(pairs.texts.corpus.ids)) - 1  # without END
    if tokens <= MOST_TOKENS * tags:
        swapped = f"the columns look swapped (a line reads {form.kind.line})"
        yield f"{tags:,} different tags, and {tokens:,} different tokens: {swapped}"


def _about_labels(form: Form, pairs: Pairs, labels: int) -> Iterator[str]:
    if labels <= MANY * pairs.rows:
        return
    texts, rows = len(np.unique(pairs.keys)), pairs.rows
    there = f"{labels:,} different labels in {rows:,} rows"
    if texts <= FEW * rows:
        swapped = f"the columns look swapped (a line reads {form.kind.line})"
        yield f"{there}, and {texts:,} different texts: {swapped}"
    else:
        yield f"{there}: few can be learned (--task rate is for numbers, --task translate for texts)"
