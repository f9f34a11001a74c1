"""From files to what training needs: a vocabulary, and the text to learn and to validate on."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.cli.console import say
from rnn_cli.cli.defaults import MIN_COUNT
from rnn_cli.errors import RnnError
from rnn_cli.text.corpus import Corpus, count_tokens, hold_out, read_corpus, renumber
from rnn_cli.text.reading import display_name, read_lines
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS, Tokenizer
from rnn_cli.text.vocabulary import Vocabulary, build, loads

DEFAULT_TOKENIZER = "jieba"
DEFAULT_MAX_SIZE = 10_000


class Reading(NamedTuple):
    """How a model reads a text."""

    tokenizer: Tokenizer
    vocabulary: Vocabulary
    spelling: Spelling  # of tokens that the vocabulary does not hold


@dataclass(frozen=True)
class Texts:
    reading: Reading
    train: Corpus
    valid: Corpus | None

    @cached_property
    def fingerprint(self) -> str:
        """Of what there is to learn and to validate on, as the model reads it: the same for the same text."""
        content = hashlib.sha256()
        for corpus in (self.train, self.valid):
            if corpus is not None:
                content.update(np.ascontiguousarray(corpus.ids).data)
            content.update(b"/")
        return content.hexdigest()

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How often each id occurs in the text to train on, (m,)."""
        return np.bincount(self.train.ids, minlength=self.reading.vocabulary.size)


@dataclass(frozen=True)
class TextOptions:
    """What the command line says of the text; None where it says nothing."""

    paths: Sequence[str]
    encoding: str | None = None
    tokenizer: str | None = None
    min_count: int | None = None
    max_size: int | None = None
    vocab: str | None = None
    valid: str | None = None
    valid_fraction: float = 0.0
    carry_state: bool = False
    seed: int = 0

    @property
    def name(self) -> str:
        """Of the text, in messages."""
        return ", ".join(map(display_name, self.paths))

    @property
    def inputs(self) -> list[str]:
        return [*self.paths, *(path for path in (self.valid, self.vocab) if path)]


def read_texts(options: TextOptions, reading: Reading | None = None) -> Texts:
    """Read, cut and number the text, as a model that is there already reads, or anew. A vocabulary that is
    not given is of the text to learn from, without what is held out: so validation meets unknown tokens as
    often as other text would."""
    given = None
    name = options.tokenizer
    if options.vocab and not reading:
        given, counted_with = loads(read_lines([options.vocab]), options.vocab)
        if name not in (None, counted_with):
            raise RnnError(f"{options.vocab}: made with {counted_with}, not {name}: drop --tokenizer")
        name = counted_with
    tokenizer = reading.tokenizer if reading else TOKENIZERS[name or DEFAULT_TOKENIZER]
    whole, tokens = _read(options.paths, tokenizer, options)
    train, valid = whole, None
    if options.valid_fraction and not options.valid:
        if whole.lines < 2:
            raise RnnError(
                f"{options.name}: one line, so none can be held out to validate on: "
                "give --valid FILE, or --valid-fraction 0 to do without"
            )
        train, valid = hold_out(whole, options.valid_fraction, options.seed, options.carry_state)
    if not reading:
        vocabulary = given or _vocabulary(train, tokens, tokenizer, options)
        reading = Reading(tokenizer, vocabulary, _spelling(train, tokens, vocabulary))
    train = renumber(train, tokens, reading.vocabulary, reading.spelling)
    if options.valid:
        valid, tokens = _read([options.valid], tokenizer, options)
    valid = valid and renumber(valid, tokens, reading.vocabulary, reading.spelling)
    return Texts(reading, train, valid)


def count_text(options: TextOptions) -> tuple[Corpus, Tokenizer, dict[str, int], Vocabulary]:
    """A text, how often each of its tokens occurs, and the vocabulary that the options make of it."""
    tokenizer = TOKENIZERS[options.tokenizer or DEFAULT_TOKENIZER]
    corpus, tokens = _read(options.paths, tokenizer, options)
    counts = count_tokens(corpus, tokens)
    return corpus, tokenizer, counts, _vocabulary(corpus, tokens, tokenizer, options)


def _read(paths: Sequence[str], tokenizer: Tokenizer, options: TextOptions) -> tuple[Corpus, tuple[str, ...]]:
    if "-" in paths and sys.stdin.isatty():
        say("reading standard input; Ctrl-D ends it")
    lines = read_lines(paths, options.encoding)
    corpus, tokens = read_corpus(lines, tokenizer, keep_blank=options.carry_state)
    if len(corpus.ids) == corpus.lines:
        names = ", ".join(map(display_name, paths))
        raise RnnError(f"{names}: no text in it: it is empty, or every line is blank")
    return corpus, tokens


def _spelling(corpus: Corpus, tokens: tuple[str, ...], vocabulary: Vocabulary) -> Spelling:
    """How unknown tokens are spelled: as those of the text are or, where it has none, as all of its are."""
    types = count_tokens(corpus, tokens)
    return Spelling.count([token for token in types if token not in vocabulary.ids] or types)


def _vocabulary(
    corpus: Corpus, tokens: tuple[str, ...], tokenizer: Tokenizer, options: TextOptions
) -> Vocabulary:
    counts = count_tokens(corpus, tokens)
    min_count = options.min_count or MIN_COUNT[tokenizer.name]
    vocabulary = build(counts, min_count, options.max_size or DEFAULT_MAX_SIZE)
    if len(vocabulary.tokens) < 2:
        raise RnnError(
            f"{options.name}: {len(vocabulary.tokens)} of {len(counts)} different tokens "
            f"occur {min_count} times or more, and a model needs two: give more text or lower --min-count"
        )
    return vocabulary
