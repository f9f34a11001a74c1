"""Files of pairs: opening, reading, and dividing them into training and validation."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.runs.data import corpus_files, tokenizer_of
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.settings import DEFAULT_SEED, DEFAULT_VALID_FRACTION, FEW_LINES, Settings
from rnn_cli.runs.workplace import Workplace
from rnn_cli.text.pairs.doubts import doubts, empty_rows
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, Pairs, read_pairs
from rnn_cli.text.pairs.parts import hold_out
from rnn_cli.text.reading import Source, spool
from rnn_cli.text.rows import Numbers

FEWEST = 20  # pairs, at least, to hold some out as --valid-fraction says; without it, FEW_LINES
FEW_TOKENS = 2.0  # per text on average: with fewer, characters say more
NO_ROWS = np.empty(0, np.int64)


class Files(NamedTuple):
    """Files of pairs for training, and those for validation if they are named."""

    sources: list[Source]
    valid: list[Source]

    @property
    def number(self) -> int:
        return len(self.sources) + len(self.valid)


@contextmanager
def opened(settings: Settings) -> Iterator[Files]:
    """Open the files of some settings; what comes through a pipe is kept until they are closed. Raises
    RnnError."""
    with Workplace(None) as work:
        sources = [spool(path, work.folder, settings.encoding) for path in corpus_files(settings)]
        valid = [spool(settings.valid, work.folder, settings.encoding)] if settings.valid else []
        yield Files(sources, valid)


class Read(NamedTuple):
    """Training pairs, those of the validation file, and how their texts were split."""

    pairs: Pairs
    valid: Pairs | None
    cutting: Cutting


def read_texts(
    files: Files, form: Form, cutting: Cutting, labels: Labels | None, settings: Settings | None
) -> Generator[Notice | Reading, None, Read]:
    """Return the texts in files with what belongs to each. Raises RnnError for files that hold none.

    labels: of a resumed model. settings: of a new run: if its texts have about one word each, and no
    tokenizer is requested, they are split into characters.
    """
    pairs = read_pairs(files.sources, form, cutting, labels)
    if settings and settings.tokenizer is None and are_short(pairs):
        yield Notice("texts of about a word: they are split into characters (-t jieba for words)")
        cutting = cutting._replace(texts=tokenizer_of(replace(settings, tokenizer="char")))
        pairs = read_pairs(files.sources, form, cutting)
    if settings:
        yield from warnings(form, files, pairs)
    valid = read_pairs(files.valid, form, cutting, pairs.labels, to_learn=False) if files.valid else None
    return Read(pairs, valid, cutting)


def warnings(form: Form, files: Files, pairs: Pairs) -> Iterator[Notice]:
    """Yield warnings about the training files of a new run. Raises RnnError if every pair is empty."""
    text = form.kind.columns[form.kind.text_at]
    if len(empty_rows(pairs)) == pairs.rows:
        names = ", ".join(source.name for source in files.sources)
        raise RnnError(f"{names}: every {text} is empty (a line reads {form.kind.line})")
    for doubt in doubts(form, files.sources, pairs):
        yield Notice(doubt, is_warning=True)


def are_short(pairs: Pairs) -> bool:
    """Return whether the texts, such as names, have too few tokens to be split into words."""
    return 0 < pairs.texts.corpus.ids.size / pairs.rows - 1 < FEW_TOKENS


def share_held_out(pairs: Pairs, settings: Settings, usual: float) -> float:
    """Return the share of the pairs to hold out for validation: 0 if a validation file is named, or there are
    few pairs. usual: the share if the settings do not give one."""
    asked = settings.valid_fraction
    share, fewest = (usual, FEW_LINES) if asked is None else (asked, FEWEST)
    return 0.0 if settings.valid or pairs.rows < fewest else share


def divided(
    pairs: Pairs, settings: Settings, usual: float = DEFAULT_VALID_FRACTION
) -> tuple[Numbers, Numbers]:
    """Return the training rows, and those held out for validation (`share_held_out`)."""
    if share := share_held_out(pairs, settings, usual):
        return hold_out(pairs, share, settings.seed or DEFAULT_SEED)
    return np.arange(pairs.rows), NO_ROWS
