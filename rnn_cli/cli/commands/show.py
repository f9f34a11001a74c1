"""rnn show: the network at work on a text, step by step."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli import looked
from rnn_cli.cli.console import say, write_json
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, a_file, one_of
from rnn_cli.cli.strips import colours
from rnn_cli.cli.strips import width as columns
from rnn_cli.cli.wrapping import fit
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.loading import load
from rnn_cli.models.looking.fresh import HIDDEN, fresh_model
from rnn_cli.models.looking.language import Asked
from rnn_cli.models.looking.look import look
from rnn_cli.models.looking.numbers import parameters_of
from rnn_cli.models.looking.parts import Cost, Part
from rnn_cli.network.cells import CELLS
from rnn_cli.printing import printable
from rnn_cli.text.reading import display_name, read_lines
from rnn_cli.text.tokenizers import TOKENIZERS


def show(
    text: Annotated[
        str,
        typer.Argument(metavar="[TEXT]", help="The text. Without one, or with -, standard input is read."),
    ] = "-",
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            "-m",
            callback=a_file,
            show_default=False,
            help="The model file. Default: model.npz.",
        ),
    ] = None,
    gradients: Annotated[
        bool,
        typer.Option("--gradients", help="Also show the norms of the derivatives of E and of dE_T/ds_t."),
    ] = False,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Also show all vectors in full (small networks).")
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(show_default=False, help="Read as a text of this label (of --task generate)."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Use no model, but an untrained network of the text's own tokens.")
    ] = False,
    hidden: Annotated[
        int | None,
        typer.Option(
            "--hidden", "-n", min=1, max=1024, show_default=False, help=f"With --fresh. Default: {HIDDEN}."
        ),
    ] = None,
    cell: Annotated[
        str | None, typer.Option(help="With --fresh. Default: tanh.", show_default=False, **one_of(CELLS))
    ] = None,
    layers: Annotated[
        int | None, typer.Option(min=1, max=8, show_default=False, help="With --fresh. Default: 1.")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            "--tokenizer",
            "-t",
            show_default=False,
            help="With --fresh. Default: space if the text has spaces, else jieba.",
            **one_of(TOKENIZERS),
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", "-s", min=0, max=2**64 - 1, show_default=False, help="With --fresh. Default: 0."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the network at work on a text, one row per step.

    A row has the token read and its id, the state s_t as a strip, the likeliest next tokens with their
    probabilities, and E_t, the cost of the token that does come next. A model of labels shows what its
    prediction is based on; a model of translations shows its source, and then how it writes the target.
    """
    choices = {"cell": cell, "layers": layers, "tokenizer": tokenizer, "seed": seed, "hidden": hidden}
    given = {name: value for name, value in choices.items() if value is not None}
    if given and not fresh:
        raise UsageError(f"--{next(iter(given))} goes only with --fresh; a model file has its own")
    if fresh and model is not None:
        raise UsageError("--fresh and --model exclude each other: give one")
    loaded = None if fresh else load(model or DEFAULT_MODEL)
    if text == "-" and sys.stdin.isatty():
        say("reading standard input; Ctrl-D ends it")
    read = _standard_input() if text == "-" else text
    if loaded is None:
        loaded = _fresh(read, given)
    parts = look(loaded, read, Asked(gradients, numbers, label))
    if as_json:
        _write_json(loaded, [*parts], numbers)
        return
    for line in _lines(loaded, parts, numbers):
        typer.echo(line)


def _standard_input() -> str:
    lines = [*read_lines(["-"])]
    if not lines:
        raise RnnError(f"{display_name('-')}: empty: there is no line in it")
    return "\n".join(lines)


def _fresh(text: str, given: dict[str, Any]) -> Any:
    usual = {"tokenizer": None, "hidden": HIDDEN, "seed": 0}
    return fresh_model(text, **usual | given)


def _lines(loaded: Any, parts: Iterator[Part], numbers: bool) -> Iterator[str]:
    """Yield the lines to print."""
    width, depth = columns(), colours()
    seen: list[Cost | None] = []
    unknown = tokens = 0
    layout = None
    for part in parts:
        if numbers and not seen:
            yield from _parameters(loaded, width)
        if layout is None or part.name:
            layout = looked.Layout.of(part, width)
            yield layout.head(part)
        yield from looked.lines_of(part, layout, depth, width)
        yield from looked.norms(part, width)
        yield from looked.numbers(part, width)
        seen.append(part.cost)
        unknown, tokens = unknown + part.unknown, tokens + part.read
    if unknown:
        yield fit(looked.about_unknown(unknown, tokens), sys.stdout)
    cost = looked.cost_of(seen)
    if cost:
        yield fit(looked.worded(cost), sys.stdout)


def _parameters(loaded: Any, width: int) -> Iterator[str]:
    tokens = [loaded.spell(id) for id in range(loaded.network.m)]
    yield "ids  " + "  ".join(f"{id} {printable(token)}" for id, token in enumerate(tokens))
    for matrix in parameters_of(loaded.network, loaded.p):
        yield from looked.vector_lines(matrix, width)


def _write_json(loaded: Any, parts: list[Part], numbers: bool) -> None:
    facts: dict[str, Any] = {"parts": [_facts(part) for part in parts]}
    facts["total"] = looked.cost_of([part.cost for part in parts])
    if numbers:
        facts["parameters"] = dict(parameters_of(loaded.network, loaded.p))
    write_json(facts)


def _facts(part: Part) -> dict[str, Any]:
    steps = []
    for row in part.rows():
        likeliest = [{"token": token, "p": p} for token, p in row.likeliest]
        steps.append(row._asdict() | {"likeliest": likeliest})
    facts: dict[str, Any] = {"name": part.name, "steps": steps, "cost": looked.cost_of([part.cost])}
    if part.pooled is not None:
        facts |= {"pooled": part.pooled, "answers": [{"label": name, "p": p} for name, p in part.answers]}
    if part.norms is not None:
        facts["norms"] = part.norms._asdict()
    for step, vectors in zip(steps, part.numbers or [], strict=False):
        step["numbers"] = {vector.name: vector.values for vector in vectors}
    return facts
