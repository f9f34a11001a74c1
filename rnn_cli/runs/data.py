"""From settings to the parts of a text: the training and validation lines, as ids."""

import hashlib
import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.file import model_path
from rnn_cli.models.growing import grown_lexicon
from rnn_cli.printing import counted
from rnn_cli.runs.checks import LEAST_TOKENS
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.prepare import Resources, prepare
from rnn_cli.runs.settings import (
    DEFAULT_MAX_SIZE,
    DEFAULT_SEED,
    DEFAULT_VALID_FRACTION,
    FEW_LINES,
    Settings,
)
from rnn_cli.runs.shipped import corpus_paths
from rnn_cli.runs.splitting import Splitting
from rnn_cli.text.columns import SUFFIXES, is_table
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.reading import display_name, read_lines, text_files
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.corpus import Part, hold_out, whole
from rnn_cli.text.tokenizers import DEFAULT_TOKENIZER, Tokenizer, load_tokenizer
from rnn_cli.text.units import PARAGRAPH
from rnn_cli.text.vocabulary import Vocabulary, build, loads

FEW_TOKENS = 1000  # with fewer, every token is known: most words occur once


@dataclass(frozen=True)
class Data:
    """The parts of a text.

    lexicon: how the text becomes ids.
    fingerprint: a hash of both parts, the same for the same text.
    share: the fraction of the training text that was read, if its beginning was enough.
    files: the number of files that hold the text.
    """

    lexicon: Lexicon
    train: Part
    valid: Part | None
    fingerprint: str
    share: float
    files: int

    @property
    def tokens(self) -> int:
        """The tokens of the whole training text; line ends do not count."""
        return round(self.train.tokens / self.share)

    @property
    def targets(self) -> int:
        """The targets per epoch, for the whole text; line ends count."""
        return round(self.train.targets / self.share)

    @property
    def valid_targets(self) -> int | None:
        return self.valid.targets if self.valid else None

    @property
    def m(self) -> int:
        return self.lexicon.vocabulary.size

    @property
    def is_tiny(self) -> bool:
        """Whether the text is so small that every token should be known, and none hidden."""
        return self.train.tokens < FEW_TOKENS

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How often each id occurs in the training part, (m,)."""
        return self.train.counts(self.m)

    @property
    def figures(self) -> dict[str, int | float]:
        """The size of what was read for training, as the log records it."""
        train = self.train
        counts = {"files": self.files, "lines": train.lines, "tokens": train.tokens, "unknown": train.unknown}
        return counts | {"unknown_share": train.unknown / train.tokens}


def corpus_files(settings: Settings) -> list[str]:
    """Return the text files that the settings name, or the file of a text that comes with rnn. Raises
    RnnError for a folder without texts."""
    return text_files(corpus_paths(settings.corpus))


def corpus_name(settings: Settings) -> str:
    """Return the name of the text for messages."""
    return ", ".join(map(display_name, corpus_paths(settings.corpus)))


def input_files(settings: Settings) -> list[str]:
    """Return every file that a run with these settings reads. Raises RnnError as `corpus_files` does."""
    others = (settings.valid, settings.vocab, settings.user_dict)
    init = [str(model_path(settings.init))] if settings.init else []
    return [*corpus_files(settings), *(path for path in others if path), *init]


def default_valid_fraction(text: Part) -> float:
    """Return the share of a text to hold out for validation if the settings do not give one."""
    is_tiny = text.lines < FEW_LINES and text.tokens < FEW_TOKENS
    return 0.0 if is_tiny else DEFAULT_VALID_FRACTION


Loading = Generator[Notice | Reading, None, Data]


def load_data(
    settings: Settings,
    resources: Resources,
    lexicon: Lexicon | None = None,
    limit: int | None = None,
    grow: bool = False,
) -> Loading:
    """Return the parts of the text, as ids of an existing lexicon or of a new one.

    A new vocabulary is counted on the training lines only, so that unknown tokens are as frequent in
    validation as they would be in other texts. limit: bytes of a long text that are enough. grow: add the
    text's tokens that the lexicon lacks. Raises RnnError for a text that cannot be used, UsageError for
    settings that do not go with it.
    """
    given: Vocabulary | None = None
    if lexicon:
        tokenizer = lexicon.tokenizer
    elif settings.vocab:
        given, tokenizer = _given_vocabulary(settings)
    else:
        tokenizer = tokenizer_of(settings)
    splitting = _splitting(settings, tokenizer)
    paths = corpus_paths(settings.corpus)
    text, share = yield from prepare(paths, splitting, resources, limit)
    train, valid = whole(text), None
    fraction = settings.valid_fraction
    if fraction is None:
        fraction = default_valid_fraction(train)
    if fraction and not settings.valid:
        if train.lines < 2 and train.tokens < FEW_TOKENS:
            raise RnnError(
                f"{corpus_name(settings)}: only one short line, so none can be held out for validation: "
                "give --valid FILE, or --valid-fraction 0 for no validation"
            )
        train, valid = hold_out(text, fraction, settings.seed or DEFAULT_SEED, splitting.keep_blank)
    types = train.occurring(text.types)
    if lexicon and grow:
        lexicon = yield from grown(lexicon, types, settings)
    elif not lexicon:
        vocabulary = given or _vocabulary(types, tokenizer, settings)
        unknown = [token for token in types if token not in vocabulary.ids]
        lexicon = Lexicon(tokenizer, vocabulary, Spelling.count(unknown or types))
    known = lexicon.vocabulary, lexicon.spelling
    train = train.read_with(text, *known)
    fingerprint = text.fingerprint
    if settings.valid:
        other, _ = yield from prepare([settings.valid], splitting, resources)
        valid = whole(other).read_with(other, *known)
        fingerprint += other.fingerprint
    elif valid:
        valid = valid.read_with(text, *known)
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()
    return Data(lexicon, train, valid, digest, share, files=len(text_files(paths)))


class Counted(NamedTuple):
    """A text, how often each of its tokens occurs, and the vocabulary that the settings make of it."""

    part: Part
    tokenizer: Tokenizer
    types: dict[str, int]
    vocabulary: Vocabulary


def count_text(settings: Settings, resources: Resources) -> Generator[Notice | Reading, None, Counted]:
    """Count the tokens of a whole text. Raises RnnError for a text that cannot be used."""
    tokenizer = tokenizer_of(settings)
    splitting = _splitting(settings, tokenizer)
    text, _ = yield from prepare(corpus_paths(settings.corpus), splitting, resources)
    part = whole(text)
    types = part.occurring(text.types)
    return Counted(part, tokenizer, types, _vocabulary(types, tokenizer, settings))


def _vocabulary(types: Mapping[str, int], tokenizer: Tokenizer, settings: Settings) -> Vocabulary:
    min_count = _min_count(types, tokenizer, settings)
    vocabulary = build(types, min_count, settings.max_size or DEFAULT_MAX_SIZE)
    if len(vocabulary.tokens) < LEAST_TOKENS:
        can_lower = min_count > 1 and len(types) >= LEAST_TOKENS
        way = "lower --min-count or give more text" if can_lower else "give more text"
        known = f" with --min-count {min_count}" if can_lower else ""
        found = f"{counted(len(vocabulary.tokens), 'different token')} to learn from{known}"
        raise RnnError(f"{corpus_name(settings)}: {found}, but a model needs two: {way}")
    return vocabulary


def tokenizer_of(settings: Settings) -> Tokenizer:
    name = settings.tokenizer or DEFAULT_TOKENIZER
    return load_tokenizer(name, settings.normalize, settings.user_dict, settings.unit)


def _splitting(settings: Settings, tokenizer: Tokenizer) -> Splitting:
    """Return how to split the text of the settings into tokens. Raises UsageError if that cannot be done."""
    if settings.carry_state and tokenizer.unit == PARAGRAPH:
        whose = f"--{'vocab' if settings.vocab else 'init'}"
        raise UsageError(f"--carry-state and the unit of {whose}, a paragraph, exclude each other: drop one")
    files = [*corpus_files(settings), *([settings.valid] if settings.valid else [])]
    if settings.column is not None and not any(map(_may_be_table, files)):
        raise UsageError(
            f"--column {settings.column}: no {', '.join(SUFFIXES)} file in {corpus_name(settings)}: drop it, "
            "or name a table"
        )
    return Splitting(tokenizer, settings.encoding, bool(settings.carry_state), settings.column)


def _may_be_table(path: str) -> bool:
    """Return whether a path may be a table: by its suffix, or because it is not a regular file (a pipe)."""
    return is_table(path) or path == "-" or not os.path.isfile(path)


def _min_count(types: Mapping[str, int], tokenizer: Tokenizer, settings: Settings) -> int:
    is_tiny = sum(types.values()) < FEW_TOKENS
    return settings.min_count or (1 if is_tiny else tokenizer.min_count)


def grown(lexicon: Lexicon, types: Mapping[str, int], settings: Settings) -> Generator[Notice, None, Lexicon]:
    """Return a lexicon extended by the tokens of a text that it lacks, and yield a notice of how many."""
    min_count = _min_count(types, lexicon.tokenizer, settings)
    larger = grown_lexicon(lexicon, types, min_count, settings.max_size or DEFAULT_MAX_SIZE)
    new = larger.vocabulary.size - lexicon.vocabulary.size
    ids = f": ids {lexicon.vocabulary.size} to {larger.vocabulary.size - 1}" if new else ""
    yield Notice(f"the vocabulary of {settings.init} grows by {counted(new, 'token')}{ids}")
    return larger


def _given_vocabulary(settings: Settings) -> tuple[Vocabulary, Tokenizer]:
    """Return the vocabulary in a file, and the tokenizer that it was counted with. Raises RnnError if the
    settings call for another tokenizer."""
    path = settings.vocab or ""
    vocabulary, tokenizer = loads(read_lines([path]), path)
    if settings.tokenizer not in (None, tokenizer.name):
        raise RnnError(f"{path}: made with {tokenizer.name}, not {settings.tokenizer}: drop --tokenizer")
    if settings.unit not in (None, tokenizer.unit):
        raise RnnError(f"{path}: made with --unit {tokenizer.unit}, not {settings.unit}: drop --unit")
    return vocabulary, tokenizer
