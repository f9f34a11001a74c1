"""Reading a text in chunks of some hundred thousand tokens, as ids of a model, so that its size is not
limited.

A chunk consists of stretches. A stretch is a line or, if a line is too long to be held, a part of it. If a
model's units are paragraphs, these count as its lines, with INNER for the line ends inside them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.text.arriving import MARKS
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.parting import cuttable
from rnn_cli.text.store.cutting import Cut, cut_all
from rnn_cli.text.units import PARAGRAPH, as_line, paragraphs
from rnn_cli.text.vocabulary import END, START, UNK

CHUNK = 1 << 17  # tokens in a chunk, or characters in a piece of text, roughly
LONGEST = 1 << 18  # characters of a line that is one stretch, at most
LONGEST_WORD = 1 << 23  # characters without a place to divide them, at most
SPELLED = 1 << 16  # spellings whose costs are cached

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How to read a text.

    carry_state: whether blank lines count as lines, for a model that carries its state from line to line.
    exact: whether to keep the stretches' texts, and blank or undecoded lines in their places.
    tokens: whether to keep the tokens too.
    in_units: whether each line is a unit of the model's, so that paragraphs need not be found.
    at_once: whether a chunk ends where the text received so far ends.
    processes: the most processes that split words.
    """

    carry_state: bool
    exact: bool = True
    tokens: bool = False
    in_units: bool = False
    at_once: bool = False
    processes: int = 1


@dataclass(frozen=True)
class Chunk:
    """S stretches of a text, with N targets in all.

    ids: (N,) in the model's vocabulary, END where a line ends.
    starts: (S + 1,) where each stretch begins in ids, and N. A skipped stretch has no ids.
    characters: (S,) of each stretch, a line end counted as one.
    spelling: (N,) the nats for spelling unknown tokens, 0 for others.
    skipped: (S,) whether a stretch is blank and does not count, or does not decode.
    first: the line number of the first stretch, from 1; skipped lines count if they are kept.
    continued: whether the first stretch continues a line of the chunk before. ended: whether the last stretch
    ends its line.
    undecoded: the stretches that do not decode.
    texts: (S,) of each stretch, without its line end. tokens: (N,) for each id, None for a literal <unk>.
    """

    ids: NDArray[np.int32]
    starts: Numbers
    characters: Numbers
    spelling: NDArray[np.float64]
    skipped: NDArray[np.bool_]
    first: int
    continued: bool
    ended: bool
    undecoded: frozenset[int] = frozenset()
    texts: list[str] | None = None
    tokens: NDArray[Any] | None = None

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sums of values (N,) over each stretch, (S,)."""
        whole = np.zeros(len(self.characters), values.dtype)
        filled = np.flatnonzero(self.starts[1:] > self.starts[:-1])
        if len(filled):
            whole[filled] = np.add.reduceat(values, self.starts[filled])
        return whole

    @property
    def before(self) -> int:
        """The number of ids that continue a line of the chunk before."""
        return int(self.starts[1]) if self.continued else 0

    @property
    def after(self) -> int:
        """The number of ids of the line that the next chunk continues; 0 if this chunk only continues it."""
        alone = self.continued and len(self.characters) == 1
        return 0 if self.ended or alone else int(self.starts[-1] - self.starts[-2])


class _Part(NamedTuple):
    """The stretches of one cut."""

    ids: NDArray[np.int32]
    lengths: Numbers  # of each stretch, in ids
    characters: Numbers
    spelling: NDArray[np.float64]
    skipped: NDArray[np.bool_]
    texts: list[str]
    tokens: NDArray[Any] | None
    undecoded: list[int]
    ended: bool


def read_chunks(lexicon: Lexicon, blocks: Iterable[str], reading: Reading) -> Iterator[Chunk]:
    """Yield the chunks of a text that comes in blocks, which may end anywhere.

    Raises RnnError for a word too long to be held, and if a process ends or fails.
    """
    parts: list[_Part] = []
    size, first, was_ended = 0, 1, True
    for part in _Parts(lexicon, reading).read(blocks):
        parts.append(part)
        size += max(len(part.ids), len(part.lengths))
        if size >= CHUNK or reading.at_once:
            chunk = _joined(parts, first, not was_ended)
            yield chunk
            first += len(chunk.characters) - (not chunk.ended)
            was_ended, parts, size = chunk.ended, [], 0
    if parts:
        yield _joined(parts, first, not was_ended)


def _joined(parts: list[_Part], first: int, continued: bool) -> Chunk:
    """Return a chunk made of parts. A line that extends over several parts becomes one stretch."""
    kept = [part.tokens for part in parts if part.tokens is not None]
    tokens = np.concatenate(kept) if kept else None
    lengths = np.concatenate([part.lengths for part in parts])
    characters = np.concatenate([part.characters for part in parts])
    skipped = np.concatenate([part.skipped for part in parts])
    texts = [text for part in parts for text in part.texts]
    ends = np.cumsum([len(part.lengths) for part in parts])
    undecoded = {
        int(end) - len(part.lengths) + k
        for part, end in zip(parts, ends, strict=True)
        for k in part.undecoded
    }
    open_ = [int(end) for part, end in zip(parts[:-1], ends[:-1], strict=True) if not part.ended]
    for place in reversed(open_):  # the stretch before it belongs to the same line
        lengths[place - 1] += lengths[place]
        characters[place - 1] += characters[place]
        skipped[place - 1] |= skipped[place]
        if texts:
            texts[place - 1 : place + 1] = [texts[place - 1] + texts[place]]
        if place in undecoded:
            undecoded.add(place - 1)
        undecoded = {k - (k >= place) for k in undecoded}
        lengths, characters, skipped = (np.delete(array, place) for array in (lengths, characters, skipped))
    return Chunk(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([[0], np.cumsum(lengths)]),
        characters,
        np.concatenate([part.spelling for part in parts]),
        skipped,
        first,
        continued,
        parts[-1].ended,
        frozenset(undecoded),
        texts or None,
        tokens,
    )


@dataclass
class _Parts:
    """Turns the blocks of a text into parts of chunks."""

    lexicon: Lexicon
    reading: Reading
    pending: deque[str] = field(default_factory=deque)  # text that is being split
    undecoded: dict[int, str] = field(default_factory=dict)  # lines that do not decode, by number
    line: int = 1  # the line number of the next stretch
    continued: bool = False

    def __post_init__(self) -> None:
        self._spell = lru_cache(SPELLED)(self.lexicon.spelling.nats)

    def read(self, blocks: Iterable[str]) -> Iterator[_Part]:
        reading, tokenizer = self.reading, self.lexicon.tokenizer
        if tokenizer.unit == PARAGRAPH and not reading.in_units:
            blocks = paragraphs(blocks)
        whole = divided(blocks, self._cuttable)
        if reading.exact:
            whole = self._kept(self._blanked(whole))
        keep_blank = reading.carry_state or reading.exact
        for cut in cut_all(tokenizer, whole, keep_blank, reading.processes):
            part = self._part(cut)
            if len(part.lengths):
                yield part

    def _cuttable(self, text: str) -> int:
        place = cuttable(self.lexicon.tokenizer, text)
        if not place and len(text) > LONGEST_WORD:
            raise RnnError(
                f"a word of more than {LONGEST_WORD:,} characters is too long: put white space into it, "
                "or score it with a character model"
            )
        return place

    def _blanked(self, blocks: Iterable[str]) -> Iterator[str]:
        """Yield blocks in which lines that do not decode are blank, and remember the content of those
        lines."""
        number = 1
        for block in blocks:
            if MARKS.search(block):
                lines = block.split("\n")
                for k, line in enumerate(lines):
                    if MARKS.search(line):
                        self.undecoded[number + k] = self.undecoded.get(number + k, "") + MARKS.sub(
                            "\ufffd", line
                        )
                        lines[k] = ""
                block = "\n".join(lines)
            number += block.count("\n")
            yield block

    def _kept(self, blocks: Iterable[str]) -> Iterator[str]:
        for block in blocks:
            self.pending.append(block)
            yield block

    def _texts(self, count: int) -> list[str]:
        """Return the next stretches, `count` characters in all."""
        found = []
        while count:
            block = self.pending.popleft()
            found.append(block[:count])
            if len(block) > count:
                self.pending.appendleft(block[count:])
            count -= len(found[-1])
        texts = "".join(found).split("\n")
        return texts if texts[-1] else texts[:-1]

    def _part(self, cut: Cut) -> _Part:
        lexicon, exact = self.lexicon, self.reading.exact
        table = np.array([START, END, UNK, *lexicon.vocabulary.encode(cut.types)], np.int32)
        own = cut.ids.astype(np.intp)
        ids = table[own]
        spelling = np.zeros(len(ids))
        if unknown := [k for k in np.flatnonzero(table == UNK).tolist() if k > UNK]:
            costs = np.zeros(len(table))
            occurring = np.bincount(own, minlength=len(table))
            for k in unknown:
                costs[k] = self._spell(cut.types[k - UNK - 1]) if occurring[k] else 0
            spelling = costs[own]
        tokens = None
        if self.reading.tokens:
            tokens = np.array([None, "\n", None, *cut.types], object)[own]
        ended = cut.lengths[-1] == 0
        characters = cut.lengths[:-1] if ended else cut.lengths
        ends = np.flatnonzero(cut.ids == END) + 1
        bounds = np.concatenate([[0], ends if ended else np.append(ends, len(ids))])
        lengths = np.diff(bounds)
        texts = self._texts(int(cut.lengths.sum())) if exact else []
        skipped, undecoded = self._skipped(texts, len(lengths), ended)
        if skipped.any():
            stays = np.repeat(~skipped, lengths)
            ids, spelling = ids[stays], spelling[stays]
            tokens = None if tokens is None else tokens[stays]
            lengths = np.where(skipped, 0, lengths)
        for k in undecoded:
            texts[k] = self.undecoded.pop(self.line + k) if ended or k < len(texts) - 1 else ""
        self.line += len(lengths) - (not ended)
        self.continued = not ended
        return _Part(ids, lengths, characters, spelling, skipped, texts, tokens, undecoded, bool(ended))

    def _skipped(self, texts: list[str], count: int, ended: bool) -> tuple[NDArray[np.bool_], list[int]]:
        """Return which stretches are skipped, (S,), and those that do not decode."""
        skipped = np.zeros(count, bool)
        if texts and not self.reading.carry_state:
            skipped[:] = [not text or text.isspace() for text in texts]
            skipped[0] &= not self.continued
            skipped[-1] &= bool(ended)
        undecoded = [k for k in range(count) if self.line + k in self.undecoded] if self.undecoded else []
        skipped[undecoded] = True
        return skipped, undecoded


def divided(blocks: Iterable[str], cuttable: Callable[[str], int]) -> Iterator[str]:
    """Yield a text that comes in blocks, which may end anywhere, in blocks of whole lines, each ended by \\n,
    and of parts of lines longer than LONGEST.

    cuttable: returns the last place at which a line with this beginning may be divided; 0 for none.
    """
    rest, is_begun, enough = "", False, LONGEST
    for block in blocks:
        for first in range(0, len(block), CHUNK):
            piece = block[first : first + CHUNK]
            if end := piece.rfind("\n") + 1:
                yield rest + piece[:end]
                rest, is_begun, enough = piece[end:], False, LONGEST
                continue
            rest += piece
            if len(rest) < enough:
                continue
            enough = 2 * len(rest)  # if no place is found, wait for more before searching again
            if place := cuttable(rest):
                yield rest[:place]
                rest, is_begun, enough = rest[place:], True, LONGEST
    if rest or is_begun:
        yield rest + "\n"


def of_units(lines: Iterable[str], unit: str) -> Iterator[str]:
    """Yield lines in blocks of about CHUNK characters, each line ended, and paragraphs as lines.

    Raises ValueError for a line end inside a line.
    """
    held: list[str] = []
    count = 0
    for line in lines:
        line = line.removesuffix("\n")
        if unit == PARAGRAPH:
            line = as_line(line)
        elif "\n" in line:
            raise ValueError("a line end inside a line: pass each line by itself (text.splitlines())")
        held.append(line)
        count += len(line) + 1
        if count >= CHUNK:
            yield "".join(f"{line}\n" for line in held)
            held, count = [], 0
    if held:
        yield "".join(f"{line}\n" for line in held)
