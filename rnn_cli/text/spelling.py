"""A small character model, which charges for the spelling of unknown tokens.

A word model that predicts UNK has not said which token it was. Once -log p(spelling) is added, it has
predicted the whole text, as a character model does, so the two can be compared.

A token's characters are enclosed by two marks, one before and one after them. The mark is the empty string,
which is not a character, so any text can be spelled.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from rnn_cli.text.checks import is_count, is_text

MARK = ""
UNIFORM = 1 / (0x110000 + 1)  # over all code points and the mark


@dataclass(frozen=True)
class Spelling:
    """An interpolated bigram model of characters with Witten-Bell smoothing (Witten and Bell 1991; Chen and
    Goodman 1998)."""

    pairs: dict[str, dict[str, int]]  # {previous: {character: how often it followed}}, MARK at both ends

    @classmethod
    def count(cls, tokens: Iterable[str]) -> "Spelling":
        """Return the model of some tokens, each counted as often as it is given; of no tokens it is uniform.

        Raises ValueError for an empty token.
        """
        pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for token in tokens:
            for previous, character in _pairs(token):
                pairs[previous][character] += 1
        return cls({previous: dict(followers) for previous, followers in pairs.items()})

    def with_tokens(self, tokens: Iterable[str]) -> Self:
        """Return the model of the tokens that this one has counted and of some more.

        Raises ValueError for an empty token.
        """
        pairs = {previous: Counter(followers) for previous, followers in self.pairs.items()}
        for previous, followers in self.count(tokens).pairs.items():
            pairs.setdefault(previous, Counter()).update(followers)
        return type(self)({previous: dict(followers) for previous, followers in pairs.items()})

    def nats(self, token: str) -> float:
        """Return -log p(token), where p sums to 1 over all strings of one code point or more.

        Raises ValueError for an empty token.
        """
        return -sum(math.log(self.probability(character, previous)) for previous, character in _pairs(token))

    def probability(self, character: str, previous: str) -> float:
        """Return p(character | previous); both may be MARK. It sums to 1 over all code points and MARK."""
        if previous != MARK:
            return self._bigram(character, previous)
        if character == MARK:
            return 0.0  # no token is empty: the others share its probability
        return self._bigram(character, MARK) / (1 - self._bigram(MARK, MARK))

    def _bigram(self, character: str, previous: str) -> float:
        lower = _witten_bell(self.counts, self.total, character, UNIFORM)
        return _witten_bell(self.pairs.get(previous, {}), self.counts.get(previous, 0), character, lower)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each character, or MARK, was followed by another, which is how often it occurred."""
        return {previous: sum(followers.values()) for previous, followers in self.pairs.items()}

    @cached_property
    def total(self) -> int:
        return sum(self.counts.values())

    def to_json(self) -> dict[str, dict[str, int]]:
        """Return `pairs` unchanged, for `from_json`."""
        return self.pairs

    @classmethod
    def from_json(cls, value: object) -> "Spelling":
        """Return the model with these counts. Raise ValueError for counts that no tokens can have."""
        if not isinstance(value, dict) or not all(map(_is_character, value)):
            raise ValueError("not of the form {previous: {character: count}}")
        for previous, followers in value.items():
            if not isinstance(followers, dict):
                raise ValueError(f"what followed {previous!r}: not of the form {{character: count}}")
            if not all(is_count(count, least=1) for count in followers.values()):
                raise ValueError(f"what followed {previous!r}: a count is a whole number from 1")
        spelling = cls(value)
        reached: Counter[str] = Counter()
        for followers in spelling.pairs.values():
            reached.update(followers)
        if reached != spelling.counts or MARK in spelling.pairs.get(MARK, {}):
            raise ValueError("no tokens have these counts")  # a character is left as often as it is reached
        return spelling


def _pairs(token: str) -> Iterator[tuple[str, str]]:
    """Return (previous, character) for each character of a token and for the mark that ends it."""
    if not token:
        raise ValueError("an empty token has no spelling")
    return zip([MARK, *token], [*token, MARK], strict=True)


def _witten_bell(counts: dict[str, int], total: int, character: str, lower: float) -> float:
    """Return p(c | h) = (n(h c) + t(h) p(c)) / (n(h) + t(h)), where t(h) is the number of different
    characters that followed h. p(c), `lower`, is from the next lower order; it is the result if nothing
    followed h."""
    if not counts:
        return lower
    return (counts.get(character, 0) + len(counts) * lower) / (total + len(counts))


def _is_character(key: object) -> bool:
    """Return whether a key is one character, or the mark."""
    return is_text(key) and len(key) <= 1
