"""How a text is split into tokens, and the task of doing so."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Self
from unicodedata import unidata_version

from rnn_cli.errors import RnnError
from rnn_cli.text.columns import column_text, is_table, suffix
from rnn_cli.text.parting import cuttable
from rnn_cli.text.reading import Shape, Source, Stamp
from rnn_cli.text.shares import after_line_end, is_partable, share_of
from rnn_cli.text.tokenizers import Tokenizer
from rnn_cli.text.units import PARAGRAPH, paragraphs

FORMAT = "rnn text 2"  # of cache entries


class Splitting(NamedTuple):
    """How a text is split into tokens.

    keep_blank: whether a line of white space only is a line, or is skipped.
    column: the column of a table to read; None reads tables as plain text.
    """

    tokenizer: Tokenizer
    encoding: str | None
    keep_blank: bool
    column: str | None = None

    def table(self, source: Source) -> str | None:
        """Return the name by which a source is read as a table, or None. A source without a name counts as a
        table."""
        is_one = self.column is not None and (source.is_copy or is_table(source.name))
        return source.name if is_one else None

    def shape(self, source: Source) -> Shape:
        """Return the function that extracts the text from a source's characters."""
        if self.column is not None and (name := self.table(source)):
            return partial(column_text, name=name, column=self.column, unit=self.tokenizer.unit)
        return paragraphs if self.tokenizer.unit == PARAGRAPH else iter


@dataclass
class Task:
    """A text to be read: its files, as they were when the work began.

    limit: bytes after which the rest is left out; None reads all.
    """

    sources: Sequence[Source]
    stamps: Sequence[Stamp]
    splitting: Splitting
    limit: int | None
    done: int = 0  # bytes read so far

    @property
    def name(self) -> str:
        """The name of the text for messages."""
        return ", ".join(source.name for source in self.sources)

    @property
    def about(self) -> dict[str, Any]:
        """The origin of a stored text, for its header."""
        names = [source.name for source in self.sources]
        return {"text": names, "bytes": self.size, "tokenizer": self.splitting.tokenizer.name}

    @property
    def size(self) -> int:
        """The bytes of its files, or of its parts of them."""
        return sum(source.size(stamp) for source, stamp in zip(self.sources, self.stamps, strict=True))

    @property
    def bytes_to_read(self) -> int:
        return min(self.size, self.limit or self.size)

    def blocks(self) -> Iterator[str]:
        """Yield the texts one after another, up to their end or the limit, counting bytes in `done`."""
        part = partial(cuttable, self.splitting.tokenizer)
        self.done = 0
        for source in self.sources:
            before = self.done
            for text, read in source.blocks(self.splitting.encoding, part, self.splitting.shape(source)):
                self.done = before + read
                yield text
                if self.limit is not None and self.done >= self.limit:
                    if not text.endswith("\n"):
                        yield "\n"
                    return

    def key(self, memory: Path | None = None) -> str:
        """Return a hash of the files' content and of everything that decides how they are split.

        memory: a folder that remembers the hashes of large files.
        """
        tokenizer, encoding, keep_blank, column = self.splitting
        rest: list[object] = [encoding, keep_blank]
        if column is not None:
            rest += [column, [name and suffix(name) for name in map(self.splitting.table, self.sources)]]
        decisive = [
            FORMAT,
            version("jieba"),
            unidata_version,
            tokenizer.name,
            dict(tokenizer.settings),
            *rest,
        ]
        content = [source.sha256(memory) for source in self.sources]
        return hashlib.sha256(json.dumps([*decisive, *content]).encode()).hexdigest()

    def share(self, rank: int, count: int) -> Self:
        """Return the task of one of `count` processes, each of which reads a share of the text."""
        own = share_of([stamp.size for stamp in self.stamps], rank, count, self._place)
        sources = [self.sources[number].stretch(begin, end) for number, begin, end in own]
        return replace(self, sources=sources, stamps=[self.stamps[number] for number, _, _ in own])

    def _place(self, number: int, place: int) -> int:
        """Return where a file can be divided, at or after a place: after a line end. Tables, and texts whose
        units are paragraphs, are not divided."""
        source, size = self.sources[number], self.stamps[number].size
        try:
            if self.splitting.shape(source) is iter and is_partable(source.path, self.splitting.encoding):
                return after_line_end(source.path, place)
        except OSError as error:
            raise RnnError(f"{source.name}: {error.strerror or error}") from error
        return 0 if place < size / 2 else size

    def refuse_changed_files(self) -> None:
        """Raise RnnError for a file that has changed since it was stamped."""
        for source, stamp in zip(self.sources, self.stamps, strict=True):
            if source.stamp() != stamp:
                raise RnnError(f"{source.name}: changed while it was read: try again")
