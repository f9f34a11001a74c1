"""A column of a table as text, checked against what the standard library wrote."""

import csv
import io
import json
import random

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.text import columns as module
from rnn_cli.text.columns import column_text, columns, is_table
from rnn_cli.text.units import LINE, PARAGRAPH

CELLS = [
    "plain",
    "a, b; c\td",
    'says "no"',
    "two\nlines",
    "\nblank\n\nlines\n",
    "",
    " ",
    "我们，看书。",
    "x\u2028y",
    "12",
]


def written(kind, rows, **dialect):
    """A table with the columns id and text, as the standard library writes it."""
    if kind == "jsonl":
        return "".join(f"{json.dumps({'id': id, 'text': text})}\n" for id, text in rows)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", **dialect).writerows([("id", "text"), *rows])
    return out.getvalue()


def in_blocks(table, size=7):
    return [table[k : k + size] for k in range(0, len(table), size)]


def read(table, name="t.csv", column="text", unit=LINE):
    return "".join(column_text(in_blocks(table), name, column, unit))


def refusal(*given, **options):
    with pytest.raises(RnnError) as raised:
        read(*given, **options)
    return str(raised.value)


KINDS = [
    ("csv", {}),
    ("csv", {"delimiter": ";"}),
    ("csv", {"delimiter": "\t"}),
    ("tsv", {"delimiter": "\t"}),
    ("jsonl", {}),
]


@pytest.mark.parametrize(("kind", "dialect"), KINDS)
@pytest.mark.seeds(short=20, long=2000)
def test_every_cell_comes_back_as_lines(kind, dialect, seed):
    rng = random.Random(seed)
    cells = rng.choices(CELLS, k=rng.randrange(1, 9))
    table = written(kind, enumerate(cells), **dialect)
    name = f"t.{kind}"
    assert read(table, name) == "".join(cell if cell.endswith("\n") else f"{cell}\n" for cell in cells)
    assert columns(in_blocks(table), name) == ["id", "text"]
    paragraphs = [line.replace("\r", "\n") for line in read(table, name, unit=PARAGRAPH).split("\n") if line]
    assert paragraphs == [cell.strip("\n") for cell in cells if cell.strip()]


def test_line_ends_in_a_cell_of_json_are_line_ends():
    assert read('{"text": "a\\r\\nb\\rc"}', "t.jsonl") == "a\nb\nc\n"


@pytest.mark.parametrize("name", ["standard input", "/dev/fd/63", "reviews.dat"])
def test_a_table_without_a_name_is_known_by_its_first_character(name):
    assert read('\n {"text": "a"}\n', name) == "a\n"
    assert read("id\ttext\n1\ta\n", name) == "a\n"


def test_tables_are_known_by_their_names_in_letters_of_either_case():
    assert all(map(is_table, ["a.csv", "b/A.TSV", "x.y.jsonl"]))
    assert not any(map(is_table, ["csv", "a.txt", "-", "a.csv.gz", "a.json"]))


@pytest.mark.parametrize(
    ("table", "name"),
    [("id,title\n1,a\n", "t.csv"), ("id\ttitle\n", "t.tsv"), ('{"id": 1}\n{"title": "x"}\n', "t.jsonl")],
)
def test_a_column_that_there_is_not_is_told_with_those_that_there_are(table, name):
    assert refusal(table, name) == f"{name}: has no column text (there are id, title)"


def test_a_column_is_looked_for_in_the_first_rows_only(monkeypatch):
    monkeypatch.setattr(module, "LOOKED_AT", 3)
    assert read('{"id": 1}\n' * 2 + '{"text": "a"}\n', "t.jsonl") == "\n\na\n"

    def endless():
        while True:
            yield '{"id": 1}\n'

    with pytest.raises(RnnError, match="there are id"):
        "".join(column_text(endless(), "t.jsonl", "text", LINE))


def test_of_many_columns_some_are_named():
    message = refusal(",".join(f"c{k}" for k in range(50)) + "\n")
    assert message.endswith("c18, c19 and 30 more)")


def test_odd_names_of_columns_are_quoted():
    assert refusal('"a\nb", c \n1,2\n', column=" ") == 't.csv: has no column " " (there are "a\\nb", c)'


@pytest.mark.parametrize(
    ("table", "name", "told"),
    [
        ("id,text\n1,a\n2,b,c\n", "t.csv", "line 3: 3 cells where the header has 2 (a cell with a comma"),
        ('id,text\n1,"a\nb"\n2\n', "t.csv", "line 4: 1 cell where the header has 2"),
        ("id\ttext\n1\n", "t.tsv", "line 2: 1 cell where the header has 2 (a cell with a tab"),
        ('id,text\n1,"a\nb\n', "t.csv", "line 2: the row that begins here is not CSV"),
        ('id,text\n1,"a" b\n', "t.csv", "line 2: the row that begins here is not CSV"),
        ('{"text": "a"}\n\n{"text": \n', "t.jsonl", "line 3: not JSON"),
        ('{"text": "a"}\n["b"]\n', "t.jsonl", "line 2: not a JSON object"),
        ('{"text": "a"}\n{"text": 5}\n', "t.jsonl", "line 2: text has 5, which is no text"),
        ('{"text": "\\ud800"}\n', "t.jsonl", "line 1: text has half a surrogate pair"),
        ("[" * 100_000, "t.jsonl", "line 1: not JSON"),
    ],
)
def test_a_bad_row_is_named_by_its_line(table, name, told):
    assert refusal(table, name).startswith(f"{name}: {told}")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_row_without_end_is_refused_before_memory_is(name, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_ROW", 1 << 18)
    taken = 0

    def endless():
        nonlocal taken
        yield 'text\n"' if name == "t.csv" else '{"text": "'
        while True:
            taken += 1
            yield "a" * (1 << 16)

    with pytest.raises(RnnError, match=r"line [12]: longer than 262,144 characters"):
        "".join(column_text(endless(), name, "text", LINE))
    assert taken < 8


def test_cells_longer_than_the_csv_modules_limit_are_read():
    long = "word " * 60_000
    assert read(f'id,text\n1,"{long}"\n') == f"{long}\n"


def test_missing_and_null_cells_are_empty():
    assert read('{"text": "a"}\n{"text": null}\n{"id": 1}\n', "t.jsonl") == "a\n\n\n"


@pytest.mark.parametrize("table", ["", "\n \n", "id,text\n"])
def test_an_empty_table_has_no_text(table):
    assert read(table).strip() == ""


def test_the_text_comes_in_blocks_while_the_table_is_read(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 100)
    taken = []

    def rows():
        yield "text\n"
        for number in range(1000):
            taken.append(number)
            yield "some words\n"

    blocks = column_text(rows(), "t.csv", "text", LINE)
    assert next(blocks) == "some words\n" * 10
    assert len(taken) < 20
    assert "".join(blocks) == "some words\n" * 990
