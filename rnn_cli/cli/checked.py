"""What `rnn gradcheck` shows of the derivatives of a network: rows of tables, and JSON."""

from collections.abc import Iterable
from typing import Any

from rnn_cli.cli.language import label
from rnn_cli.cli.tables import Cells, Column, Table
from rnn_cli.network.gradcheck import Check, Entry
from rnn_cli.training.gradcheck import Case, Report, SequenceCase

OF_LANGUAGES = Table.of(
    [
        *(Column("cell", 5), Column("layers", -6), Column("embed", -5), Column("output", 8), Column("m", -4)),
        *(Column("shards", -6), Column("array", 5), Column("shape", 9), Column("error", -7)),
        *(Column("tutorial", -8), Column("", 5)),
    ],
    ("shape", "shards", "m", "tutorial", "layers"),
)
OF_VALUES = Table.of(
    [
        *(Column("array", 6, 5), Column("entry", 12, 6), Column("derivative", -18, 10)),
        *(Column("difference", -18, 10), Column("error", -8), Column("", 5)),
    ],
    ("error",),
)
DIGITS = 10  # of a derivative, where there is room


def row_of(report: Report, case: Case, row: Check, of_array: bool) -> Cells:
    """Return the cells of a row of OF_LANGUAGES, for an array, or for a network's worst array."""
    network, facts = case.network, facts_of(report, case, row, of_array)
    embedding = label("tied") if network.tie else str(network.embedding or label("none"))
    of_network = (network.cell, network.layers, embedding, network.output, network.m, case.shards)
    shown = "-" if facts["tutorial"] is None else f"{facts['tutorial']:.1e}"
    cells = (*map(str, of_network), row.name, _shape(row.shape), f"{row.error:.1e}", shown)
    return [*cells, _verdict(facts["ok"])]


def facts_of(report: Report, case: Case, row: Check, of_array: bool) -> dict[str, Any]:
    """Return a row for JSON: the network, the array, its error, its error against the tutorial or None."""
    network, opinions = case.network, report.opinions
    of_row = opinions[row.name] if opinions else None
    opinion = of_row if of_array else report.worst_opinion
    named = ("cell", "layers", "embedding", "tie", "output", "m")
    return {
        **{name: getattr(network, name) for name in named},
        "shards": case.shards,
        **_of_array(row),
        "tutorial": None if opinion is None else float(opinion),
        "ok": bool(row.ok and report.agrees_with_tutorial(row.name if of_array else None)),
    }


def table_of_sequences(case: SequenceCase, of_array: bool) -> Table:
    """Return the table for networks of whole sequences, wide enough for the arrays of this one.

    of_array: whether each array has a row.
    """
    widest = max(len(_shape(shape)) for shape in case.network.shapes.values())
    columns = [
        *(Column("task", 9), Column("cell", 4), Column("choices", 28, 20, is_cut=True), Column("shards", -6)),
        *(Column("array", 8), Column("shape", max(7, widest)), Column("error", -7), Column("", 4)),
    ]
    return Table.of(columns, ("shards", "choices") if of_array else ("shape", "shards", "array", "error"))


def row_of_sequences(case: SequenceCase, row: Check) -> Cells:
    """Return the cells of a row of that table, for an array, or for a network's worst array."""
    example = case.example
    of_network = (case.task, example.cell, example.kind, str(case.shards))
    return [*of_network, row.name, _shape(row.shape), f"{row.error:.1e}", _verdict(row.ok).strip()]


def facts_of_sequences(case: SequenceCase, row: Check) -> dict[str, Any]:
    """Return a row for JSON: the network, the array and its error."""
    example = case.example
    of_network = {"task": case.task, "cell": example.cell, "choices": example.kind, "shards": case.shards}
    return of_network | _of_array(row) | {"ok": row.ok}


def row_of_values(entry: Entry, table: Table) -> Cells:
    """Return the cells of a row of OF_VALUES. table: OF_VALUES for this terminal; it decides the digits."""
    place = ", ".join(str(index) for index in entry.place)
    digits = min(DIGITS, table.width_of("derivative") - len("+12."))
    numbers = (f"{number:+.{digits}f}" for number in (entry.derivative, entry.difference))
    return [entry.name, f"[{place}]", *numbers, f"{entry.error:.1e}", _verdict(entry.ok)]


def _verdict(is_ok: bool) -> str:
    """Return the last cell of a row."""
    return " ok" if is_ok else " FAIL"


def _of_array(row: Check) -> dict[str, Any]:
    return {"array": row.name, "shape": row.shape, "error": float(row.error)}


def _shape(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape))
