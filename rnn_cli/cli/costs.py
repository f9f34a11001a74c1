"""The output of `rnn score`: rows for lines and tokens, and the table of totals."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnn_cli.cli.console import SCHEMA, write_json, write_text
from rnn_cli.cli.language import label, translated
from rnn_cli.models.scores.lines import TokenRow
from rnn_cli.models.scores.tally import Line
from rnn_cli.printing import columns
from rnn_cli.scoring.figures import Totals
from rnn_cli.text.units import INNER, LINE_END

UNDECODED = "does not decode"
OF_TOKEN = ("nats", "spelling_nats", "unknown", "token")  # the entries of a token's row in JSON
COUNTS = ("lines", "tokens", "unknown", "characters")
FIGURES = {
    "nats": "nats",
    "spelling_nats": "spelling nats",
    "perplexity": "perplexity",
    "bits_per_character": "bits per character",
}


def print_line(line: Line, other: Line | None) -> None:
    """Print a row: nats, tokens, unknown tokens, nats under another model if there is one, and the line.

    Line ends inside a paragraph are printed as \\n.
    """
    beside = f"{_rounded(other)}\t" if other else ""
    begin = f"{_rounded(line)}\t{line.tokens}\t{line.unknown}\t{beside}"
    _print_around(line, begin, "\n", lambda part: part.replace(INNER, "\\n"))


def _rounded(line: Line) -> str:
    return f"{line.all_nats:.4f}" if line.decodes else "nan"


def print_line_json(line: Line, other: Line | None) -> None:
    """Print the same row as a JSON object, with all digits. The text is last as it may have any length."""
    row = {"schema": SCHEMA, "line": line.number} | _costs(line)
    if other:
        row["compare"] = _costs(other)
    begin = json.dumps(row)[:-1] + ', "text": "'
    _print_around(line, begin, '"}\n', _json_of_part)


def _json_of_part(part: str) -> str:
    return json.dumps(part.replace(INNER, LINE_END), ensure_ascii=False)[1:-1]


def _print_around(line: Line, begin: str, end: str, spell: Callable[[str], str]) -> None:
    """Print a line's text between `begin` and `end`; if its parts are in memory, with one write_text."""
    if isinstance(line.parts, list):
        write_text(begin + "".join(map(spell, line.parts)) + end)
        return
    write_text(begin)
    for part in line.parts:
        write_text(spell(part))
    write_text(end)


def _costs(line: Line) -> dict[str, Any]:
    if not line.decodes:
        return dict.fromkeys(("nats", "spelling_nats", "tokens", "unknown")) | {"error": UNDECODED}
    costs = {"nats": line.all_nats, "spelling_nats": line.spelling_nats}
    return costs | {"tokens": line.tokens, "unknown": line.unknown}


def print_tokens(rows: Iterable[TokenRow], as_json: bool) -> None:
    """Print a row for each token: line, nats, whether it is unknown, and the token as JSON."""
    for line, token, nats, spelling, is_unknown in rows:
        decodes = nats == nats  # not nan
        if as_json:
            row: dict[str, Any] = dict(
                zip(OF_TOKEN, (nats + spelling, spelling, is_unknown, token), strict=True)
            )
            if not decodes:
                row = dict.fromkeys(OF_TOKEN) | {"error": UNDECODED, "text": token}
            write_json({"line": line} | row)
        else:
            spelled = json.dumps(token, ensure_ascii=False)
            write_text(f"{line}\t{nats + spelling:.4f}\t{int(is_unknown)}\t{spelled}\n")


@dataclass(frozen=True)
class Beside:
    """What a model is compared with, or a component of a mixture.

    head: of its column. key: of its JSON entry; "" for a component of a mixture that has no entry of its own.
    weight: in a mixture. more: its other entries in JSON. has_counts: whether JSON has its counts, too.
    """

    head: str
    totals: Totals
    key: str = ""
    weight: float | None = None
    more: dict[str, Any] = field(default_factory=dict)
    has_counts: bool = False

    @property
    def object(self) -> dict[str, Any]:
        counts = {name: getattr(self.totals, name) for name in COUNTS} if self.has_counts else {}
        return self.more | counts | self.totals.figures


def print_totals(ours: Totals, beside: Sequence[Beside], head: str) -> None:
    """Print a table of a model's totals, with a column for each of `beside`.

    head: of the model's own column.
    """
    for name in COUNTS:
        note = f"   {label('line ends counted')}" if name in ("tokens", "characters") else ""
        write_text(f"{label(name, 20)}{getattr(ours, name):>14,}{note}\n")
    if beside:
        heads = "   ".join(map(_right, [label(head), *(each.head for each in beside)]))
        write_text(f"{'':<20}{heads}\n")
    for name, what in FIGURES.items():
        row = [f"{ours.figures[name]:>14,.3f}"]
        row += [
            f"{each.totals.figures[name]:>{max(14, columns(translated(each.head)))},.3f}" for each in beside
        ]
        write_text(f"{label(what, 20)}{'   '.join(row)}\n")


def _right(head: str) -> str:
    head = label(head)
    return " " * (14 - columns(head)) + head


def print_totals_json(ours: Totals, beside: Sequence[Beside], skipped: int | None) -> None:
    """Print the totals as a JSON object. skipped: lines that did not decode."""
    row: dict[str, Any] = {name: getattr(ours, name) for name in COUNTS} | ours.figures
    if skipped is not None:
        row["skipped"] = skipped
    row |= {each.key: each.object for each in beside if each.key}
    if mixed := [each for each in beside if each.weight is not None]:
        row["mixture"] = [{"name": each.head, "weight": each.weight} | each.object for each in mixed]
    write_json(row)
