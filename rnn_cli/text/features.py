"""Hashed features of texts and words: n-grams of words and of characters, affixes of words, and pairs of
neighbouring words.

A feature is identified only by its hash, which assigns it a bucket; two features may share a bucket
(Weinberger et al. 2009; fastText's buckets, Bojanowski et al. 2017, Joulin et al. 2017). The hash is the same
on every machine. With code points c_1 … c_k and whole numbers modulo 2^64,

    H(c_1 … c_k) = Σ_i (c_i + 1) P^(k-i)      the hash of any n-gram of a text is a difference of the text's
                                              running hashes (Karp and Rabin 1987)
    mix(h): h ^ (h >> 30), times A; that ^ itself >> 27, times B; that ^ itself >> 31
                                              the last steps of SplitMix64 (Steele et al. 2014)
    bucket = ((mix(H + salt) >> 32) times the number of buckets) >> 32

where the salt distinguishes the kinds and lengths of features. All texts of a block are hashed together.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.checks import is_count
from rnn_cli.text.rows import Rows, places

P = 0x9E3779B97F4A7C15  # odd
A, B = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
WORDS, CHARACTERS, PREFIXES, SUFFIXES, SHAPES, BEFORE, AFTER = range(7)  # kinds of features, in salts
LONGEST = 64  # words or characters: longer n-grams make no sense
MOST_BUCKETS = 1 << 26
BLOCK = 1 << 18  # characters that are hashed together
EDGE = ord(" ")  # put before and after a text for n-grams of characters

Hashes = NDArray[np.uint64]
Codes = NDArray[np.uint64]


@dataclass(frozen=True)
class Grams:
    """Which n-grams of a text are features.

    words: the longest n-gram of words; 0: none. Words are separated by white space.
    least, most: the shortest and the longest n-gram of characters; most = 0: none. The text is hashed with a
        space at each end, so that n-grams show where it begins and ends.
    buckets: the number of buckets.
    lower: whether the text is converted to lower case first.
    """

    words: int = 2
    least: int = 1
    most: int = 4
    buckets: int = 1 << 17
    lower: bool = True

    def __post_init__(self) -> None:
        _check(self.buckets, self.words, self.most, self.lower)
        if not is_count(self.least, 1) or not (self.words or self.most):
            raise ValueError("n-grams need a length")

    def to_json(self) -> dict[str, Any]:
        """Return the entry for a model's header."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: object) -> "Grams":
        """Return the settings in a header's entry. Raise ValueError for any other value."""
        return cls(**_entry(cls, entry))

    def rows(self, texts: Sequence[str]) -> Rows:
        """Return the buckets of the features of each text, one row a text. A blank text has none."""
        found: list[NDArray[np.integer[Any]]] = []
        lengths: list[NDArray[np.int64]] = []
        first = size = 0
        for place, text in enumerate(texts, 1):
            size += len(text)
            if size >= BLOCK or place == len(texts):
                block = self._block(texts[first:place])
                found.append(block.ids)
                lengths.append(block.lengths)
                first, size = place, 0
        if not found:
            return Rows.of(np.empty(0, np.int32), np.empty(0, np.int64))
        return Rows.of(np.concatenate(found), np.concatenate(lengths))

    def _block(self, texts: Sequence[str]) -> Rows:
        stripped = [" ".join(text.lower().split() if self.lower else text.split()) for text in texts]
        codes, starts = _code_points([f" {text} " if text else "" for text in stripped])
        owner = np.repeat(np.arange(len(texts)), np.diff(starts))  # (characters,) the text of each
        running = Running(codes)
        hashes: list[Hashes] = []
        owners: list[NDArray[np.int64]] = []
        if self.words:
            edges = np.flatnonzero(codes == EDGE)
            is_word = owner[edges[1:]] == owner[edges[:-1]]
            before, after = edges[:-1][is_word], edges[1:][is_word]  # the spaces around each word
            for n in range(1, self.words + 1):
                a, b = before[: len(before) - n + 1], after[n - 1 :]
                if not len(b):
                    break
                same = owner[a] == owner[b]
                a, b = a[same], b[same]
                hashes.append(_mixed(running.between(a + 1, b), WORDS, n))
                owners.append(owner[a])
        for n in range(self.least, self.most + 1):
            a = np.flatnonzero(owner[: max(0, len(codes) - n + 1)] == owner[n - 1 :])
            if n == 1:
                a = a[codes[a] != EDGE]
            hashes.append(_mixed(running.between(a, a + n), CHARACTERS, n))
            owners.append(owner[a])
        return _by_owner(hashes, owners, len(texts), self.buckets)


@dataclass(frozen=True)
class Affixes:
    """Which features a single word has: prefixes, suffixes, the word itself, and its shape.

    most: the longest prefix and suffix. The shape has A for capitals, a for other letters, 0 for digits and
        every other character unchanged, each run shortened to one character (McCallum's and CRFsuite's word
        shape).
    buckets: the number of buckets.
    pairs: whether a word in a text has two more: its pair with the word before, and with the word after.
    """

    most: int = 4
    buckets: int = 1 << 15
    pairs: bool = False

    def __post_init__(self) -> None:
        _check(self.buckets, self.most, self.pairs)

    @property
    def count(self) -> int:
        """The most features that a word has."""
        return 2 * self.most + 2 + 2 * self.pairs

    def to_json(self) -> dict[str, Any]:
        """Return the entry for a model's header."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: object) -> "Affixes":
        """Return the settings in a header's entry. Raise ValueError for any other value."""
        return cls(**_entry(cls, entry))

    def rows(self, words: Sequence[str]) -> Rows:
        """Return the buckets of the features of each word, one row a word: its affixes of 1, 2, … characters
        and the word itself, all in lower case, and its shape. The row of an empty word is empty."""
        codes, starts = _code_points([word.lower() for word in words])
        running, lengths = Running(codes), np.diff(starts)
        hashes: list[Hashes] = []
        whose: list[NDArray[np.int64]] = []
        for n in range(1, self.most + 1):
            long = np.flatnonzero(lengths >= n)
            first, end = starts[long], starts[long + 1]
            hashes += [
                _mixed(running.between(first, first + n), PREFIXES, n),
                _mixed(running.between(end - n, end), SUFFIXES, n),
            ]
            whose += [long, long]
        inked = np.flatnonzero(lengths)
        shapes, of_shapes = _code_points([shape(word) for word in words])
        hashes += [
            _mixed(running.between(starts[inked], starts[inked + 1]), WORDS, 1),
            _mixed(Running(shapes).between(of_shapes[inked], of_shapes[inked + 1]), SHAPES, 1),
        ]
        whose += [inked, inked]
        return _by_owner(hashes, whose, len(words), self.buckets)

    def beside(self, words: Sequence[str], numbers: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Return the buckets of pairs, (N, 2): of each word with the one before it, and with the one after.

        words: the different words, in any order. numbers: (N + 2,) the places in `words` of the words of a
        text, with one word before it and one after it.
        """
        codes, starts = _code_points(words)
        of_words = Running(codes).between(starts[:-1], starts[1:])[numbers]  # (N + 2,)
        before, word, after = of_words[:-2], of_words[1:-1], of_words[2:]
        pairs = [
            _mixed(before * np.uint64(A) + word, BEFORE, 2),
            _mixed(word * np.uint64(A) + after, AFTER, 2),
        ]
        return np.stack([_buckets(pair, self.buckets) for pair in pairs], axis=1)


def shape(word: str) -> str:
    """Return the shape of a word: Mc'Donald's3 is Aa'Aa'a0."""
    drawn = ["A" if c.isupper() else "a" if c.isalpha() else "0" if c.isnumeric() else c for c in word]
    return "".join(c for place, c in enumerate(drawn) if not place or c != drawn[place - 1])


class Running:
    """Running hashes of characters, which give the hash between any two places:
    H(c_a … c_(b-1)) = R_b - R_a P^(b-a), R_b = Σ_(i<b) (c_i + 1) P^(b-1-i)."""

    def __init__(self, codes: Codes):
        # R_b = P^b S_b, S_b = Σ_(i<b) (c_i + 1) P^-(i+1): a running sum, as P is odd and so has an inverse
        count = len(codes) + 1
        self.powers = _powers(P, count)
        shares = (codes + np.uint64(1)) * _powers(pow(P, -1, 1 << 64), count)[1:]
        self.sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(shares, dtype=np.uint64)])

    def between(self, first: NDArray[np.int64], end: NDArray[np.int64]) -> Hashes:
        """Return the hash of the characters from each `first` to its `end`."""
        return (self.sums[end] - self.sums[first]) * self.powers[end]


def _powers(base: int, count: int) -> Hashes:
    """Return base^0, base^1, … modulo 2^64, (count,)."""
    factors = np.full(count, base, np.uint64)
    factors[:1] = 1
    return np.multiply.accumulate(factors)


def _mixed(hashes: Hashes, kind: int, length: int) -> Hashes:
    """Return hashes mixed so that all bits depend on each other, differently for each kind and length."""
    h = hashes + np.uint64((kind * (LONGEST + 1) + length + 1) * A % 2**64)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(A)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(B)
    return h ^ (h >> np.uint64(31))


def _by_owner(
    hashes: Sequence[Hashes], owners: Sequence[NDArray[np.int64]], count: int, buckets: int
) -> Rows:
    """Return the buckets of all hashes, one row for each of `count` owners. Owners rise within each array."""
    counts = [np.bincount(of_each, minlength=count) for of_each in owners]
    lengths = sum(counts, np.zeros(count, np.int64))
    place = np.cumsum(lengths) - lengths  # where the next bucket of each owner goes
    ids = np.empty(int(lengths.sum()), np.int32)
    for found, many in zip(hashes, counts, strict=True):
        ids[places(place, many)] = _buckets(found, buckets)
        place += many
    return Rows.of(ids, lengths)


def _buckets(hashes: Hashes, buckets: int) -> NDArray[np.int32]:
    """Return the bucket of each hash."""
    return (((hashes >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32)).astype(np.int32)


def _code_points(texts: Sequence[str]) -> tuple[Codes, NDArray[np.int64]]:
    """Return the code points of all texts, and where each begins, (texts + 1,)."""
    content = "".join(texts).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return np.frombuffer(content, "<u4").astype(np.uint64), starts


def _check(buckets: object, *others: object) -> None:
    if not (is_count(buckets, 1) and buckets <= MOST_BUCKETS):
        raise ValueError(f"{buckets!r} buckets (from 1 to {MOST_BUCKETS})")
    for value in others:
        if not isinstance(value, bool) and not (is_count(value) and value <= LONGEST):
            raise ValueError(f"a length of {value!r} (from 0 to {LONGEST})")


def _entry(cls: type[Grams | Affixes], entry: object) -> dict[str, Any]:
    fields = cls.__dataclass_fields__
    if not isinstance(entry, dict) or entry.keys() != fields.keys():
        raise ValueError(f"the features are not {', '.join(fields)}")
    for name, field in fields.items():
        if type(entry[name]) is not type(field.default):
            raise ValueError(f"{name} is {entry[name]!r}")
    return entry
