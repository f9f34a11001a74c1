"""Tables on terminals of any width."""

import pytest

from rnn_cli.cli.tables import Column, Table

COLUMNS = [
    Column("name", 10, 6, is_cut=True),
    Column("size", -6),
    Column("value", -12, 8),
    Column("note", 8),
]
TABLE = Table.of(COLUMNS, ("note", "size"))
CELLS = ("alphabetic", "12", "+1.5", "seen")


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (None, "alphabetic     12         +1.5 seen"),
        (39, "alphabetic     12         +1.5 seen"),
        (38, "alphabet…     12         +1.5 seen"),
        (36, "alphabe…     12        +1.5 seen"),
        (31, "alpha…     12     +1.5 seen"),
        (30, "alphabetic     12         +1.5"),
        (22, "alpha…     12     +1.5"),
        (21, "alphabet…        +1.5"),
        (15, "alpha…     +1.5"),
        (5, "alpha…     +1.5"),
    ],
)
def test_columns_are_made_narrower_and_then_left_out_as_the_terminal_is_narrow(room, line):
    assert TABLE.within(room).row(CELLS) == line


@pytest.mark.parametrize("room", [None, *range(1, 45)])
def test_a_table_fits_and_its_names_stand_above_its_cells(room):
    table = TABLE.within(room)
    head, row = table.head(), table.row(CELLS)
    assert max(len(head), len(row)) <= max(room or 99, 15)
    assert head.endswith("note") == row.endswith("seen")
    if room is None or room >= 39:
        assert table == TABLE


def test_a_cell_that_is_not_cut_sticks_out_whole():
    assert TABLE.within(15).row(("a", "12", "+1234567.5", "")) == "a      +1234567.5"
