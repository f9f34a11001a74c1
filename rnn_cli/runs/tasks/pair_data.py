"""Sources and targets: from files to the arrays of a run."""

import hashlib
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.encoded.paired import LONGEST, Sides
from rnn_cli.printing import counted
from rnn_cli.runs.checks import columns_of
from rnn_cli.runs.data import corpus_name
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import DEFAULT_MAX_SIZE, DEFAULT_VALID_FRACTION, Settings
from rnn_cli.runs.tasks.init import Init
from rnn_cli.runs.tasks.pair_files import divided, opened, share_held_out, warnings
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.numbered import Cutting, Pairs, in_vocabulary, read_pairs, token_counts
from rnn_cli.text.reading import Source
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.tokenizers import DEFAULT_TOKENIZER, Tokenizer, load_tokenizer
from rnn_cli.text.vocabulary import build

FEW_TOKENS = 1000  # per side: with fewer, every token is known
MOST_VALID = 2000  # pairs held out, at most: more would tell little more
SAMPLE = 20_000  # pairs that decide how a side is split
WORD = re.compile(r"\w+|[^\w\s]+")
HAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
PLAIN, FEW_TYPES = 0.98, 1000  # space-separated tokens: least share of whole words, most different ones
DIGITS, UNSPACED, FEW_WORDS = 0.3, 0.5, 2.0  # limits for splitting into characters: shares; words per text


class Known(NamedTuple):
    """What a model knows about both sides: fields of models.Translator."""

    source: Lexicon
    target: Lexicon
    growth: float


@dataclass(frozen=True)
class PairData:
    """Sources and targets as ids.

    train, valid: the training and validation rows; an empty `valid` means no validation.
    held_out: the share of the pairs that was held out; 0 for none.
    """

    known: Known
    sides: Sides
    train: Numbers
    valid: Numbers
    fingerprint: str
    files: int
    held_out: float

    @property
    def targets(self) -> int:
        return int(self.sides.y.lengths[self.train].sum())

    @property
    def valid_targets(self) -> int | None:
        return int(self.sides.y.lengths[self.valid].sum()) or None

    @property
    def share(self) -> float:
        return 1.0


Loading = Generator[Notice | Reading, None, PairData]


def load_pairs(
    settings: Settings, resources: Resources, known: Known | None = None, init: Init | None = None
) -> Loading:
    """Return the pairs that the settings name. known: what a resumed model knows; None: determine it from the
    pairs. init: the model to begin from.

    Raises RnnError for files that hold no pairs, or none short enough to be learned.
    """
    form = Form("translate", settings.encoding, columns_of(settings.columns))
    with opened(settings) as files:
        yield Notice(f"reading {counted(files.number, 'file')} of pairs")
        base: Known | None = known or (init.known if init else None)
        if base:
            tokenizers = base.source.tokenizer, base.target.tokenizer
        else:
            tokenizers = _tokenizers(settings, form, files.sources)
            tokenizers = (init.lexicon.tokenizer if init else tokenizers[0], tokenizers[1])
        cutting = Cutting(*tokenizers, processes=resources.processes)
        pairs = read_pairs(files.sources, form, cutting)
        if known is None:
            yield from warnings(form, files, pairs)
        valid_pairs = read_pairs(files.valid, form, cutting, to_learn=False) if files.valid else None
    usual = min(DEFAULT_VALID_FRACTION, MOST_VALID / pairs.rows)
    share, (train, valid) = share_held_out(pairs, settings, usual), divided(pairs, settings, usual)
    if known:
        lexicons = known[:2]
    elif init:
        lexicons = yield from _lexicons_from(init, pairs, train, tokenizers[1], settings)
    else:
        lexicons = _lexicons(pairs, train, tokenizers, settings)
    sides, digest = _sides(pairs, *lexicons), _digest(pairs)
    if valid_pairs:
        beside = _sides(valid_pairs, *lexicons)
        valid = np.arange(pairs.rows, pairs.rows + valid_pairs.rows)
        sides = Sides(_appended(sides.x, beside.x), _appended(sides.y, beside.y))
        digest += _digest(valid_pairs)
    fits = sides.lengths <= LONGEST
    if not fits[train].any():
        raise RnnError(f"{corpus_name(settings)}: every pair is longer than {LONGEST} tokens: split them")
    if long := int((~fits).sum()):
        yield Notice(f"{counted(long, 'pair')} of more than {LONGEST} tokens left out", is_warning=True)
    train, valid = train[fits[train]], valid[fits[valid]]
    growth = known.growth if known else Sides(sides.x.take(train), sides.y.take(train)).growth
    growth = max(growth, base.growth) if base else growth
    fingerprint = hashlib.sha256(digest + train.tobytes() + valid.tobytes()).hexdigest()
    known = Known(*lexicons, growth)
    return PairData(known, sides, train, valid, fingerprint, len(files.sources), share)


def _tokenizers(settings: Settings, form: Form, sources: Sequence[Source]) -> tuple[Tokenizer, Tokenizer]:
    """Return the tokenizers of sources and targets: those of the settings, or else by the look of the first
    pairs."""
    pairs = [*islice((pair for source in sources for pair in form.pairs(source)), SAMPLE)]
    names = (
        settings.tokenizer or tokenizer_for([pair.text for pair in pairs]),
        settings.target_tokenizer or settings.tokenizer or tokenizer_for([pair.beside[0] for pair in pairs]),
    )
    source, target = (
        load_tokenizer(
            name, settings.normalize, settings.user_dict if name == DEFAULT_TOKENIZER else None, settings.unit
        )
        for name in names
    )
    return source, target


def tokenizer_for(texts: Sequence[str]) -> str:
    """Return the name of the tokenizer for texts that look like these.

    If there are few different space-separated tokens and they are whole words (phonemes, numbers), it is
    `space`; for Chinese, Japanese, digits, or about one word per text, `char`; else words.
    """
    spaced = [token for text in texts for token in text.split()]
    plain = sum(WORD.fullmatch(token) is not None for token in spaced)
    is_tokens = len(spaced) >= FEW_WORDS * len(texts) and len(set(spaced)) <= FEW_TYPES
    if is_tokens and plain >= PLAIN * len(spaced):
        return "space"
    characters = "".join(spaced)
    digits = sum(map(str.isdigit, characters))
    words = sum(len(WORD.findall(text)) for text in texts)
    if (
        digits >= DIGITS * len(characters)
        or len(HAN.findall(characters)) >= UNSPACED * len(characters)
        or words < FEW_WORDS * len(texts)
    ):
        return "char"
    return DEFAULT_TOKENIZER


def _lexicons(
    pairs: Pairs, train: Numbers, tokenizers: tuple[Tokenizer, Tokenizer], settings: Settings
) -> tuple[Lexicon, Lexicon]:
    """Return the lexicons of a new model, from the tokens of the training pairs."""
    assert pairs.targets is not None
    source, target = tokenizers
    return _lexicon(pairs.texts, train, source, settings), _lexicon(pairs.targets, train, target, settings)


def _lexicons_from(
    init: Init, pairs: Pairs, train: Numbers, target: Tokenizer, settings: Settings
) -> Generator[Notice, None, tuple[Lexicon, Lexicon]]:
    """Return the lexicons of a model that begins from another: for sources that model's, for targets too if
    it has them."""
    assert pairs.targets is not None
    source = yield from init.read_with(init.lexicon, token_counts(pairs.texts, train), settings)
    if init.known is None:
        return source, _lexicon(pairs.targets, train, target, settings)
    counts = token_counts(pairs.targets, train)
    return source, (yield from init.read_with(init.known.target, counts, settings))


def _lexicon(text: Text, train: Numbers, tokenizer: Tokenizer, settings: Settings) -> Lexicon:
    counts = token_counts(text, train)
    is_tiny = sum(counts.values()) < FEW_TOKENS
    min_count = settings.min_count or (1 if is_tiny else tokenizer.min_count)
    vocabulary = build(counts, min_count, settings.max_size or DEFAULT_MAX_SIZE)
    unknown = [token for token in counts if token not in vocabulary.ids]
    return Lexicon(tokenizer, vocabulary, Spelling.count(unknown or counts))


def _sides(pairs: Pairs, source: Lexicon, target: Lexicon) -> Sides:
    assert pairs.targets is not None
    y = in_vocabulary(pairs.targets, target.vocabulary, ends=True)
    return Sides(in_vocabulary(pairs.texts, source.vocabulary), y)


def _appended(a: Rows, b: Rows) -> Rows:
    return Rows.of(np.concatenate([a.ids, b.ids]), np.concatenate([a.lengths, b.lengths]))


def _digest(pairs: Pairs) -> bytes:
    """Return a hash of sources and targets, the same for the same texts."""
    assert pairs.targets is not None
    digest = hashlib.sha256(pairs.keys.tobytes())
    digest.update(np.ascontiguousarray(pairs.targets.corpus.ids).tobytes())
    digest.update("\0".join(pairs.targets.types).encode("utf-8", "surrogatepass"))
    return digest.digest()
