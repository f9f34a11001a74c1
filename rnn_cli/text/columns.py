"""Columns of a table as text: CSV, TSV and JSON Lines, read with the standard library.

A cell is text like any other: it may contain line ends, and if units are paragraphs, it is one paragraph,
even with blank lines in it. An empty cell is a blank line. Nothing is guessed: a row that does not match the
header is an error that names its line.
"""

import csv
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rnn_cli.errors import LONGEST_QUOTE, RnnError
from rnn_cli.printing import counted
from rnn_cli.text.checks import is_text
from rnn_cli.text.units import PARAGRAPH, paragraph

DELIMITERS = {".csv": ",;\t", ".tsv": "\t"}  # that with the most columns in the header is taken; "," first
DELIMITER_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
JSON_LINES = ".jsonl"
SUFFIXES = (*DELIMITERS, JSON_LINES)  # of tables' file names, in upper or lower case
LONGEST_ROW = 1 << 24  # characters that are held in memory at once
LOOKED_AT = 1000  # first rows of JSON Lines, one of which must have the column
BLOCK = 1 << 20  # characters of cells that are yielded together
SHOWN = 20  # the most columns that a message names

Line = tuple[int, str]  # the number of a line, from 1, and its text with the \n


class Row(NamedTuple):
    """A row of a table. line: the one on which the row begins."""

    line: int
    cells: dict[str, Any]


class Table(NamedTuple):
    """The columns in a table's header (None: it has no header, as in JSON Lines), and the rows."""

    header: list[str] | None
    rows: Iterator[Row]


def suffix(name: str) -> str:
    """Return the suffix of a file's name in lower case."""
    return os.path.splitext(name)[1].lower()


def is_table(name: str) -> bool:
    """Return whether a file is a table, by its name."""
    return suffix(name) in SUFFIXES


def columns(blocks: Iterable[str], name: str) -> list[str]:
    """Return the names of a table's columns, from its first rows. Blocks and name are as in `column_text`.
    Raises RnnError if it is not a table."""
    header, rows = _table(blocks, name)
    if header is not None:
        return header
    return [*dict.fromkeys(key for row in itertools.islice(rows, LOOKED_AT) for key in row.cells)]


def column_text(blocks: Iterable[str], name: str, column: str, unit: str) -> Iterator[str]:
    """Yield the cells of a column as text, in blocks of whole lines.

    blocks: of the table; they may end anywhere.
    name: of the file. Its suffix gives the kind of table; if it is not in SUFFIXES, the first character does.
    unit: PARAGRAPH makes each cell a paragraph in the form of `units.paragraphs`.

    Raises RnnError for a table without the column and, with the number of its line, for a bad row.
    """
    written: list[str] = []
    size = 0
    for cell in _cells(blocks, name, column):
        text = paragraph(cell) if unit == PARAGRAPH else cell
        written.append(text if text.endswith("\n") else f"{text}\n")
        size += len(written[-1])
        if size >= BLOCK:
            yield "".join(written)
            written, size = [], 0
    yield "".join(written)


def rows_with(blocks: Iterable[str], name: str, wanted: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a table that has the columns `wanted`; a row of JSON may lack any of them.

    Blocks and name are as in `column_text`. Raises RnnError as it does, but cells may hold anything.
    """
    header, rows = _table(blocks, name)
    for column in wanted:
        if header and column not in header:
            raise _unknown(name, column, header)
    seen: dict[str, None] = {}  # the columns in rows of JSON, until all wanted ones have occurred
    missing = set(wanted) if header is None else set()
    for count, row in enumerate(rows, 1):
        if missing:
            seen |= dict.fromkeys(row.cells)
            missing -= row.cells.keys()
            if missing and count == LOOKED_AT:
                break
        yield row
    if seen and missing:
        raise _unknown(name, min(missing, key=[*wanted].index), [*seen])


def text_in(row: Row, column: str, name: str) -> str:
    """Return the text of a row's cell, "" if it has none. Raise RnnError for a cell that is not text."""
    value = row.cells.get(column)
    if value is not None and not is_text(value):
        what = "half a surrogate pair" if isinstance(value, str) else f"{value!r}, which is no text"
        raise RnnError(f"{name}: line {row.line}: {_shown(column)} has {what}"[:LONGEST_QUOTE])
    return (value or "").replace("\r\n", "\n").replace("\r", "\n")


def _cells(blocks: Iterable[str], name: str, column: str) -> Iterator[str]:
    """Yield the texts of a column."""
    for row in rows_with(blocks, name, [column]):
        yield text_in(row, column, name)


def _unknown(name: str, column: str, there: list[str]) -> RnnError:
    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
    names = ", ".join(map(_shown, there[:SHOWN]))
    return RnnError(f"{name}: has no column {_shown(column)} (there are {names}{more})")


def _shown(column: str) -> str:
    """Return the name of a column in the form in which messages quote it."""
    is_plain = column.isprintable() and column == column.strip() != ""
    return (column if is_plain else json.dumps(column))[:LONGEST_QUOTE]


def _table(blocks: Iterable[str], name: str) -> Table:
    lines = numbered_lines(blocks, name)
    first = next((line for line in lines if line[1].strip()), (1, ""))
    kind = suffix(name)
    if kind not in SUFFIXES:
        kind = JSON_LINES if first[1].lstrip().startswith("{") else ".csv"
    lines = itertools.chain([first], lines)
    return Table(None, _json_rows(lines, name)) if kind == JSON_LINES else _csv(lines, name, kind)


def numbered_lines(blocks: Iterable[str], name: str) -> Iterator[Line]:
    """Yield the lines of a text that comes in blocks. Raise RnnError for a line longer than LONGEST_ROW."""
    begun, number = "", 1
    for block in blocks:
        first, *rest = block.split("\n")
        begun += first
        for line in rest:
            yield number, f"{begun}\n"
            begun, number = line, number + 1
        if len(begun) > LONGEST_ROW:
            what = f"longer than {LONGEST_ROW:,} characters, so not a row of a table"
            raise RnnError(f"{name}: line {number}: {what}")
    if begun:
        yield number, f"{begun}\n"


def _json_rows(lines: Iterable[Line], name: str) -> Iterator[Row]:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RnnError(f"{name}: line {number}: not JSON ({getattr(error, 'msg', error)})") from error
        if not isinstance(row, dict):
            raise RnnError(f'{name}: line {number}: not a JSON object (a row reads {{"column": "text", …}})')
        yield Row(number, row)


def _csv(lines: Iterator[Line], name: str, kind: str) -> Table:
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))  # global to the process; never lowered
    first = next(lines)
    widths = {each: len(next(csv.reader([first[1]], delimiter=each))) for each in DELIMITERS[kind]}
    delimiter = max(widths, key=widths.__getitem__)
    rows = _split(itertools.chain([first], lines), name, delimiter)
    _, header = next(rows, (1, []))
    names = [cell.strip() for cell in header]
    return Table(names, _csv_rows(rows, name, names, delimiter))


def _csv_rows(
    rows: Iterable[tuple[int, list[str]]], name: str, header: list[str], delimiter: str
) -> Iterator[Row]:
    for line, cells in rows:
        if len(cells) != len(header):
            what = f"{counted(len(cells), 'cell')} where the header has {len(header)}"
            sign = DELIMITER_NAMES[delimiter]
            raise RnnError(f"{name}: line {line}: {what} (a cell with {sign} in it needs quotes)")
        yield Row(line, dict(zip(header, cells, strict=True)))


def _split(lines: Iterable[Line], name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row begins, and its cells."""
    place = 0  # the line on which the current row began; 0 before it begins

    def texts() -> Iterator[str]:
        nonlocal place
        for number, line in lines:
            place = place or number
            yield line

    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    while True:
        place = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            what = f"the row that begins here is not CSV ({error})"
            raise RnnError(f"{name}: line {place}: {what}") from error
        if cells:
            yield place, cells
