"""Labels and the texts to write from them: from files to the arrays of a run."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rnn_cli.models.encoded.labelled import LabelledTexts
from rnn_cli.models.encoded.texts import first
from rnn_cli.printing import counted
from rnn_cli.runs.checks import columns_of
from rnn_cli.runs.data import tokenizer_of
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import Init, labels_of, lexicon_of
from rnn_cli.runs.tasks.label_data import appended, new_lexicon
from rnn_cli.runs.tasks.pair_files import NO_ROWS, divided, opened, read_texts
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, Pairs, token_counts
from rnn_cli.text.rows import Numbers

TASK = "generate"
LONGEST = 400  # targets learned of a text, at most: its first


class Known(NamedTuple):
    """What a model knows about texts and labels: fields of models.Conditional."""

    lexicon: Lexicon
    labels: Labels


@dataclass(frozen=True)
class GenerateData:
    """Texts and their labels.

    train, valid: the training and validation rows of `texts`; an empty `valid` means no validation.
    cut: the number of texts that are too long to be learned whole.
    """

    known: Known
    texts: LabelledTexts
    train: Numbers
    valid: Numbers
    fingerprint: str
    files: int
    cut: int

    @property
    def targets(self) -> int:
        return int(self.texts.y.lengths[self.train].sum())

    @property
    def valid_targets(self) -> int | None:
        return int(self.texts.y.lengths[self.valid].sum()) or None

    @property
    def share(self) -> float:
        return 1.0


Loading = Generator[Notice | Reading, None, GenerateData]


def load_labelled(
    settings: Settings, resources: Resources, known: Known | None = None, init: Init | None = None
) -> Loading:
    """Return the texts and labels that the settings name. known: what a resumed model knows; None: determine
    it from the texts. init: the model to begin from.

    Raises RnnError for files that hold no texts with labels, or nothing to learn.
    """
    lexicon = lexicon_of(known, init)
    tokenizer = lexicon.tokenizer if lexicon else tokenizer_of(settings)
    with opened(settings) as files:
        yield Notice(f"reading {counted(files.number, 'file')} of texts with labels")
        form = Form(TASK, settings.encoding, columns_of(settings.columns))
        cutting = Cutting(tokenizer, processes=resources.processes)
        pairs, valid_pairs, cutting = yield from read_texts(
            files, form, cutting, labels_of(known, init), None if known or init else settings
        )
    tokenizer = cutting.texts
    train, valid = divided(pairs, settings)
    if known is None:
        assert pairs.labels is not None
        counts = token_counts(pairs.texts, train)
        if init:
            lexicon = yield from init.read_with(init.lexicon, counts, settings)
        else:
            lexicon = new_lexicon(counts, tokenizer, settings)
        known = Known(lexicon, pairs.labels)
    data = _data_of(pairs, known, train, valid, len(files.sources))
    if valid_pairs is not None:
        data = _joined(data, _data_of(valid_pairs, known, NO_ROWS, NO_ROWS, 0))
    if data.cut:
        what = f"{counted(data.cut, 'text')} longer than {LONGEST} tokens: the first {LONGEST} are learned"
        yield Notice(what, is_warning=True)
    return data


def _data_of(pairs: Pairs, known: Known, train: Numbers, valid: Numbers, files: int) -> GenerateData:
    """Return the data of a run, as ids of what its model knows."""
    texts = LabelledTexts.of(pairs, known.lexicon)
    cut = int((texts.y.lengths > LONGEST).sum())
    digest = hashlib.sha256(pairs.keys.tobytes())
    for array in (pairs.beside.ids, train, valid):
        digest.update(np.ascontiguousarray(array).tobytes())
    texts = texts._replace(y=first(texts.y, LONGEST))
    return GenerateData(known, texts, train, valid, digest.hexdigest(), files, cut)


def _joined(data: GenerateData, valid: GenerateData) -> GenerateData:
    """Return data with the texts of `valid` as validation texts."""
    (y, *others), (valid_y, *valid_others) = data.texts, valid.texts
    arrays = (np.concatenate(pair) for pair in zip(others, valid_others, strict=True))
    texts = LabelledTexts(appended(y, valid_y), *arrays)
    rows = np.arange(len(data.texts.label), len(texts.label))
    digest = hashlib.sha256((data.fingerprint + valid.fingerprint).encode()).hexdigest()
    return replace(data, texts=texts, valid=rows, fingerprint=digest, cut=data.cut + valid.cut)
