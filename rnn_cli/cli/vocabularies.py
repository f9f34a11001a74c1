"""Vocabularies as `rnn vocab` prints them: rows of tokens, and the figures of files of pairs."""

import json
from typing import Any

from rnn_cli.cli.console import write_json, write_text
from rnn_cli.cli.language import label, translated
from rnn_cli.errors import UsageError
from rnn_cli.printing import columns
from rnn_cli.runs.tasks.counting import CountedPairs, Side
from rnn_cli.text.pairs.inputs import text_of
from rnn_cli.text.pairs.kinds import KINDS, TARGET
from rnn_cli.text.vocabulary import SPECIAL, SPELLED, UNK

MOST_FREQUENT = 20  # tokens that are printed
MOST_LABELS = 100


def print_figure(name: str, value: str, note: str = "") -> None:
    write_text(f"{label(name, 12)}{value:>12}   {translated(note)}".rstrip() + "\n")


def print_head(what: str = "token", note: str = "") -> None:
    """Print the heading of rows of ids. note: follows it, already translated."""
    write_text(f"{'id':>10}{' ' * (14 - columns(label('occurs')))}{label('occurs')}   {label(what)}{note}\n")


def print_token(id: int, count: int, token: str | None = None) -> None:
    """Print an id, how often it or its token occurs in the text, and the token."""
    spelled = SPELLED[id] if token is None else json.dumps(token, ensure_ascii=False)
    unknown = f"   {label('unknown')}" if id == UNK and token is not None else ""
    write_text(f"{id:>10}{count:>14,}   {spelled}{unknown}\n")


def texts_of(line: str, task: str) -> list[str]:
    """Return the texts of a line, one for each side of the task: for translation both columns, otherwise the
    text alone. Raises UsageError for more than two columns."""
    kind, cells = KINDS[task], line.split("\t")
    if len(cells) > 2:
        raise UsageError(f"--cut: {len(cells)} columns where there are 2 (a line reads {kind.line})")
    return cells if kind.holds == TARGET else [text_of(line, task).text]


def print_pairs(counted: CountedPairs, cut: list[str], as_json: bool) -> None:
    """Print what training would make of files of pairs. cut: texts, one for each side; if there are any,
    print how these are cut instead."""
    if cut:
        cells = [*zip(counted.sides, cut, strict=False)]
        if as_json:
            write_json({side.name: _cut(side, cell) for side, cell in cells})
            return
        for side, cell in cells:
            print_head(side.name)
            for row in _cut(side, cell):
                print_token(row["id"], row["occurs"], row["token"])
    elif as_json:
        write_json(_figures(counted))
    else:
        _print_counted(counted)


def _cut(side: Side, text: str) -> list[dict[str, Any]]:
    tokens = side.split(text)
    ids = side.lexicon.vocabulary.encode(tokens)
    rows = zip(ids, tokens, strict=True)
    return [{"id": id, "token": token, "occurs": 0 if id == UNK else side.counts[id]} for id, token in rows]


def _of_side(side: Side) -> dict[str, int]:
    tokens = sum(side.counts[UNK:])
    vocabulary = side.lexicon.vocabulary
    sizes = {"vocabulary": len(vocabulary.tokens), "m": vocabulary.size}
    return {"tokens": tokens} | sizes | {"unknown": side.counts[UNK]}


def _figures(counted: CountedPairs) -> dict[str, Any]:
    row: dict[str, Any] = {"pairs": counted.pairs, "valid": counted.valid}
    row["sides"] = {side.name: _of_side(side) for side in counted.sides}
    if counted.labels is not None:
        row[f"{counted.kind}s"] = dict(counted.labels)
    return row | ({"scale": counted.scale} if counted.scale else {})


def _print_counted(counted: CountedPairs) -> None:
    print_figure("pairs", f"{counted.pairs:,}", f"to learn from; {counted.valid:,} to validate on")
    if counted.scale:
        print_figure("scores", "{:g} to {:g}".format(*counted.scale))
    for side in counted.sides:
        figures, vocabulary = _of_side(side), side.lexicon.vocabulary
        write_text(f"\n{label(side.name)} ({side.lexicon.tokenizer.name})\n")
        print_figure("tokens", f"{figures['tokens']:,}")
        extent = f"and START, END, UNK: m = {figures['m']:,}"
        print_figure("vocabulary", f"{figures['vocabulary']:,}", extent)
        known = 1 - figures["unknown"] / max(1, figures["tokens"])
        print_figure("covered", f"{known:.2%}", "of the tokens; the others are unknown")
        print_head("token", label(", the most frequent first"))
        print_token(UNK, side.counts[UNK])
        for id, token in enumerate(vocabulary.tokens[:MOST_FREQUENT], SPECIAL):
            print_token(id, side.counts[id], token)
    if counted.labels is not None:
        write_text("\n")
        print_head(counted.kind, label(", the most frequent first"))
        for id, (name, count) in enumerate(counted.labels[:MOST_LABELS]):
            write_text(f"{id:>10}{count:>14,}   {name}\n")
        if len(counted.labels) > MOST_LABELS:
            write_text(f"{translated(f'and {len(counted.labels) - MOST_LABELS:,} more')}\n")
