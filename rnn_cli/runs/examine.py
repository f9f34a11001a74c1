"""Testing a model on files of pairs (`rnn test`). EXAMINERS has a row for each task."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.encoded import paired
from rnn_cli.models.encoded.texts import LONGEST
from rnn_cli.models.tested.labels import Tested, tested
from rnn_cli.models.tested.pairs import TestedPairs, tested_pairs
from rnn_cli.models.tested.rivals import Rivals, rivals_of_classifier, rivals_of_tagger
from rnn_cli.models.tested.tags import tested_tags
from rnn_cli.models.tested.texts import tested_texts
from rnn_cli.models.translator import Translator
from rnn_cli.runs.checks import columns_of
from rnn_cli.runs.tasks.label_data import strings
from rnn_cli.text.pairs.doubts import empty_rows, headers
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, Pairs, read_pairs
from rnn_cli.text.pairs.parts import also_in
from rnn_cli.text.reading import Source, spool, text_files
from rnn_cli.text.rows import Numbers


class Examiner(NamedTuple):
    """How models of a task are tested.

    cutting: how the model splits texts into tokens. labels: those that it knows; None if it has none.
    tested: the figures of some rows of pairs, with `texts`, their number, and `values`, all figures by name,
    as in `Tested`. Raises RnnError if the model's state overflows.
    rivals: the figures of the simplest baselines, which learn from pairs and are tested on others; None:
    none.
    reads: the number of tokens of a text, from its start, that the network reads; None: all.
    """

    cutting: Callable[[Any], Cutting]
    labels: Callable[[Any], Labels | None]
    tested: Callable[[Any, Pairs, Numbers], Any]
    rivals: Callable[[Any, Pairs, Pairs], Rivals] | None = None
    reads: int | None = None


class Examined(NamedTuple):
    """The figures of all texts (`all`) and, if a training file was named, of those that are not in it
    (`unseen`; else None), as `Examiner.tested` returns them. rivals: those of the simplest baselines, if
    requested. headers: first rows that look like column names, each with a remedy.
    rows: the number of pairs. empty: the numbers, from 0, of those with an empty text or target.
    cut: how many texts are read only in part, and how many of their tokens are read."""

    all: Any
    unseen: Any
    rivals: Rivals | None = None
    headers: tuple[tuple[str, str], ...] = ()
    rows: int = 0
    empty: tuple[int, ...] = ()
    cut: tuple[int, int] = (0, 0)


def _tested_labels(model: Classifier, pairs: Pairs, rows: Numbers) -> Tested:
    return tested(model, pairs, strings(pairs.texts, model.lexicon.tokenizer), rows)


def _tested_pairs(model: Translator, pairs: Pairs, rows: Numbers) -> TestedPairs:
    assert pairs.targets is not None
    sources = strings(pairs.texts, model.source.tokenizer)
    return tested_pairs(model, pairs, sources, strings(pairs.targets, model.target.tokenizer), rows)


PAIRS = Examiner(
    lambda model: Cutting(model.source.tokenizer, model.target.tokenizer),
    lambda model: None,
    _tested_pairs,
    reads=paired.LONGEST,
)


def _rivals_of_labels(model: Classifier, learned: Pairs, pairs: Pairs) -> Rivals:
    texts = (strings(each.texts, model.lexicon.tokenizer) for each in (learned, pairs))
    return rivals_of_classifier(model, learned, next(texts), pairs, next(texts))


LABELS = Examiner(
    lambda model: Cutting(model.lexicon.tokenizer),
    lambda model: model.labels,
    _tested_labels,
    _rivals_of_labels,
    LONGEST,
)
TAGS = Examiner(
    lambda model: Cutting(model.lexicon.tokenizer), lambda model: model.tags, tested_tags, rivals_of_tagger
)
TEXTS = Examiner(lambda model: Cutting(model.lexicon.tokenizer), lambda model: model.labels, tested_texts)
EXAMINERS = {"classify": LABELS, "rate": LABELS, "translate": PAIRS, "tag": TAGS, "generate": TEXTS}


def examined(
    model: Any,
    files: Sequence[str],
    folder: Path,
    columns: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    baseline: str | None = None,
) -> Examined:
    """Return how good a model is on the pairs of some files.

    folder: for copies of inputs that can be read only once. train: a file that the model learned from.
    baseline: a file for the simplest baselines to learn from.
    Raises RnnError for files that hold no pairs, for labels that the model does not know, and if all texts
    are in the training file; UsageError unless `columns` names two.
    """
    examiner = EXAMINERS[model.task]
    form = Form(model.task, encoding, columns_of(columns), is_scored=True)

    def opened(paths: Sequence[str]) -> list[Source]:
        return [spool(path, folder, encoding) for path in text_files(paths)]

    def read(sources: Sequence[Source], to_learn: bool = False) -> Pairs:
        return read_pairs(sources, form, examiner.cutting(model), examiner.labels(model), to_learn)

    sources = opened(files)
    pairs = read(sources)
    every, unseen = np.arange(pairs.rows), None
    if train is not None:
        rows = every[~also_in(pairs, read(opened([train])))]
        if not len(rows):
            raise RnnError(f"{train}: contains every text of the test: test on others")
        unseen = examiner.tested(model, pairs, rows)
    rivals = None
    if baseline is not None:
        if examiner.rivals is None:
            raise UsageError("--baseline is for a model of labels, a score or tags")
        rivals = examiner.rivals(model, read(opened([baseline]), to_learn=True), pairs)
    found = tuple(headers(form, sources, pairs))
    tested = examiner.tested(model, pairs, every)
    return Examined(
        tested,
        unseen,
        rivals,
        found,
        pairs.rows,
        tuple(empty_rows(pairs).tolist()),
        _cut(pairs, examiner.reads),
    )


def _cut(pairs: Pairs, reads: int | None) -> tuple[int, int]:
    """Return how many texts have more tokens than are read, and how many tokens are read."""
    return (int((np.diff(pairs.texts.corpus.starts) - 1 > reads).sum()), reads) if reads else (0, 0)
