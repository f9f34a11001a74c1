"""rnn gradcheck: every hand-written derivative against differences, and against the tutorial."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say
from rnn_cli.cli.options.common import one_of
from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.cells import CELLS
from rnn_cli.network.gradcheck import TOLERANCE, Check
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.training.gradcheck import AGREEMENT, Case, Report, cases, check, model_case, random_numbers

ROW = "{:<5} {:>6} {:>5} {:<8} {:>4} {:>6} {:<5} {:<9} {:>7} {:>8}  {}"
HEAD = ("cell", "layers", "embed", "output", "m", "shards", "array", "shape", "error", "tutorial")


def gradcheck(
    cell: Annotated[
        str | None, typer.Option(help="Only networks of this cell.", show_default=False, **one_of(CELLS))
    ] = None,
    layers: Annotated[
        int | None, typer.Option(min=1, max=8, help="Only this number of layers. Default: one and two.")
    ] = None,
    embedding: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="Only with an embedding of this size; 0: without."),
    ] = None,
    tie: Annotated[
        bool | None, typer.Option("--tie/--no-tie", help="Only where the embedding is tied, or is not.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="Only with this output layer.", show_default=False, **one_of(OUTPUTS))
    ] = None,
    hidden: Annotated[int, typer.Option(min=1, max=64, help="Hidden size.")] = 5,
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="Check a trained model instead, without dropout.")
    ] = None,
    arrays: Annotated[
        bool, typer.Option("--arrays", help="A row for each array, and not for the worst of each network.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**64 - 1, help="Seed of the batch.")] = 0,
) -> None:
    """Check every hand-written derivative against differences, in float64, on a sample of its entries.

    The networks are all that the options of `rnn train` allow: each cell, one layer and two, without an
    embedding, with one and with a tied one, each output layer, on a small vocabulary and on a large one.
    The batch has what real ones have: tokens that repeat within a step, padding, a state carried in, lines
    that end, dropout. One network of each cell is also checked as two shards, in two processes; there the
    state runs on. The column `tutorial` compares all gradients with those of network/tutorial.py, the plain
    equations on one-hot vectors, for the networks that it can express. The exit status is 1 if any disagrees.
    """
    rng = random_numbers(seed)
    options = {"cell": cell, "layers": layers, "embedding": embedding, "tie": tie, "output": output}
    chosen = {name: value for name, value in options.items() if value is not None}
    all_cases = [_of_model(model, chosen)] if model else _cases(hidden, chosen, rng)
    typer.echo(ROW.format(*HEAD, "").rstrip())
    has_failed, checked = False, 0
    for case in all_cases:
        report = check(case, rng)
        has_failed |= not report.ok
        checked += report.worst.checked
        for row in report.checks if arrays or model else [report.worst]:
            typer.echo(_row(report, row, of_array=bool(arrays or model)))
    if has_failed:
        say(
            f"FAIL: a derivative disagrees with differences by more than {TOLERANCE:g} of itself, "
            f"or with the tutorial by more than {AGREEMENT:g} of its array's largest"
        )
        raise typer.Exit(1)
    say(f"ok: {checked:,} derivatives agree with differences to within {TOLERANCE:g} of themselves")


def _cases(hidden: int, chosen: dict[str, Any], rng: Any) -> list[Case]:
    try:
        return cases(hidden, chosen, rng)
    except ValueError as error:
        raise UsageError("--tie needs an --embedding of the hidden size, and --output softmax") from error


def _of_model(path: Path, chosen: dict[str, Any]) -> Case:
    loaded = LanguageModel.load(path)
    for name, value in chosen.items():
        if (own := getattr(loaded.network, name)) != value:
            raise UsageError(f"--{name} {value}, but {path} has {name} {own}")
    return model_case(loaded.network, loaded.p)


def _row(report: Report, row: Check, of_array: bool) -> str:
    network, opinions = report.case.network, report.opinions
    embedding = "tied" if network.tie else network.embedding or "none"
    shape = " x ".join(map(str, row.shape))
    of_network = (network.cell, network.layers, embedding, network.output, network.m, report.case.shards)
    opinion = report.worst_opinion if not of_array else opinions and opinions[row.name]
    shown = "-" if opinion is None else f"{opinion:.1e}"
    verdict = "ok" if row.ok and report.agrees_with_tutorial(row.name if of_array else None) else "FAIL"
    return ROW.format(*of_network, row.name, shape, f"{row.error:.1e}", shown, verdict)
