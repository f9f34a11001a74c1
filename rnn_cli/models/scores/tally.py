"""The costs of lines, added up from the chunks of a text."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.models.scores.chunks import Chunk
from rnn_cli.scoring.figures import Totals
from rnn_cli.text.vocabulary import UNK

COPIED = 1 << 16  # characters of a long line's text copied at a time

Nats = NDArray[np.float64]


class Scored(NamedTuple):
    """A chunk of a text, and -log p of each of its ids, (N,)."""

    chunk: Chunk
    nats: Nats


class Line(NamedTuple):
    """A line and what it costs, without its tokens. Its nats exclude spellings.

    parts: its text, in one piece unless it is very long; a paragraph has INNER for its line ends.
    decodes: whether its bytes decode.
    """

    number: int
    nats: float
    spelling_nats: float
    tokens: int
    unknown: int
    parts: Iterable[str]
    decodes: bool = True

    @property
    def all_nats(self) -> float:
        return self.nats + self.spelling_nats


class Sums(NamedTuple):
    """What a stretch of a text costs, and its counts."""

    nats: float = 0.0
    spelling_nats: float = 0.0
    tokens: int = 0
    unknown: int = 0
    characters: int = 0

    def plus(self, other: "Sums") -> "Sums":
        return Sums._make(a + b for a, b in zip(self, other, strict=True))

    def add_to(self, totals: Totals) -> None:
        for name, value in zip(self._fields, self, strict=True):
            setattr(totals, name, getattr(totals, name) + value)


@dataclass
class Tally:
    """Adds up what a text costs, chunk by chunk, and yields its lines.

    keeps_texts: whether lines come with their texts, however long they are.
    undecoded: the number of lines that do not decode, and are not in the totals. first_undecoded: the line
    number of the first.
    """

    keeps_texts: bool = True
    totals: Totals = field(default_factory=Totals)
    undecoded: int = 0
    first_undecoded: int | None = None
    _open: "OpenLine" = field(default_factory=lambda: OpenLine())

    def add(self, scored: Scored) -> Iterator[Line]:
        """Add a chunk; yield the lines that end in it.

        Each line is added up when it is taken from the iterator; the parts of its text can be read until the
        next one is taken.
        """
        chunk = scored.chunk
        last = len(chunk.characters) - 1
        for k, sums in enumerate(_of_stretches(scored)):
            text = chunk.texts[k] if chunk.texts else ""
            decodes = k not in chunk.undecoded
            parts: Iterable[str] = [text]
            if (k == 0 and chunk.continued) or (k == last and not chunk.ended):
                self._open.add(sums, text if self.keeps_texts else "", decodes)
                if k == last and not chunk.ended:
                    return
                sums, parts, decodes = self._open.sums, self._open.text(), self._open.decodes
            if not decodes:
                self.undecoded += 1
                self.first_undecoded = self.first_undecoded or chunk.first + k
                sums = Sums()
            elif not chunk.skipped[k]:
                self.totals.lines += 1
                sums.add_to(self.totals)
            yield Line(chunk.first + k, *sums[:4], parts, decodes)
            if k == 0 and chunk.continued:
                self.close()

    def close(self) -> None:
        """Discard the line that has not ended."""
        self._open.close()
        self._open = OpenLine()

    def add_all(self, scored: Scored) -> None:
        """Add a chunk without using its lines."""
        chunk, nats = scored
        if chunk.undecoded or chunk.continued or not chunk.ended:
            for _ in self.add(Scored(replace(chunk, texts=None), nats)):
                pass
            return
        counted = ~chunk.skipped
        unknown, characters = (chunk.ids == UNK).sum(), chunk.characters[counted].sum()
        self.totals.lines += int(counted.sum())
        Sums(float(nats.sum()), float(chunk.spelling.sum()), len(nats), int(unknown), int(characters)).add_to(
            self.totals
        )


def _of_stretches(scored: Scored) -> Iterator[Sums]:
    chunk, nats = scored
    ones, unknown = np.ones(len(nats), np.int64), (chunk.ids == UNK).astype(np.int64)
    columns = [chunk.sums(values) for values in (nats, chunk.spelling, ones, unknown)]
    return map(Sums, *(column.tolist() for column in (*columns, chunk.characters)))


class OpenLine:
    """A line too long to be held, as far as it has been read. Its text is kept in a temporary file, since its
    cost is known only at its end but is printed first."""

    def __init__(self) -> None:
        self.sums, self.decodes = Sums(), True
        self._file: IO[str] | None = None

    def add(self, sums: Sums, text: str, decodes: bool) -> None:
        """Add a stretch. Raises RnnError if its text cannot be stored."""
        self.sums, self.decodes = self.sums.plus(sums), self.decodes and decodes
        try:
            if text and self._file is None:
                self._file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
            if text and self._file:
                self._file.write(text)
        except OSError as error:
            what = "a long line cannot be kept there until its nats are known (TMPDIR names another folder)"
            raise RnnError(f"{tempfile.gettempdir()}: {error.strerror or error}: {what}") from error

    def text(self) -> Iterator[str]:
        """Yield the text in parts; works only once."""
        if self._file is not None:
            self._file.seek(0)
            while text := self._file.read(COPIED):
                yield text

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
