"""What files of pairs contain for training: the tokens of each side, labels and tags (`rnn vocab --task`)."""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np

from rnn_cli.models.encoded.lines import read_line, reads_characters
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.label_data import LabelData, load_pairs
from rnn_cli.runs.tasks.pair_data import PairData
from rnn_cli.runs.tasks.pair_data import load_pairs as load_translations
from rnn_cli.runs.tasks.tag_data import TagData, load_tagged
from rnn_cli.runs.tasks.text_data import GenerateData, load_labelled
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.kinds import KINDS
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.rows import Numbers, places
from rnn_cli.text.tokenizers import Token


class Side(NamedTuple):
    """A column of tokens.

    counts: how often each id occurs in the training pairs, (m,). by_characters: whether a text is split into
    characters although the files separate tokens with spaces.
    """

    name: str
    lexicon: Lexicon
    counts: list[int]
    by_characters: bool = False

    def split(self, text: str) -> list[Token]:
        """Return the tokens of a text, as a model would read it."""
        return read_line(text, self.lexicon, self.by_characters).tokens


class CountedPairs(NamedTuple):
    """The pairs in some files, as training would see them.

    pairs, valid: the numbers of training and validation pairs. sides: the columns of tokens.
    labels: the labels or tags, by id, with how often each occurs in the training pairs; None if there are
    none. scale: the lowest and the highest score; None without scores. kind: what a label is called.
    """

    pairs: int
    valid: int
    sides: list[Side]
    labels: list[tuple[str, int]] | None = None
    scale: tuple[float, float] | None = None
    kind: str = "label"


Counting = Generator[Notice | Reading, None, CountedPairs]


def count_pairs(settings: Settings, resources: Resources) -> Counting:
    """Count the tokens, labels and tags of files of pairs. Raises RnnError for files that cannot be used."""
    row = COUNTERS[settings.task or ""]
    data = yield from row.load(settings, resources)
    return row.counted(data)


class Counter(NamedTuple):
    """How the pairs of a task are counted."""

    load: Callable[[Settings, Resources], Generator[Notice | Reading, None, Any]]
    counted: Callable[[Any], CountedPairs]


def _labels(data: LabelData) -> CountedPairs:
    known, y = data.known, data.y[data.train]
    side = _side("text", known.lexicon, data.encoded.x.take(data.train).ids)
    labels = None
    if known.labels:
        counts = y.sum(axis=0) if known.labels.is_multi else np.bincount(y, minlength=len(known.labels.names))
        labels = _named(known.labels, counts)
    return CountedPairs(len(data.train), len(data.valid), [side], labels, known.scale)


def _tags(data: TagData) -> CountedPairs:
    known, types = data.known, data.sentences.types
    side = _side("tokens", known.lexicon, data.sentences.x[types.take(data.train).ids])
    side = side._replace(by_characters=reads_characters(known.lexicon.vocabulary, known.tags))
    y = data.y[places(types.starts[data.train], types.lengths[data.train])]
    labels = _named(known.tags, np.bincount(y, minlength=len(known.tags.names)))
    return CountedPairs(data.texts, len(data.valid), [side], labels, kind="tag")


def _texts(data: GenerateData) -> CountedPairs:
    known, texts = data.known, data.texts
    side = _side("text", known.lexicon, texts.y.take(data.train).ids)
    counts = np.bincount(texts.label[data.train], minlength=len(known.labels.names))
    return CountedPairs(len(data.train), len(data.valid), [side], _named(known.labels, counts))


def _translations(data: PairData) -> CountedPairs:
    sides = [
        _side(name, lexicon, ids.take(data.train).ids)
        for name, lexicon, ids in zip(
            KINDS["translate"].columns, data.known[:2], (data.sides.x, data.sides.y), strict=True
        )
    ]
    return CountedPairs(len(data.train), len(data.valid), sides)


def _side(name: str, lexicon: Lexicon, ids: Any) -> Side:
    return Side(name, lexicon, np.bincount(ids, minlength=lexicon.vocabulary.size).tolist())


def _named(labels: Labels, counts: Numbers) -> list[tuple[str, int]]:
    return [*zip(labels.names, map(int, counts.tolist()), strict=True)]


COUNTERS: dict[str, Counter] = {
    "classify": Counter(load_pairs, _labels),
    "rate": Counter(load_pairs, _labels),
    "tag": Counter(load_tagged, _tags),
    "translate": Counter(load_translations, _translations),
    "generate": Counter(load_labelled, _texts),
}
