"""How `rnn score` prints what a text costs: rows for lines and tokens, and the table of totals."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from rnn_cli.cli.console import SCHEMA, write_json, write_text
from rnn_cli.models.scores.lines import TokenRow
from rnn_cli.models.scores.tally import Line
from rnn_cli.scoring.figures import Totals
from rnn_cli.text.units import INNER, LINE_END

COUNTS = ("lines", "tokens", "unknown", "characters")
FIGURES = {
    "nats": "nats",
    "spelling_nats": "spelling nats",
    "perplexity": "perplexity",
    "bits_per_character": "bits per character",
}


def print_line(line: Line, other: Line | None) -> None:
    """Print a row: nats, tokens, unknown, what the line costs another model if there is one, and the line.

    The line ends inside a paragraph are printed as \\n.
    """
    beside = f"{_rounded(other)}\t" if other else ""
    begin = f"{_rounded(line)}\t{line.tokens}\t{line.unknown}\t{beside}"
    _print_around(line, begin, "\n", lambda part: part.replace(INNER, "\\n"))


def _rounded(line: Line) -> str:
    return f"{line.all_nats:.4f}" if line.decodes else "nan"


def print_line_json(line: Line, other: Line | None) -> None:
    """Print the same as a JSON object, with all digits. The text comes last, as it may be of any length."""
    row = {"schema": SCHEMA, "line": line.number} | _costs(line)
    if other:
        row["compare"] = _costs(other)
    begin = json.dumps(row)[:-1] + ', "text": "'
    _print_around(line, begin, '"}\n', _json_of_part)


def _json_of_part(part: str) -> str:
    return json.dumps(part.replace(INNER, LINE_END), ensure_ascii=False)[1:-1]


def _print_around(line: Line, begin: str, end: str, spell: Callable[[str], str]) -> None:
    """Print a line's text between two others. Where it is in one piece, one call of write_text does."""
    if isinstance(line.parts, list):
        write_text(begin + "".join(map(spell, line.parts)) + end)
        return
    write_text(begin)
    for part in line.parts:
        write_text(spell(part))
    write_text(end)


def _costs(line: Line) -> dict[str, Any]:
    if not line.decodes:
        return {"nats": None, "error": "does not decode"}
    costs = {"nats": line.all_nats, "spelling_nats": line.spelling_nats}
    return costs | {"tokens": line.tokens, "unknown": line.unknown}


def print_tokens(rows: Iterable[TokenRow], as_json: bool) -> None:
    """Print a row for each token: line, nats, whether it is unknown, and the token as JSON."""
    for line, token, nats, spelling, is_unknown in rows:
        decodes = nats == nats  # not nan
        if as_json:
            row: dict[str, Any] = {"line": line}
            row |= {"nats": nats + spelling, "spelling_nats": spelling} if decodes else {"nats": None}
            row |= (
                {"unknown": is_unknown, "token": token}
                if decodes
                else {"error": "does not decode", "text": token}
            )
            write_json(row)
        else:
            spelled = json.dumps(token, ensure_ascii=False)
            write_text(f"{line}\t{nats + spelling:.4f}\t{int(is_unknown)}\t{spelled}\n")


def print_totals(totals: dict[str, Totals], labels: dict[str, str]) -> None:
    """Print a table of a model's totals, with a column for what it is set beside.

    labels: the head of each column.
    """
    ours = totals["model"]
    for name in COUNTS:
        note = "   line ends counted" if name in ("tokens", "characters") else ""
        write_text(f"{name:<20}{getattr(ours, name):>14,}{note}\n")
    if len(totals) > 1:
        head = "   ".join(label for name, label in labels.items() if name != "model")
        write_text(f"{'':<20}{'model':>14}   {head}\n")
    for name, what in FIGURES.items():
        row = [f"{each.figures[name]:>14,.3f}" for each in totals.values()]
        write_text(f"{what:<20}{'   '.join(row)}\n")


def print_totals_json(
    totals: dict[str, Totals], notes: dict[str, dict[str, Any]], skipped: int | None
) -> None:
    """Print the totals as a JSON object.

    notes: what else is said of each one beside the model. skipped: lines that did not decode.
    """
    ours = totals["model"]
    row: dict[str, Any] = {name: getattr(ours, name) for name in COUNTS} | ours.figures
    if skipped is not None:
        row["skipped"] = skipped
    row |= {name: note | totals[name].figures for name, note in notes.items()}
    write_json(row)
