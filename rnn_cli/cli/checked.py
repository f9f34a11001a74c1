"""What `rnn gradcheck` shows of the derivatives of a network: rows of two tables, and JSON."""

from collections.abc import Iterable
from typing import Any

from rnn_cli.cli.language import label
from rnn_cli.network.gradcheck import Check
from rnn_cli.printing import aligned
from rnn_cli.training.gradcheck import Case, Report, SequenceCase

ROW = (5, -6, -5, 8, -4, -6, 5, 9, -7, -8, 5)  # widths of columns, negative where numbers stand on the right
HEAD = ("cell", "layers", "embed", "output", "m", "shards", "array", "shape", "error", "tutorial")
ROW_OF_SEQUENCES = (9, 4, 28, -6, 8, 7, -7, 4)
HEAD_OF_SEQUENCES = ("task", "cell", "choices", "shards", "array", "shape", "error")
SHAPE = HEAD_OF_SEQUENCES.index("shape")


def head() -> str:
    """Return the line above the rows of language models."""
    return aligned(map(label, HEAD), ROW)


def row_of(report: Report, case: Case, row: Check, of_array: bool) -> str:
    """Return the row of an array, or of the worst of a network."""
    network, facts = case.network, facts_of(report, case, row, of_array)
    embedding = label("tied") if network.tie else str(network.embedding or label("none"))
    of_network = (network.cell, network.layers, embedding, network.output, network.m, case.shards)
    shown = "-" if facts["tutorial"] is None else f"{facts['tutorial']:.1e}"
    cells = (*map(str, of_network), row.name, _shape(row.shape), f"{row.error:.1e}", shown)
    return aligned([*cells, verdict(facts["ok"])], ROW)


def facts_of(report: Report, case: Case, row: Check, of_array: bool) -> dict[str, Any]:
    """Return a row as JSON: the network, the array, its error, and the error against the tutorial or None."""
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


def head_of_sequences(widths: Iterable[int]) -> str:
    """Return the line above the rows of networks of whole sequences. widths: of their columns."""
    return aligned(map(label, HEAD_OF_SEQUENCES), widths)


def widths_for(case: SequenceCase) -> tuple[int, ...]:
    """Return the widths of columns in which the arrays of a network have room."""
    widest = max(len(_shape(shape)) for shape in case.network.shapes.values())
    return (*ROW_OF_SEQUENCES[:SHAPE], max(ROW_OF_SEQUENCES[SHAPE], widest), *ROW_OF_SEQUENCES[SHAPE + 1 :])


def row_of_sequences(case: SequenceCase, row: Check, widths: Iterable[int]) -> str:
    """Return the row of an array, or of the worst of a network."""
    example = case.example
    of_network = (case.task, example.cell, example.kind, str(case.shards))
    cells = (*of_network, row.name, _shape(row.shape), f"{row.error:.1e}", "ok" if row.ok else "FAIL")
    return aligned(cells, widths)


def facts_of_sequences(case: SequenceCase, row: Check) -> dict[str, Any]:
    """Return a row as JSON: the network, the array and its error."""
    example = case.example
    of_network = {"task": case.task, "cell": example.cell, "choices": example.kind, "shards": case.shards}
    return of_network | _of_array(row) | {"ok": row.ok}


def verdict(is_ok: bool) -> str:
    """Return the last cell of a row."""
    return " ok" if is_ok else " FAIL"


def _of_array(row: Check) -> dict[str, Any]:
    return {"array": row.name, "shape": row.shape, "error": float(row.error)}


def _shape(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape))
