"""Texts with labels or scores: from files to the arrays of a run."""

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.models.encoded.texts import LONGEST, Encoded
from rnn_cli.printing import counted
from rnn_cli.runs.checks import columns_of
from rnn_cli.runs.data import corpus_name, tokenizer_of
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import (
    DEFAULT_MAX_SIZE,
    Settings,
)
from rnn_cli.runs.tasks.init import Init, labels_of, lexicon_of
from rnn_cli.runs.tasks.pair_files import NO_ROWS, divided, opened, read_texts
from rnn_cli.text.features import Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import (
    Cutting,
    Pairs,
    in_vocabulary,
    score_range,
    token_counts,
)
from rnn_cli.text.rows import Rows
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.tokenizers import Tokenizer
from rnn_cli.text.vocabulary import build

MOST_BUCKETS, LEAST_BUCKETS = 1 << 19, 1 << 12  # of n-grams
MOST_WEIGHTS = 1 << 22  # of n-grams: labels times buckets

Numbers = NDArray[np.int64]


class Known(NamedTuple):
    """What a model knows about texts and labels: fields of models.Classifier."""

    lexicon: Lexicon
    labels: Labels | None
    scale: tuple[float, float] | None
    grams: Grams | None


@dataclass(frozen=True)
class LabelData:
    """Texts and their labels or scores.

    y: as the network's output expects it: ids (N,), zeros and ones (N, m), or scores from 0 to 1 (N,).
    train, valid: the training and validation rows; an empty `valid` means no validation.
    """

    known: Known
    encoded: Encoded
    y: NDArray[Any]
    train: Numbers
    valid: Numbers
    fingerprint: str
    files: int

    @property
    def targets(self) -> int:
        return len(self.train)

    @property
    def valid_targets(self) -> int | None:
        return len(self.valid) or None

    @property
    def share(self) -> float:
        return 1.0


Loading = Generator[Notice | Reading, None, LabelData]


def load_pairs(
    settings: Settings, resources: Resources, known: Known | None = None, init: Init | None = None
) -> Loading:
    """Return the texts and labels that the settings name. known: what a resumed model knows; None: determine
    it from the texts. init: the model to begin from.

    Raises RnnError for files that hold no pairs, or nothing to learn.
    """
    lexicon = lexicon_of(known, init)
    tokenizer = lexicon.tokenizer if lexicon else tokenizer_of(settings)
    with opened(settings) as files:
        yield Notice(f"reading {counted(files.number, 'file')} of pairs")
        form = Form(settings.task or "classify", settings.encoding, columns_of(settings.columns))
        cutting = Cutting(tokenizer, processes=resources.processes)
        pairs, valid_pairs, cutting = yield from read_texts(
            files, form, cutting, labels_of(known, init), None if known or init else settings
        )
    tokenizer = cutting.texts
    yield from _about_long([each for each in (pairs, valid_pairs) if each is not None])
    texts = strings(pairs.texts, tokenizer)
    train, valid = divided(pairs, settings)
    if known is None:
        counts = token_counts(pairs.texts, train)
        if init:
            lexicon = yield from init.read_with(init.lexicon, counts, settings)
        else:
            lexicon = new_lexicon(counts, tokenizer, settings)
        known = _known_from(init, pairs, train, lexicon) or _known_of(pairs, train, lexicon, settings, texts)
    data = data_of(pairs, known, texts, train, valid, len(files.sources))
    if valid_pairs is None:
        return data
    beside = data_of(valid_pairs, known, strings(valid_pairs.texts, tokenizer), NO_ROWS, NO_ROWS, 0)
    return joined(data, beside)


def _about_long(parts: Sequence[Pairs]) -> Iterator[Notice]:
    """Yield a warning if some texts are too long to be read to their end."""
    lengths = np.concatenate([np.diff(part.texts.corpus.starts) - 1 for part in parts])  # without END
    if long := int((lengths > LONGEST).sum()):
        yield Notice(
            f"{long:,} of {len(lengths):,} texts have more than {LONGEST} tokens: the network reads "
            f"their first {LONGEST}",
            is_warning=True,
        )


def joined(data: LabelData, valid: LabelData) -> LabelData:
    """Return data with the rows of `valid` as validation rows."""
    rows = np.arange(len(data.train), len(data.train) + len(valid.y))
    encoded = Encoded(*map(appended, data.encoded, valid.encoded))
    digest = hashlib.sha256((data.fingerprint + valid.fingerprint).encode()).hexdigest()
    y = np.concatenate([data.y, valid.y])
    return replace(data, encoded=encoded, y=y, valid=rows, fingerprint=digest)


def appended(a: Rows, b: Rows) -> Rows:
    return Rows.of(np.concatenate([a.ids, b.ids]), np.concatenate([a.lengths, b.lengths]))


def strings(text: Text, tokenizer: Tokenizer) -> list[str]:
    """Return each text as it was split, with its tokens joined again."""
    tokens = ["", "", "<unk>", *text.types]
    ids, starts = np.asarray(text.corpus.ids).tolist(), np.asarray(text.corpus.starts).tolist()
    return [tokenizer.join(tokens[id] for id in ids[a : b - 1]) for a, b in pairwise(starts)]


def new_lexicon(counts: Mapping[str, int], tokenizer: Tokenizer, settings: Settings) -> Lexicon:
    """Return the lexicon of a new model, from the tokens of the training texts and their counts."""
    least = settings.min_count or tokenizer.min_count
    vocabulary = build(counts, least, settings.max_size or DEFAULT_MAX_SIZE)
    unknown = [token for token in counts if token not in vocabulary.ids]
    return Lexicon(tokenizer, vocabulary, Spelling.count(unknown or counts))


def _known_from(init: Init | None, pairs: Pairs, train: Numbers, lexicon: Lexicon) -> Known | None:
    """Return what a model of the same task knows, with a new lexicon; None if the run does not begin from
    one. Raises RnnError for a score outside the model's scale."""
    if init is None or init.known is None:
        return None
    known: Known = init.known
    if known.scale:
        (low, high), scores = known.scale, pairs.scores[train]
        least, most = scores.min(), scores.max()
        if least < low or most > high:
            there = f"scores from {least:g} to {most:g}"
            raise RnnError(
                f"{init.path}: a model of scores from {low:g} to {high:g}, and the text has {there}"
            )
    return known._replace(lexicon=lexicon)


def _known_of(pairs: Pairs, train: Numbers, lexicon: Lexicon, settings: Settings, texts: list[str]) -> Known:
    """Return what a new model knows, from the training texts."""
    scale = None if pairs.labels else _scale(pairs.scores[train], settings)
    labels = len(pairs.labels.names) if pairs.labels else 1
    grams = None if settings.ngrams is False else _grams([texts[row] for row in train.tolist()], labels)
    return Known(lexicon, pairs.labels, scale, grams)


def _scale(scores: NDArray[np.float64], settings: Settings) -> tuple[float, float]:
    """Return the range of scores. Raises RnnError if all training scores are equal, as others may have been
    held out."""
    if scores.min() == scores.max():
        what = f"every score to learn from is {scores[0]:g}"
        raise RnnError(f"{corpus_name(settings)}: {what}: give more texts, or --valid FILE")
    return score_range(scores)


def _grams(texts: list[str], labels: int) -> Grams:
    """Return n-grams with at least twice as many buckets as there are different ones, unless MOST_BUCKETS or
    MOST_WEIGHTS limits them."""
    different = len(np.unique(Grams(buckets=MOST_BUCKETS).rows(texts).ids))
    buckets = LEAST_BUCKETS
    while buckets < min(2 * different, MOST_BUCKETS):
        buckets *= 2
    while buckets > 1 and buckets * labels > MOST_WEIGHTS:
        buckets //= 2
    return Grams(buckets=buckets)


def data_of(
    pairs: Pairs, known: Known, texts: list[str], train: Numbers, valid: Numbers, files: int
) -> LabelData:
    """Return the data of a run, as ids of what its model knows."""
    encoded = Encoded.of(in_vocabulary(pairs.texts, known.lexicon.vocabulary), texts, known.grams)
    digest = hashlib.sha256(pairs.keys.tobytes())
    for array in (pairs.beside.ids, pairs.beside.starts, pairs.scores, train, valid):
        digest.update(np.ascontiguousarray(array).tobytes())
    return LabelData(known, encoded, _targets(pairs, known), train, valid, digest.hexdigest(), files)


def _targets(pairs: Pairs, known: Known) -> NDArray[Any]:
    """Return y of all rows, as the network's output expects it."""
    if known.labels is None:
        assert known.scale is not None
        low, high = known.scale
        return np.clip((pairs.scores - low) / (high - low), 0, 1).astype(np.float32)
    if not known.labels.is_multi:
        return pairs.beside.ids.astype(np.intp)
    y = np.zeros((pairs.rows, len(known.labels.names)), np.float32)
    y[np.repeat(np.arange(pairs.rows), pairs.beside.lengths), pairs.beside.ids] = 1
    return y
