"""Printing of samples."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnn_cli.cli.console import say, warn, write_json, write_text
from rnn_cli.printing import counted

if TYPE_CHECKING:
    from rnn_cli.models.sampling.samples import Sample
    from rnn_cli.scoring.copying import Copied

SHOWN = 40  # characters of a copied run that a line of talk quotes


def warn_of_unknown(tokens: list[str], model: Path) -> None:
    """Warn of tokens that a model does not know; name the first ten."""
    if tokens:
        shown = ", ".join(repr(token) for token in tokens[:10])
        more = ", …" if len(tokens) > 10 else ""
        warn(f"not in the vocabulary of {model}, and read as unknown: {shown}{more}")


def print_stream(pieces: Iterable[str]) -> None:
    """Print one sample as it is drawn."""
    last = ""
    for piece in pieces:
        write_text(piece)
        last = piece or last
        if sys.stdout.isatty():
            sys.stdout.flush()
    sys.stdout.write("" if last.endswith("\n") else "\n")


def print_samples(
    samples: Iterable["Sample"], may_hold_lines: bool, original: str | None, longest: int | None
) -> None:
    """Print samples one below the other, and after each, on standard error, what it copies.

    may_hold_lines: whether to put an empty line between them. original: the file that they were compared
    with. longest: the length of the longest copy allowed.
    """
    for number, sample in enumerate(samples, 1):
        between = "\n" if may_hold_lines and number > 1 else ""
        label = "" if sample.label is None else f"{sample.label}\t"
        write_text(f"{between}{label}{sample.text.removesuffix(chr(10))}\n")
        if sample.copied is not None and original is not None:
            sys.stdout.flush()
            _say_copied(number, sample.copied, original)
            if longest is not None and len(sample.copied.run) > longest:
                warn(f"sample {number} still copies more than --reject {longest} after {sample.tries} draws")


def _say_copied(number: int, copied: "Copied", original: str) -> None:
    from rnn_cli.text.reading import display_name  # most samples are compared with nothing

    say(f"sample {number}: {what_is_copied(copied, display_name(original))}")


def what_is_copied(copied: "Copied", original: str | None = None) -> str:
    """Return, in words, what a text copies from the original. original: None for the training text."""
    run = copied.run.strip().replace("\n", " ")
    shown = run if len(run) <= SHOWN else f"{run[:SHOWN]}…"
    n, clauses = copied.copied, counted(copied.clauses, "clause")
    length = counted(len(copied.run), "character")
    if original is None:
        return f"copied from the training text: {n:,} of {clauses}; the longest copy has {length}: {shown}"
    return f"copied from {original}: {n:,} of {clauses}; the longest copy has {length}: {shown}"


def print_json(samples: Iterable["Sample"], about: dict[str, Any]) -> None:
    """Print samples as one JSON object. about: its other entries."""
    write_json(about | {"samples": [_row(sample) for sample in samples]})


def _row(sample: "Sample") -> dict[str, Any]:
    row = {"prompt": sample.prompt, "text": sample.text, "tokens": sample.tokens, "ended": sample.ended}
    if sample.label is not None:
        row["label"] = sample.label
    if sample.copied is not None:
        copied = sample.copied
        row["novelty"] = {
            "run": copied.run,
            "run_characters": len(copied.run),
            "clauses": copied.clauses,
            "copied_clauses": copied.copied,
            "share_of_clauses": copied.share,
            "tries": sample.tries,
        }
    return row
