"""From files to what training needs: a vocabulary, and the text to learn and to validate on."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.cli.options.text import tokenizer_with
from rnn_cli.errors import RnnError
from rnn_cli.runs.defaults import DEFAULT_TOKENIZER, MIN_COUNT
from rnn_cli.runs.prepare import Cutting, Means, prepare
from rnn_cli.text.reading import display_name, read_lines, text_files
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.corpus import Part, hold_out, whole
from rnn_cli.text.tokenizers import Tokenizer
from rnn_cli.text.vocabulary import Vocabulary, build, loads

DEFAULT_MAX_SIZE = 10_000


class Reading(NamedTuple):
    """How a model reads a text."""

    tokenizer: Tokenizer
    vocabulary: Vocabulary
    spelling: Spelling  # of tokens that the vocabulary does not hold


@dataclass(frozen=True)
class Texts:
    reading: Reading
    train: Part
    valid: Part | None
    fingerprint: str  # of what there is to learn and to validate on: the same for the same text
    share: float  # of the text to learn from that was read, where the beginning was enough
    files: int  # that it stands in

    @property
    def tokens(self) -> int:
        """Of all of the text to learn from; its ends of line are not counted."""
        return round(self.train.tokens / self.share)

    @property
    def targets(self) -> int:
        """To learn from in an epoch, in all of the text."""
        return round(self.train.targets / self.share)

    @property
    def figures(self) -> dict[str, int | float]:
        """What was read to learn from."""
        train = self.train
        counts = {"files": self.files, "lines": train.lines, "tokens": train.tokens, "unknown": train.unknown}
        return counts | {"unknown_share": train.unknown / train.tokens}

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How often each id occurs in the text to train on, (m,)."""
        return self.train.counts(self.reading.vocabulary.size)


@dataclass(frozen=True)
class TextOptions:
    """What the command line says of the text; None where it says nothing. JSON can hold all of it."""

    paths: Sequence[str]
    encoding: str | None = None
    tokenizer: str | None = None
    normalize: str | None = None
    user_dict: str | None = None
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
        """All files that are read."""
        others = (path for path in (self.valid, self.vocab, self.user_dict) if path)
        return [*text_files(self.paths), *others]


def read_texts(options: TextOptions, means: Means, reading: Reading | None = None) -> Texts:
    """Read, cut and number the text, as a model that is there already reads, or anew. A vocabulary that is
    not given is of the text to learn from, without what is held out: so validation meets unknown tokens as
    often as other text would."""
    given = None
    if reading:
        tokenizer = reading.tokenizer
    elif options.vocab:
        given, tokenizer = _given_vocabulary(options)
    else:
        tokenizer = _tokenizer(options)
    cutting = Cutting(tokenizer, options.encoding, options.carry_state)
    text, share = prepare(options.paths, cutting, means)
    train, valid = whole(text), None
    if options.valid_fraction and not options.valid:
        if train.lines < 2:
            raise RnnError(
                f"{options.name}: one line, so none can be held out to validate on: "
                "give --valid FILE, or --valid-fraction 0 to do without"
            )
        train, valid = hold_out(text, options.valid_fraction, options.seed, options.carry_state)
    if not reading:
        types = train.occurring(text.types)
        vocabulary = given or _vocabulary(types, tokenizer, options)
        unknown = [token for token in types if token not in vocabulary.ids]
        reading = Reading(tokenizer, vocabulary, Spelling.count(unknown or types))
    known = reading.vocabulary, reading.spelling
    train = train.read_with(text, *known)
    fingerprint = text.fingerprint
    if options.valid:
        other, _ = prepare([options.valid], cutting, means)
        valid = whole(other).read_with(other, *known)
        fingerprint += other.fingerprint
    elif valid:
        valid = valid.read_with(text, *known)
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()
    return Texts(reading, train, valid, digest, share, files=len(text_files(options.paths)))


def count_text(options: TextOptions, means: Means) -> tuple[Part, Tokenizer, dict[str, int], Vocabulary]:
    """A text, how often each of its tokens occurs, and the vocabulary that the options make of it."""
    tokenizer = _tokenizer(options)
    cutting = Cutting(tokenizer, options.encoding, options.carry_state)
    text, _ = prepare(options.paths, cutting, means)
    part = whole(text)
    types = part.occurring(text.types)
    return part, tokenizer, types, _vocabulary(types, tokenizer, options)


def _vocabulary(types: Mapping[str, int], tokenizer: Tokenizer, options: TextOptions) -> Vocabulary:
    min_count = options.min_count or MIN_COUNT[tokenizer.name]
    vocabulary = build(types, min_count, options.max_size or DEFAULT_MAX_SIZE)
    if len(vocabulary.tokens) < 2:
        way = "give more text or lower --min-count" if min_count > 1 else "give more text"
        raise RnnError(
            f"{options.name}: {len(vocabulary.tokens)} of {len(types)} different tokens to learn from "
            f"occur {min_count} times or more, and a model needs two: {way}"
        )
    return vocabulary


def _tokenizer(options: TextOptions) -> Tokenizer:
    return tokenizer_with(options.tokenizer or DEFAULT_TOKENIZER, options.normalize, options.user_dict)


def _given_vocabulary(options: TextOptions) -> tuple[Vocabulary, Tokenizer]:
    """The vocabulary that --vocab names, and the tokenizer that it was counted with."""
    path = options.vocab or ""
    vocabulary, tokenizer = loads(read_lines([path]), path)
    if options.tokenizer not in (None, tokenizer.name):
        raise RnnError(f"{path}: made with {tokenizer.name}, not {options.tokenizer}: drop --tokenizer")
    return vocabulary, tokenizer
