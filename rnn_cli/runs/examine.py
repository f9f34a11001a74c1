"""Testing a model on files of pairs (`rnn test`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.tested import Tested, tested
from rnn_cli.runs.checks import columns_of
from rnn_cli.runs.label_data import strings
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.numbered import Cutting, Pairs, read_pairs
from rnn_cli.text.pairs.parts import also_in
from rnn_cli.text.reading import spool, text_files


class Examined(NamedTuple):
    """The figures of all texts and, where a training file was named, of those that do not stand in it."""

    all: Tested
    unseen: Tested | None


def examined(
    model: Classifier,
    files: Sequence[str],
    folder: Path,
    columns: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
) -> Examined:
    """Return how good a model is on the pairs of some files.

    folder: for copies of what can be read only once. train: a file that the model learned from.
    Raises RnnError for files that hold no pairs, labels that the model does not know, and where all texts
    stand in the training file; UsageError for columns that are not two.
    """
    form = Form(model.task, encoding, columns_of(columns))

    def read(paths: Sequence[str]) -> Pairs:
        sources = [spool(path, folder, encoding) for path in text_files(paths)]
        return read_pairs(sources, form, Cutting(model.lexicon.tokenizer), model.labels)

    pairs = read(files)
    texts, every = strings(pairs.texts, model.lexicon.tokenizer), np.arange(pairs.rows)
    unseen = None
    if train is not None:
        rows = every[~also_in(pairs, read([train]))]
        if not len(rows):
            raise RnnError(f"{train}: every text of the test stands in it: test on others")
        unseen = tested(model, pairs, texts, rows)
    return Examined(tested(model, pairs, texts, every), unseen)
