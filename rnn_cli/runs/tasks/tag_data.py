"""Sentences with tags: from files to the arrays of a run."""

import hashlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.encoded.legal import ENOUGH, legal_sequences, legal_share
from rnn_cli.models.encoded.lines import MOST_CHARACTERS
from rnn_cli.models.encoded.sentences import Sentences, owners
from rnn_cli.printing import counted
from rnn_cli.runs.checks import columns_of
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import Init
from rnn_cli.runs.tasks.label_data import appended, new_lexicon
from rnn_cli.runs.tasks.pair_files import NO_ROWS, divided, opened, warnings
from rnn_cli.scoring.tags import scheme
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, Pairs, read_pairs, token_counts
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary

TASK = "tag"
TOKENIZER = "space"
MIN_COUNT = 1  # unknown tokens are learned from those that an epoch hides
LEAST_BUCKETS, MOST_BUCKETS, MOST_OF_PAIRS = 1 << 10, 1 << 16, 1 << 17
NOTHING = Vocabulary((), ())


class Known(NamedTuple):
    """What a model knows about tokens and tags: fields of models.Tagger."""

    lexicon: Lexicon
    tags: Labels
    affixes: Affixes | None
    is_legal: bool


@dataclass(frozen=True)
class TagData:
    """Sentences and their tags.

    y: the tag of each token of all sentences, (N,).
    train, valid: the training and validation rows of `sentences`; an empty `valid` means no validation.
    texts: the number of training sentences.
    """

    known: Known
    sentences: Sentences
    y: NDArray[np.int64]
    train: Numbers
    valid: Numbers
    texts: int
    fingerprint: str
    files: int

    @property
    def targets(self) -> int:
        return int(self.sentences.types.lengths[self.train].sum())

    @property
    def valid_targets(self) -> int | None:
        return int(self.sentences.types.lengths[self.valid].sum()) or None

    @property
    def share(self) -> float:
        return 1.0


Loading = Generator[Notice | Reading, None, TagData]


def load_tagged(
    settings: Settings, resources: Resources, known: Known | None = None, init: Init | None = None
) -> Loading:
    """Return the sentences and tags that the settings name. known: what a resumed model knows; None:
    determine it from the sentences. init: the model to begin from.

    Raises RnnError for files that hold no sentences with tags, or nothing to learn.
    """
    base: Known | None = known or (init.known if init else None)
    with opened(settings) as files:
        yield Notice(f"reading {counted(files.number, 'file')} of sentences with tags")
        form = Form(TASK, settings.encoding, columns_of(settings.columns))
        cutting = Cutting(TOKENIZERS[TOKENIZER], processes=resources.processes)
        pairs = read_pairs(files.sources, form, cutting, base.tags if base else None)
        if known is None:
            yield from warnings(form, files, pairs)
        valid_pairs = None
        if files.valid:
            valid_pairs = read_pairs(files.valid, form, cutting, pairs.labels, to_learn=False)
    train, valid = divided(pairs, settings)
    if known is None:
        counts = token_counts(pairs.texts, train)
        if init:
            lexicon = init.lexicon._replace(tokenizer=TOKENIZERS[TOKENIZER])
            lexicon = yield from init.read_with(lexicon, counts, settings)
        else:
            least = settings.min_count or MIN_COUNT
            lexicon = new_lexicon(counts, TOKENIZERS[TOKENIZER], replace(settings, min_count=least))
        known = base._replace(lexicon=lexicon) if base else _known_of(pairs, train, lexicon, settings)
    data = _data_of(pairs, known, train, valid, len(files.sources))
    return data if valid_pairs is None else _joined(data, _data_of(valid_pairs, known, NO_ROWS, NO_ROWS, 0))


def _known_of(pairs: Pairs, train: Numbers, lexicon: Lexicon, settings: Settings) -> Known:
    """Return what a new model knows, from the training sentences."""
    assert pairs.labels is not None
    affixes = None if settings.affixes is False else _affixes(pairs.texts, token_counts(pairs.texts, train))
    spans = scheme(pairs.labels.names)
    is_legal = spans is not None and legal_share(pairs.beside.take(train), legal_sequences(spans)) >= ENOUGH
    return Known(lexicon, pairs.labels, affixes, is_legal)


def _affixes(text: Text, counts: Mapping[str, int]) -> Affixes:
    """Return the affixes of tokens, or the pairs of characters, to read: with at least two buckets for each
    different one, up to a limit."""
    single = sum(count for token, count in counts.items() if len(token) == 1)
    if single >= MOST_CHARACTERS * sum(counts.values()):
        usual = Affixes(0, MOST_OF_PAIRS, pairs=True)
    else:
        usual = Affixes(buckets=MOST_BUCKETS)
    found = Sentences.of_text(text, Lexicon(TOKENIZERS[TOKENIZER], NOTHING, Spelling({})), usual)
    parts = [part for part in (found.affixes and found.affixes.ids, found.pairs) if part is not None]
    different = len(np.unique(np.concatenate([part.ravel() for part in parts])))
    buckets = LEAST_BUCKETS
    while buckets < min(2 * different, usual.buckets):
        buckets *= 2
    return replace(usual, buckets=buckets)


def _data_of(pairs: Pairs, known: Known, train: Numbers, valid: Numbers, files: int) -> TagData:
    """Return the data of a run, as ids of what its model knows."""
    sentences = Sentences.of_text(pairs.texts, known.lexicon, known.affixes)
    digest = hashlib.sha256(pairs.keys.tobytes())
    for array in (pairs.beside.ids, pairs.beside.starts, train, valid):
        digest.update(np.ascontiguousarray(array).tobytes())
    owner, y = owners(pairs.beside.lengths), pairs.beside.ids.astype(np.int64)
    learned, validated = (np.flatnonzero(np.isin(owner, rows)) for rows in (train, valid))
    return TagData(known, sentences, y, learned, validated, len(train), digest.hexdigest(), files)


def _joined(data: TagData, valid: TagData) -> TagData:
    """Return data with the sentences of `valid` as validation sentences."""
    a, b = data.sentences, valid.sentences
    moved = Rows(b.types.ids + len(a.x), b.types.starts)
    affixes = appended(a.affixes, b.affixes) if a.affixes and b.affixes else None
    beside = None if a.pairs is None or b.pairs is None else np.concatenate([a.pairs, b.pairs])
    sentences = Sentences(appended(a.types, moved), np.concatenate([a.x, b.x]), affixes, beside)
    rows = np.arange(len(a.types.lengths), len(sentences.types.lengths))
    digest = hashlib.sha256((data.fingerprint + valid.fingerprint).encode()).hexdigest()
    y = np.concatenate([data.y, valid.y])
    return replace(data, sentences=sentences, y=y, valid=rows, fingerprint=digest)
