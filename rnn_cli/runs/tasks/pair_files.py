"""Files of pairs: opened, read, and divided into what is learned and what is validated on."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.runs.data import corpus_files, tokenizer_of
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.settings import DEFAULT_SEED, DEFAULT_VALID_FRACTION, Settings
from rnn_cli.runs.workplace import Workplace
from rnn_cli.text.pairs.doubts import doubts, empty_rows
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, Pairs, read_pairs
from rnn_cli.text.pairs.parts import hold_out
from rnn_cli.text.reading import Source, spool
from rnn_cli.text.rows import Numbers

FEWEST = 20  # pairs of which some are held out
FEW_TOKENS = 2.0  # of a text on average: with fewer, characters tell more
NO_ROWS = np.empty(0, np.int64)


class Files(NamedTuple):
    """Files of pairs to learn from, and those to validate on, if they are named."""

    sources: list[Source]
    valid: list[Source]

    @property
    def number(self) -> int:
        return len(self.sources) + len(self.valid)


@contextmanager
def opened(settings: Settings) -> Iterator[Files]:
    """Open the files of some settings; what comes through a pipe is kept for as long. Raises RnnError."""
    with Workplace(None) as work:
        sources = [spool(path, work.folder, settings.encoding) for path in corpus_files(settings)]
        valid = [spool(settings.valid, work.folder, settings.encoding)] if settings.valid else []
        yield Files(sources, valid)


class Read(NamedTuple):
    """Pairs to learn from, those of the file to validate on, and how texts were cut."""

    pairs: Pairs
    valid: Pairs | None
    cutting: Cutting


def read_texts(
    files: Files, form: Form, cutting: Cutting, labels: Labels | None, settings: Settings | None
) -> Generator[Notice | Reading, None, Read]:
    """Return the texts of files with what belongs to each. Raises RnnError for files that hold none.

    labels: of a model that goes on. settings: of a run that begins; if its texts have about a word each, and
    no tokenizer is asked for, they are split into characters.
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
    """Yield what looks wrong in the files that a new run is to learn from. Raises RnnError where every pair
    is empty."""
    text = form.kind.columns[form.kind.text_at]
    if len(empty_rows(pairs)) == pairs.rows:
        names = ", ".join(source.name for source in files.sources)
        raise RnnError(f"{names}: every {text} is empty (a line reads {form.kind.line})")
    for doubt in doubts(form, files.sources, pairs):
        yield Notice(doubt, is_warning=True)


def are_short(pairs: Pairs) -> bool:
    """Return whether the texts have too few tokens for words, as names have."""
    return 0 < pairs.texts.corpus.ids.size / pairs.rows - 1 < FEW_TOKENS


def divided(pairs: Pairs, settings: Settings) -> tuple[Numbers, Numbers]:
    """Return the rows to learn from and those that are held out to validate on: none where a file is named
    for that, or pairs are few."""
    fraction = DEFAULT_VALID_FRACTION if settings.valid_fraction is None else settings.valid_fraction
    if fraction and not settings.valid and pairs.rows >= FEWEST:
        return hold_out(pairs, fraction, settings.seed or DEFAULT_SEED)
    return np.arange(pairs.rows), NO_ROWS
