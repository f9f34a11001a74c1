"""What a spelling costs: a small model of characters that charges an unknown token for its own.

A word model that reads a token as UNK has not yet said which token it was. With -log p(spelling) added,
it has told the whole text, as a character model does, and the two can be judged on the same.

The characters of a token stand between two marks: the first opens it, the second ends it. The mark
is the empty string, which is no character, so that any text can be spelled.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

MARK = ""
UNIFORM = 1 / (0x110000 + 1)  # over all code points and the mark
MOST = 1 << 53  # up to here a float holds every count


@dataclass(frozen=True)
class Spelling:
    """An interpolated bigram of characters, smoothed after Witten and Bell (1991; Chen and Goodman 1998)."""

    pairs: dict[str, dict[str, int]]  # {previous: {character: how often it followed}}, MARK on either side

    @classmethod
    def count(cls, tokens: Iterable[str]) -> "Spelling":
        """The model of some tokens, each as often as it is given; of none, it is uniform.

        Raises ValueError for an empty token.
        """
        pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for token in tokens:
            for previous, character in _pairs(token):
                pairs[previous][character] += 1
        return cls({previous: dict(followers) for previous, followers in pairs.items()})

    def nats(self, token: str) -> float:
        """-log p(token), where p sums to 1 over all strings of one code point or more.

        Raises ValueError for an empty token.
        """
        return -sum(math.log(self.probability(character, previous)) for previous, character in _pairs(token))

    def probability(self, character: str, previous: str) -> float:
        """p(character | previous), MARK on either side: it sums to 1 over all code points and MARK."""
        if previous != MARK:
            return self._bigram(character, previous)
        if character == MARK:
            return 0.0  # no token is empty: its share goes to the others
        return self._bigram(character, MARK) / (1 - self._bigram(MARK, MARK))

    def _bigram(self, character: str, previous: str) -> float:
        lower = _witten_bell(self.counts, self.total, character, UNIFORM)
        return _witten_bell(self.pairs.get(previous, {}), self.counts.get(previous, 0), character, lower)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each character, and MARK, was followed: as often as it stood in the spellings."""
        return {previous: sum(followers.values()) for previous, followers in self.pairs.items()}

    @cached_property
    def total(self) -> int:
        return sum(self.counts.values())

    def to_json(self) -> dict[str, dict[str, int]]:
        """What `from_json` reads: `pairs` as they are."""
        return self.pairs

    @classmethod
    def from_json(cls, value: object) -> "Spelling":
        """Raises ValueError for anything that is not the counts of some tokens."""
        if not isinstance(value, dict) or not all(map(_is_character, value)):
            raise ValueError("not of the form {previous: {character: count}}")
        for previous, followers in value.items():
            if not isinstance(followers, dict):
                raise ValueError(f"what followed {previous!r}: not of the form {{character: count}}")
            if not all(type(count) is int and 1 <= count < MOST for count in followers.values()):
                raise ValueError(f"what followed {previous!r}: a count is a whole number from 1")
        spelling = cls(value)
        reached: Counter[str] = Counter()
        for followers in spelling.pairs.values():
            reached.update(followers)
        if reached != spelling.counts or MARK in spelling.pairs.get(MARK, {}):
            raise ValueError(
                "no tokens have these counts"
            )  # they leave each character as often as they reach it
        return spelling


def _pairs(token: str) -> Iterator[tuple[str, str]]:
    """Each character of a token, and the mark that ends it, after what stands before it."""
    if not token:
        raise ValueError("an empty token has no spelling")
    return zip([MARK, *token], [*token, MARK], strict=True)


def _witten_bell(counts: dict[str, int], total: int, character: str, lower: float) -> float:
    """p(c | h) = (n(h c) + t(h) p(c)) / (n(h) + t(h)), where t(h) is how many different ones followed h;
    p(c), from the order below, where nothing did."""
    if not counts:
        return lower
    return (counts.get(character, 0) + len(counts) * lower) / (total + len(counts))


def _is_character(key: object) -> bool:
    """Or the mark. Half of a surrogate pair is no text."""
    return isinstance(key, str) and len(key) <= 1 and not "\ud800" <= key <= "\udfff"
