"""rnn gradcheck: check every hand-written derivative against differences, and against the tutorial."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.checked import (
    OF_LANGUAGES,
    OF_VALUES,
    facts_of,
    facts_of_sequences,
    row_of,
    row_of_sequences,
    row_of_values,
    table_of_sequences,
)
from rnn_cli.cli.console import say, write_json
from rnn_cli.cli.options.common import JsonOption, a_file, one_of
from rnn_cli.cli.strips import room
from rnn_cli.errors import UsageError
from rnn_cli.models.file import LANGUAGE, USES, task_of
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.loading import load
from rnn_cli.models.looking.derivatives import derivatives_of, noisy_model
from rnn_cli.models.looking.fresh import HIDDEN
from rnn_cli.network.cells import CELLS
from rnn_cli.network.gradcheck import TOLERANCE
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.training.gradcheck import (
    AGREEMENT,
    Case,
    SequenceCase,
    cases,
    check,
    check_sequences,
    model_case,
    random_numbers,
    sequence_cases,
    sequence_model_case,
)


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
            "--model",
            "-m",
            callback=a_file,
            help="Check a trained model of any task instead, without dropout.",
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
            help="Show derivatives on this text next to differences, some of each array, for one "
            "network: the tutorial's, or the one that the other options choose.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**64 - 1, help="Seed of the batch.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Check every hand-written derivative against finite differences, in float64, on a sample of its entries.

    The networks cover all that the options of `rnn train` allow: each cell, one and two layers, no embedding,
    an embedding and a tied one, each output layer, a small and a large vocabulary. The batch has what real
    ones have: tokens that repeat within a step, padding, a state carried in, lines that end, dropout. One
    network of each cell is also checked as two shards, in two processes, where the state carries over. The
    column `tutorial` compares all gradients with those of network/tutorial.py, the plain equations on one-hot
    vectors, for the networks that it can express. The exit status is 1 if any derivative disagrees.

    A second table has the networks for whole sequences: those that label, tag, translate and generate. Each
    cell is checked with every direction, pooling and attention, on rows of different lengths. The table is
    left out if --layers, --embedding, --tie or --output selects a language model.

    With --model, the network is that of a trained model, of any task, and each of its arrays has a row. With
    --values, there is one network, with the text's own tokens or from --model, and the numbers themselves are
    shown.
    """
    options = {"cell": cell, "layers": layers, "embedding": embedding, "tie": tie, "output": output}
    chosen = {name: value for name, value in options.items() if value is not None}
    if values is not None:
        if arrays:
            raise UsageError("--arrays is not for --values, which has rows of each array")
        if model and (task := task_of(model)) in USES.keys() - {LANGUAGE}:
            of = USES[task][0]
            raise UsageError(
                f"--values is for a language model, but {model} is a model of {of}: --model alone checks "
                "any model"
            )
        shown = _loaded(model, chosen) if model else _noisy(values, hidden, chosen, seed)
        raise typer.Exit(0 if _show_values(shown, values, seed, as_json) else 1)
    rng = random_numbers(seed)
    all_cases, of_tasks = _checked(model, hidden, chosen, rng)
    of_array = bool(arrays or model)
    show: Callable[[str], object] = typer.echo if not as_json else lambda row: None
    has_failed, checked, rows = False, 0, []
    has_first = bool(all_cases or not model)  # a table of language models
    table = OF_LANGUAGES.within(room())
    if has_first:
        show(table.head())
    for case in all_cases:
        report = check(case, rng)
        has_failed |= not report.ok
        checked += report.worst.checked
        for row in report.checks if of_array else [report.worst]:
            show(table.row(row_of(report, case, row, of_array)))
            rows.append(facts_of(report, case, row, of_array))
    for number, of_task in enumerate(of_tasks):
        if number == 0:
            table = table_of_sequences(of_task, of_array).within(room())  # only those of --model are larger
            show(("\n" if has_first else "") + table.head())
        report = check_sequences(of_task, rng)
        has_failed |= not report.ok
        checked += report.worst.checked
        for row in report.checks if of_array else [report.worst]:
            show(table.row(row_of_sequences(of_task, row)))
            rows.append(facts_of_sequences(of_task, row))
    if as_json:
        write_json({"ok": not has_failed, "checked": checked, "tolerance": TOLERANCE, "rows": rows})
    if has_failed:
        say(
            f"FAIL: a derivative disagrees with differences by more than {TOLERANCE:g} of itself, "
            f"or with the tutorial by more than {AGREEMENT:g} of its array's largest"
        )
        raise typer.Exit(1)
    say(f"ok: {checked:,} derivatives agree with differences to within {TOLERANCE:g} of themselves")


def _checked(
    model: Path | None, hidden: int, chosen: dict[str, Any], rng: Any
) -> tuple[list[Case], Iterator[SequenceCase]]:
    """Return the language models to check, and an iterator of networks of whole sequences. These are made
    only when they are checked, after the language models have drawn their random numbers."""
    if model and task_of(model) in USES.keys() - {LANGUAGE}:
        return [], iter([_of_task(model, chosen, rng)])
    if model:
        return [_of_model(model, chosen)], iter(())
    cells = [chosen["cell"]] if "cell" in chosen else [*CELLS]
    has_others = not chosen.keys() - {"cell"}

    def of_tasks() -> Iterator[SequenceCase]:
        if has_others:
            yield from sequence_cases(hidden, cells, rng)

    return _cases(hidden, chosen, rng), of_tasks()


def _cases(hidden: int, chosen: dict[str, Any], rng: Any) -> list[Case]:
    try:
        return cases(hidden, chosen, rng)
    except ValueError as error:
        raise UsageError(
            "--tie needs an --embedding of the hidden size, and --output softmax or classes"
        ) from error


def _noisy(text: str, hidden: int, chosen: dict[str, Any], seed: int) -> LanguageModel:
    try:
        return noisy_model(text, hidden, chosen, seed)
    except ValueError as error:
        raise UsageError(
            "there is no such network: --tie needs an --embedding of the hidden size and --output "
            "softmax or classes; --output classes or adaptive needs a text of several words"
        ) from error


def _show_values(model: LanguageModel, text: str, seed: int, as_json: bool) -> bool:
    """Print the derivatives of a text next to differences; return whether all agree."""
    found = [*derivatives_of(model, text, seed)]
    bad = sum(not entry.ok for entry in found)
    is_ok = not bad
    if as_json:
        rows = [entry._asdict() | {"ok": entry.ok} for entry in found]
        write_json({"ok": is_ok, "tolerance": TOLERANCE, "rows": rows})
    else:
        table = OF_VALUES.within(room())
        typer.echo(table.head())
        for entry in found:
            typer.echo(table.row(row_of_values(entry, table)))
    network = model.network.describe()
    if is_ok:
        say(f"ok: {len(found)} derivatives agree with differences in float64 ({network})")
    else:
        say(f"FAIL: {bad} of {len(found)} derivatives do not agree with differences in float64 ({network})")
    return is_ok


def _of_model(path: Path, chosen: dict[str, Any]) -> Case:
    loaded = _loaded(path, chosen)
    return model_case(loaded.network, loaded.p)


def _of_task(path: Path, chosen: dict[str, Any], rng: Any) -> SequenceCase:
    loaded = load(path)
    if others := chosen.keys() - {"cell"}:
        of = USES[loaded.task][0]
        raise UsageError(f"--{min(others)} chooses a language model, but {path} is a model of {of}")
    case = sequence_model_case(loaded.task, loaded.network, loaded.p, rng)
    _refuse_another(path, "cell", chosen.get("cell", case.example.cell), case.example.cell)
    return case


def _refuse_another(path: Path, name: str, value: Any, own: Any) -> None:
    if value != own:
        raise UsageError(f"--{name} {value}, but {path} has {name} {own}")


def _loaded(path: Path, chosen: dict[str, Any]) -> LanguageModel:
    loaded = LanguageModel.load(path)
    for name, value in chosen.items():
        _refuse_another(path, name, value, getattr(loaded.network, name))
    return loaded
