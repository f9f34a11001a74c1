"""Files to pairs: lines with a tab, fastText's lines, CoNLL columns, and tables (CSV, JSON Lines).

Every error names the file, the line and a remedy.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from rnn_cli.errors import LONGEST_QUOTE, RnnError
from rnn_cli.printing import counted
from rnn_cli.text.columns import Line, is_table, numbered_lines, rows_with, suffix, text_in
from rnn_cli.text.pairs.kinds import KINDS, LABEL, LABELS, TAGS, Beside, Kind, is_column_name
from rnn_cli.text.reading import Source

LOOKED_AT = 1000  # lines of the first block, by which the form of a file is recognized
UD_COLUMNS = 10  # of CoNLL-U: ID FORM LEMMA UPOS …
DOCUMENT = "-DOCSTART-"  # the token of a CoNLL-2003 line that is not part of a sentence


class Raw(NamedTuple):
    """A pair as in its file: the cells, unchecked, and the line on which it begins."""

    line: int
    text: str
    cell: Any


class Pair(NamedTuple):
    """A text, which may contain line ends, and its labels, tags, number or target."""

    line: int
    text: str
    beside: Beside


@dataclass(frozen=True)
class Form:
    """How the files of a run become pairs.

    task: a row of KINDS.
    encoding: as for `Source.blocks`.
    columns: of tables; None: the names given by the kind. If columns are given, a .tsv has a header, too.
    several: whether each further column of a line is another target of the same text.
    is_scored: whether the pairs are scored or tested, not learned from: a target may be empty.
    """

    task: str
    encoding: str | None = None
    columns: tuple[str, str] | None = None
    several: bool = False
    is_scored: bool = False

    @property
    def kind(self) -> Kind:
        return KINDS[self.task]

    def name(self, source: Source) -> str:
        """Return the form of a file, a row of FORMS, by the file's name and its first lines."""
        named_table = is_table(source.name) and suffix(source.name) != ".tsv"
        if named_table or (self.columns and (source.is_copy or is_table(source.name))):
            return "table"
        head = _first_block(self._lines(source))
        if self.kind.holds == TAGS:
            return _tagged_form(text for _, text in head)
        if (
            self.kind.holds == LABELS
            and self.kind.text_at == 0
            and any(text.lstrip().startswith(LABEL) for _, text in head)
        ):
            return "fastText"
        return "tab"

    def pairs(self, source: Source) -> Iterator[Pair]:
        """Yield the pairs of a file. Raise RnnError for a line without a pair; blank lines are skipped."""
        for line, text, cell in FORMS[self.name(source)](self, source):
            try:
                beside = self.kind.scored(cell) if self.is_scored else self.kind.beside(cell)
            except ValueError as error:
                what = f"the {self.kind.columns[1 - self.kind.text_at]}: {error}"
                is_text = isinstance(cell, str)
                header = self.about_header(source, Pair(line, text, (cell,))) if is_text else ""
                raise self.bad(source, line, what, header) from error
            if self.kind.holds == TAGS and len(beside) != len(text.split()):
                both = f"{counted(len(text.split()), 'token')} and {counted(len(beside), 'tag')}"
                what = f"{both} (one each, with spaces between)"
                raise self.bad(source, line, what)
            if beside or self.kind.holds != TAGS:
                yield Pair(line, text, beside)

    def about_header(self, source: Source, pair: Pair) -> str:
        """Return the remedy for a pair that looks like column names; "" for any other."""
        is_one = pair.line == 1 and self.columns is None and all(map(is_column_name, pair.beside))
        return self.past_header(source, pair) if is_one else ""

    def past_header(self, source: Source, pair: Pair) -> str:
        """Return the remedy for a pair that consists of column names."""
        row = [pair.text.strip(), " ".join(pair.beside).strip()]
        names = row if self.kind.text_at == 0 else row[::-1]
        if suffix(source.name) == ".tsv" and not any(set(name) & set(", ") for name in names):
            return f"--columns {','.join(names)} reads it as one"
        return "tail -n +2 leaves it out"

    def bad(self, source: Source, line: int, what: str, header: str = "") -> RnnError:
        """Return the error for a line. It says what a line looks like, unless `what` does.

        header: the remedy if the line may hold column names.
        """
        what = what[:LONGEST_QUOTE]
        if header:
            return RnnError(f"{source.name}: line {line}: {what} (a header? {header})")
        if "(" in what or self.name(source) == "table":
            return RnnError(f"{source.name}: line {line}: {what}")
        return RnnError(f"{source.name}: line {line}: {what} (a line reads {self.kind.line})")

    def _lines(self, source: Source) -> Iterator[Line]:
        """Yield the lines of a file without their ends."""
        blocks = (text for text, _ in source.blocks(self.encoding, len))  # `len`: divide long lines anywhere
        return ((number, line[:-1]) for number, line in numbered_lines(blocks, source.name))

    def tab(self, source: Source) -> Iterator[Raw]:
        """Yield the pairs of lines with two cells and a tab between them."""
        is_first = True
        for number, line in self._lines(source):
            cells = line.split("\t")
            if len(cells) == 1 and not line.strip():
                continue
            if len(cells) == 1:
                raise self.bad(
                    source, number, self._without_tab(source.name, line) if is_first else "no tab in it"
                )
            if len(cells) > 2 and not self.several:
                way = "cut -f takes two"
                if is_first and suffix(source.name) == ".tsv":
                    way += ", or --columns where a header names them"
                what = f"{len(cells):,} columns where there are 2 (a line reads {self.kind.line}; {way})"
                raise self.bad(source, number, what)
            is_first = False
            at = self.kind.text_at
            for other in cells[1:]:
                pair = (cells[0], other)
                yield Raw(number, pair[at], pair[1 - at])

    def _without_tab(self, name: str, line: str) -> str:
        """Return what is wrong with a first line without a tab, and what the file may be instead."""
        table = "" if suffix(name) == ".tsv" else " a .csv file is read as a table;"
        if line.lstrip().startswith("{"):
            table = " a .jsonl file is read as JSON Lines;"
        return f"no tab in it (a line reads {self.kind.line};{table} plain text is for a language model)"

    def fasttext(self, source: Source) -> Iterator[Raw]:
        """Yield the pairs of lines with labels, each after __label__, and a text."""
        for number, line in self._lines(source):
            words = line.split()
            if not words:
                continue
            names = [*itertools.takewhile(lambda word: word.startswith(LABEL), words)]
            if not names:
                what = f"no label before the text (other lines have one: {LABEL}x text)"
                raise self.bad(source, number, what)
            yield Raw(number, " ".join(words[len(names) :]), " ".join(names))

    def table(self, source: Source) -> Iterator[Raw]:
        """Yield the pairs of a table with a header, or of JSON Lines."""
        columns = self.columns or self.kind.columns
        text_at, cell_at = columns[self.kind.text_at], columns[1 - self.kind.text_at]
        blocks = (text for text, _ in source.blocks(self.encoding, len))
        try:
            for row in rows_with(blocks, source.name, columns):
                if cell_at not in row.cells:
                    there = ", ".join(row.cells)[:LONGEST_QUOTE]
                    raise RnnError(
                        f"{source.name}: line {row.line}: has no column {cell_at} (it has {there})"
                    )
                text: Any = row.cells.get(text_at)
                if self.kind.holds == TAGS and isinstance(text, list):
                    text = " ".join(map(str, text))
                else:
                    text = text_in(row, text_at, source.name)
                yield Raw(row.line, text, row.cells.get(cell_at))
        except RnnError as error:
            if self.columns is None and "has no column" in str(error):
                raise RnnError(f"{error}: --columns names two") from error
            raise

    def conll(self, source: Source) -> Iterator[Raw]:
        """Yield the sentences of a file with one token a line, the token first and its tag last."""
        return self._sentences(source, lambda cells: (cells[0], cells[-1]))

    def conllu(self, source: Source) -> Iterator[Raw]:
        """Yield the sentences of CoNLL-U: FORM and UPOS. Ranges (1-2) and empty nodes (1.1) are skipped."""
        return self._sentences(source, lambda cells: (cells[1], cells[3]) if cells[0].isdigit() else None)

    def _sentences(
        self, source: Source, pick: Callable[[list[str]], tuple[str, str] | None]
    ) -> Iterator[Raw]:
        tokens: list[str] = []
        found: list[str] = []
        begin, width = 0, 0
        for number, line in itertools.chain(self._lines(source), [(0, "")]):
            if not line.strip():
                if tokens:
                    yield Raw(begin, " ".join(tokens), " ".join(found))
                tokens, found = [], []
                continue
            cells = _columns(line)
            if _is_comment(line, cells) or cells[0] == DOCUMENT:
                continue
            width = width or len(cells)
            if len(cells) != width or width < 2:
                what = f"{counted(len(cells), 'column')} where there are {max(width, 2)}"
                raise self.bad(source, number, f"{what} (a token first, its tag last)")
            if picked := pick(cells):
                token, tag = ("_".join(cell.split()) for cell in picked)
                if not token or not tag:
                    raise self.bad(source, number, "a token or a tag is empty")
                begin = begin if tokens else number
                tokens.append(token)
                found.append(tag)


FORMS: dict[str, Callable[[Form, Source], Iterator[Raw]]] = {
    "tab": Form.tab,
    "fastText": Form.fasttext,
    "table": Form.table,
    "CoNLL": Form.conll,
    "CoNLL-U": Form.conllu,
}


def _first_block(lines: Iterable[Line]) -> list[Line]:
    """Return the first lines that are not blank, up to a blank line or an error; reading the lines again will
    raise that error."""
    inked = itertools.dropwhile(lambda line: not line[1].strip(), lines)
    head: list[Line] = []
    with suppress(RnnError):
        head.extend(itertools.takewhile(lambda line: line[1].strip(), itertools.islice(inked, LOOKED_AT)))
    return head


def _tagged_form(head: Iterable[str]) -> str:
    """Return the form of tagged text by its first block. CoNLL has one token a line, so no line has exactly
    one tab with several words before it."""
    lines = [line for line in head if not _is_comment(line, _columns(line))]
    if lines and all(len(line.split("\t")) == UD_COLUMNS for line in lines):
        return "CoNLL-U"
    is_tab = any(len(cells := line.split("\t")) == 2 and len(cells[0].split()) > 1 for line in lines)
    return "tab" if is_tab or not lines else "CoNLL"


def _columns(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _is_comment(line: str, cells: list[str]) -> bool:
    """Return whether a line is a CoNLL-U comment. A line for the token # has only a tag after it."""
    return line.startswith("# ") and "\t" not in line and len(cells) != 2


def quoted(name: str) -> str:
    """Return a label in the form in which messages show it."""
    return json.dumps(name, ensure_ascii=False)[:LONGEST_QUOTE]
