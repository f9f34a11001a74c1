"""rnn gradcheck: every hand-written derivative against differences, and against the tutorial."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, write_json
from rnn_cli.cli.language import label
from rnn_cli.cli.options.common import JsonOption, a_file, one_of
from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.looking.derivatives import derivatives_of, noisy_model
from rnn_cli.models.looking.fresh import HIDDEN
from rnn_cli.network.cells import CELLS
from rnn_cli.network.gradcheck import TOLERANCE, Check
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.printing import aligned
from rnn_cli.training.gradcheck import (
    AGREEMENT,
    Case,
    Report,
    SequenceCase,
    cases,
    check,
    check_sequences,
    model_case,
    random_numbers,
    sequence_cases,
)

ROW = (5, -6, -5, 8, -4, -6, 5, 9, -7, -8, 5)  # widths of columns, negative where numbers stand on the right
ROW_OF_SEQUENCES = (9, 4, 28, -6, 8, 7, -7, 4)
HEAD_OF_SEQUENCES = ("task", "cell", "choices", "shards", "array", "shape", "error")
VALUES = (6, 12, -18, -18, -8, 5)
HEAD_OF_VALUES = ("array", "entry", "derivative", "difference", "error")
HEAD_OF_NETWORKS = ("cell", "layers", "embed", "output", "m", "shards", "array", "shape", "error", "tutorial")


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
    hidden: Annotated[int, typer.Option(min=1, max=64, help="Hidden size.")] = HIDDEN,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", "-m", callback=a_file, help="Check a trained model instead, without dropout."
        ),
    ] = None,
    arrays: Annotated[
        bool, typer.Option("--arrays", help="A row for each array, and not for the worst of each network.")
    ] = False,
    values: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            show_default=False,
            help="Show derivatives of this text beside differences, some of each array, of one network: the "
            "tutorial's, or as the other options say.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**64 - 1, help="Seed of the batch.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Check every hand-written derivative against differences, in float64, on a sample of its entries.

    The networks are all that the options of `rnn train` allow: each cell, one layer and two, without an
    embedding, with one and with a tied one, each output layer, on a small vocabulary and on a large one.
    The batch has what real ones have: tokens that repeat within a step, padding, a state carried in, lines
    that end, dropout. One network of each cell is also checked as two shards, in two processes; there the
    state runs on. The column `tutorial` compares all gradients with those of network/tutorial.py, the plain
    equations on one-hot vectors, for the networks that it can express. The exit status is 1 if any disagrees.

    A second table has the networks of whole sequences: those that label, tag, translate and generate. Each
    cell is checked with every direction, pooling and attention, on rows of unlike length. The table is left
    out where --layers, --embedding, --tie, --output or --model choose a language model.

    With --values there is one network, of the text's own tokens or of --model, and its numbers themselves.
    """
    options = {"cell": cell, "layers": layers, "embedding": embedding, "tie": tie, "output": output}
    chosen = {name: value for name, value in options.items() if value is not None}
    if values is not None:
        if arrays:
            raise UsageError("--arrays is not for --values, which has rows of each array")
        shown = _loaded(model, chosen) if model else _noisy(values, hidden, chosen, seed)
        raise typer.Exit(0 if _show_values(shown, values, seed, as_json) else 1)
    rng = random_numbers(seed)
    all_cases = [_of_model(model, chosen)] if model else _cases(hidden, chosen, rng)
    of_array = bool(arrays or model)
    show: Callable[[str], object] = typer.echo if not as_json else lambda row: None
    show(aligned(map(label, HEAD_OF_NETWORKS), ROW))
    has_failed, checked, rows = False, 0, []
    for case in all_cases:
        report = check(case, rng)
        has_failed |= not report.ok
        checked += report.worst.checked
        for row in report.checks if of_array else [report.worst]:
            show(_row(report, case, row, of_array))
            rows.append(_facts(report, case, row, of_array))
    if not model and not chosen.keys() - {"cell"}:
        show("\n" + aligned(map(label, HEAD_OF_SEQUENCES), ROW_OF_SEQUENCES))
        for of_task in sequence_cases(hidden, [cell] if cell else [*CELLS], rng):
            report = check_sequences(of_task, rng)
            has_failed |= not report.ok
            checked += report.worst.checked
            for row in report.checks if of_array else [report.worst]:
                show(_row_of_sequences(of_task, row))
                rows.append(_facts_of_sequences(of_task, row))
    if as_json:
        write_json({"ok": not has_failed, "checked": checked, "tolerance": TOLERANCE, "rows": rows})
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


def _noisy(text: str, hidden: int, chosen: dict[str, Any], seed: int) -> LanguageModel:
    try:
        return noisy_model(text, hidden, chosen, seed)
    except ValueError as error:
        raise UsageError(
            "no network is like that: --tie needs an --embedding of the hidden size and --output softmax, "
            "--output adaptive a text of several words"
        ) from error


def _show_values(model: LanguageModel, text: str, seed: int, as_json: bool) -> bool:
    """Print the derivatives of a text beside differences; return whether all agree."""
    found = [*derivatives_of(model, text, seed)]
    is_ok = all(entry.ok for entry in found)
    if as_json:
        rows = [entry._asdict() | {"ok": entry.ok} for entry in found]
        write_json({"ok": is_ok, "tolerance": TOLERANCE, "rows": rows})
    else:
        typer.echo(aligned(map(label, HEAD_OF_VALUES), VALUES))
        for entry in found:
            place = ", ".join(str(index) for index in entry.place)
            numbers = (f"{number:+.10f}" for number in (entry.derivative, entry.difference))
            row = (entry.name, f"[{place}]", *numbers, f"{entry.error:.1e}", _verdict(entry.ok))
            typer.echo(aligned(row, VALUES))
    verdict = "ok" if is_ok else "FAIL"
    say(f"{verdict}: {len(found)} derivatives of {model.network.describe()}, beside differences in float64")
    return is_ok


def _of_model(path: Path, chosen: dict[str, Any]) -> Case:
    loaded = _loaded(path, chosen)
    return model_case(loaded.network, loaded.p)


def _loaded(path: Path, chosen: dict[str, Any]) -> LanguageModel:
    loaded = LanguageModel.load(path)
    for name, value in chosen.items():
        if (own := getattr(loaded.network, name)) != value:
            raise UsageError(f"--{name} {value}, but {path} has {name} {own}")
    return loaded


def _facts_of_sequences(case: SequenceCase, row: Check) -> dict[str, Any]:
    example = case.example
    of_network = {"task": case.task, "cell": example.cell, "choices": example.kind, "shards": case.shards}
    return of_network | _of_array(row) | {"ok": row.ok}


def _of_array(row: Check) -> dict[str, Any]:
    return {"array": row.name, "shape": row.shape, "error": float(row.error)}


def _row_of_sequences(case: SequenceCase, row: Check) -> str:
    example, shape = case.example, " x ".join(map(str, row.shape))
    of_network = (case.task, example.cell, example.kind, str(case.shards))
    cells = (*of_network, row.name, shape, f"{row.error:.1e}", "ok" if row.ok else "FAIL")
    return aligned(cells, ROW_OF_SEQUENCES)


def _row(report: Report, case: Case, row: Check, of_array: bool) -> str:
    network, facts = case.network, _facts(report, case, row, of_array)
    embedding = label("tied") if network.tie else str(network.embedding or label("none"))
    shape = " x ".join(map(str, row.shape))
    of_network = (network.cell, network.layers, embedding, network.output, network.m, case.shards)
    shown = "-" if facts["tutorial"] is None else f"{facts['tutorial']:.1e}"
    cells = (*map(str, of_network), row.name, shape, f"{row.error:.1e}", shown, _verdict(facts["ok"]))
    return aligned(cells, ROW)


def _verdict(is_ok: bool) -> str:
    return " ok" if is_ok else " FAIL"


def _facts(report: Report, case: Case, row: Check, of_array: bool) -> dict[str, Any]:
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
