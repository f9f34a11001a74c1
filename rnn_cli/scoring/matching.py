"""Longest match: the simplest baseline for a model that finds words by tags.

Words are those of the training text. From left to right, the longest word that begins at a place is taken, or
a single token if no word begins there.
"""

from collections.abc import Iterable, Sequence

BEGIN, MIDDLE, END, SINGLE = "BMES"
LONGEST = 32  # tokens; longer words are ignored

Words = frozenset[tuple[str, ...]]


def learn_words(sentences: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Words:
    """Return the words in sentences. Each sentence is its tokens, and a tag B, M, E or S for each token."""
    words: set[tuple[str, ...]] = set()
    for tokens, tags in sentences:
        begin = 0
        for place, tag in enumerate(tags):
            if tag in (BEGIN, SINGLE):
                begin = place
            if tag in (END, SINGLE) and place - begin < LONGEST:
                words.add(tuple(tokens[begin : place + 1]))
    return frozenset(words)


def longest_match(tokens: Sequence[str], words: Words) -> list[str]:
    """Return a tag for each token of a sentence."""
    longest = max(map(len, words), default=1)
    tags: list[str] = []
    while (begin := len(tags)) < len(tokens):
        sizes = range(min(longest, len(tokens) - begin), 1, -1)
        size = next((n for n in sizes if tuple(tokens[begin : begin + n]) in words), 1)
        tags += [BEGIN, *[MIDDLE] * (size - 2), END] if size > 1 else [SINGLE]
    return tags
