"""Merging the parts of a text, each cut into ids by its own process, into one text.

Each part numbers its tokens by first occurrence. The numbering of the whole text takes the tokens of the
first part, then the new ones of the second, and so on, which is the numbering that a single process would
give. A hash that is the same in all processes assigns each token to one of them, its owner. The owner adds up
the token's counts, and knows which part has it first.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np

from rnn_cli.text.store.corpus import Text
from rnn_cli.text.store.cutting import Ids
from rnn_cli.text.store.mapping import release
from rnn_cli.text.store.numbering import NARROW, NUMBERS, WIDE, Numbers
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK

BLOCK = 1 << 22  # entries of an array that go to the other processes at once

Exchange = Callable[
    [Sequence[Any]], Sequence[Any]
]  # sends entry k to process k; returns what each process has sent to this one


class Merged(NamedTuple):
    """The data of a whole text that its parts lack.

    types, counts, characters, longest: as in `Text`. dtype: of its ids.
    table: (own ids of this process's part,) the id of each in the whole text. before: the number of targets
    in the parts before it. sizes: of the arrays of each part, in the order of folder.ARRAYS.
    """

    types: tuple[str, ...]
    counts: Numbers
    characters: int
    longest: int
    dtype: np.dtype[Any]
    table: Ids
    before: int
    sizes: list[tuple[int, int, int]]

    @classmethod
    def of(cls, part: Text, rank: int, size: int, exchange: Exchange) -> Self:
        """Merge the parts of the `size` processes, each of which calls this with its own part.

        part: part number `rank` of the text.
        """
        new, totals = _new(part, size, exchange)
        corpus, specials = part.corpus, part.counts[:SPECIAL]
        sizes = len(corpus.ids), corpus.lines, corpus.lines
        own = tuple(part.types[k] for k in new), totals, specials, part.characters, part.longest, sizes
        of_all = exchange([own] * size)
        types, counts, of_specials, characters, longest, of_parts = zip(*of_all, strict=True)
        whole = tuple(chain.from_iterable(types))
        dtype = NARROW if SPECIAL + len(whole) <= np.iinfo(NARROW).max else WIDE
        index = dict(zip(whole, range(SPECIAL, SPECIAL + len(whole)), strict=True))
        table: Ids = np.array([START, END, UNK, *map(index.__getitem__, part.types)]).astype(dtype)
        before = sum(targets for targets, _, _ in of_parts[:rank])
        all_counts = np.concatenate([sum(of_specials), *counts])
        return cls(whole, all_counts, sum(characters), max(longest), dtype, table, before, [*of_parts])

    def arrays(self, part: Text) -> tuple[Iterator[Any], Iterator[Any], Iterator[Any]]:
        """Return the arrays of this process's part as in the whole text, each in blocks."""
        ids, starts, characters = part.corpus.ids, part.corpus.starts[1:], part.corpus.characters
        return (
            (self.table.take(block.astype(np.intp)) for block in _blocks(ids)),
            ((block + self.before).astype(NUMBERS) for block in _blocks(starts)),
            (block.astype(NUMBERS) for block in _blocks(characters)),
        )


def owner(token: str, size: int) -> int:
    """Return which of `size` processes adds up the counts of a token."""
    return zlib.crc32(token.encode("utf-8", "surrogatepass")) % size


def _new(part: Text, size: int, exchange: Exchange) -> tuple[list[int], Numbers]:
    """Return which of the part's types occur in no earlier part, and how often each of these occurs in the
    whole text."""
    owners = np.array([owner(token, size) for token in part.types], np.intp)
    places = [np.flatnonzero(owners == k) for k in range(size)]
    counts = part.counts[SPECIAL:]
    told = exchange([([part.types[k] for k in of_owner], counts[of_owner]) for of_owner in places])
    totals = np.zeros(len(part.types), np.int64)
    for of_owner, answer in zip(places, exchange(_answers(told)), strict=True):
        totals[of_owner] = answer
    new = np.flatnonzero(totals)
    return new.tolist(), totals[new]


def _answers(told: Sequence[tuple[list[str], Numbers]]) -> list[Numbers]:
    """Return an owner's answers about the tokens that each part has sent: the total count of a token to the
    first part that has it, 0 to the others."""
    total: dict[str, int] = {}
    first: list[Numbers] = []
    for tokens, counts in told:
        first.append(np.array([token not in total for token in tokens], bool))
        for token, count in zip(tokens, counts.tolist(), strict=True):
            total[token] = total.get(token, 0) + count
    return [
        np.array([total[token] for token in tokens], np.int64) * is_first
        for (tokens, _), is_first in zip(told, first, strict=True)
    ]


def _blocks(array: Any) -> Iterator[Any]:
    for begin in range(0, len(array), BLOCK):
        yield array[begin : begin + BLOCK]
        release(array)
