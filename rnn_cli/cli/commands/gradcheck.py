"""rnn gradcheck: every hand-written derivative against differences."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from rnn_cli.cli.console import UsageError, say
from rnn_cli.cli.options.text import one_of
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.architecture import Gradients
from rnn_cli.network.arrays import Parameters, State
from rnn_cli.network.cells import CELLS
from rnn_cli.network.gradcheck import (
    TOLERANCE,
    Check,
    carried_state,
    combinations,
    hard_batch,
    noisy_parameters,
)
from rnn_cli.network.gradcheck import gradcheck as check
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Batch, Masks, Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.training.parallel.executor import ROWS, Executor
from rnn_cli.training.parallel.ranks import NO_DROPOUT, Dropout

VOCABULARIES = (7, ONE_HOT_UP_TO + 1)  # the gradient of a table is computed in one way for each
ENTRIES = 20
ENTRIES_OF_A_MODEL = 50
DROPOUT = Dropout(0.3, key=tuple(b"gradcheck"))
ROW = "{:<5} {:>6} {:>5} {:<8} {:>5} {:>6} {:<5} {:<10} {:>7} {:>7}  {}"
HEAD = ["cell", "layers", "embed", "output", "m", "shards", "array", "shape", "checked", "error"]


class Case(NamedTuple):
    network: Network
    p: Parameters
    shards: int  # one is computed here, with lines that end; two in two processes, the state running on
    entries: int  # of each array
    dropout: Dropout


def gradcheck(
    cell: Annotated[
        str | None, typer.Option(help="Only networks of this cell.", show_default=False, **one_of(CELLS))
    ] = None,
    layers: Annotated[
        int | None, typer.Option(min=1, max=8, help="Only of so many layers. Default: one and two.")
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
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**64 - 1, help="Decides the batch.")] = 0,
) -> None:
    """Check every hand-written derivative against differences, in float64, on a sample of its entries.

    The networks are all that the options of `rnn train` allow: each cell, one layer and two, without an
    embedding, with one and with a tied one, each output layer, on a small vocabulary and on a large one.
    The batch has what real ones have: tokens that repeat within a step, padding, a state carried in, lines
    that end, dropout. One network of each cell is also checked as two shards, in two processes; there the
    state runs on. The exit status is 1 if any gradient disagrees.
    """
    rng = np.random.default_rng((seed, *b"gradcheck"))
    options = {"cell": cell, "layers": layers, "embedding": embedding, "tie": tie, "output": output}
    chosen = {name: value for name, value in options.items() if value is not None}
    cases = _cases(hidden, chosen, rng) if model is None else [_of_model(model, chosen)]
    typer.echo(ROW.format(*HEAD, "").rstrip())
    failed = False
    for case in cases:
        checks = [*_check(case, rng)]
        failed |= not all(row.ok for row in checks)
        for row in checks if arrays or model else [_worst(checks)]:
            typer.echo(_row(case, row))
    if failed:
        say(f"FAIL: a derivative disagrees with differences by more than {TOLERANCE:g} of itself")
        raise typer.Exit(1)
    say(f"ok: every derivative agrees with differences to within {TOLERANCE:g} of itself")


def _cases(hidden: int, chosen: dict[str, Any], rng: np.random.Generator) -> list[Case]:
    networks = [network for m in VOCABULARIES for network in combinations(m, hidden, **chosen)]
    if not networks:
        raise UsageError("--tie needs an --embedding of the hidden size, and --output softmax")
    last_of_each_cell = {network.cell: network for network in networks}.values()
    shards = [(network, 1) for network in networks] + [(network, 2) for network in last_of_each_cell]
    return [
        Case(network, noisy_parameters(network, rng), count, ENTRIES, DROPOUT) for network, count in shards
    ]


def _of_model(path: Path, chosen: dict[str, Any]) -> Case:
    loaded = LanguageModel.load(path)
    for name, value in chosen.items():
        if (own := getattr(loaded.network, name)) != value:
            raise UsageError(f"--{name} {value}, but {path} has {name} {own}")
    return Case(loaded.network, loaded.p, 1, ENTRIES_OF_A_MODEL, NO_DROPOUT)


def _check(case: Case, rng: np.random.Generator) -> Iterator[Check]:
    network, p, shards, entries, dropout = case
    batch = hard_batch(network.m, rng, B=ROWS * shards, runs_on=shards > 1)
    T, B = batch.x.shape
    state = carried_state(network, B, rng)
    masks = _masks(case, T)
    with Executor(network, (T, B), shards, sharded=True, dtype=np.float64) as executor:

        def by_hand(p: Parameters, batch: Batch, state: State) -> Gradients:
            return executor.loss_and_gradients(p, batch, state, dropout)[1]

        yield from check(network, p, batch, state, rng, entries, masks, by_hand)


def _masks(case: Case, T: int) -> Masks:
    """What the executor leaves out of each shard."""
    rate, key, of_window = case.dropout
    rngs = [np.random.default_rng((*key, ROWS * shard)) for shard in range(case.shards)]
    drawn = [case.network.draw_masks(rng, rate, T, ROWS, of_window) for rng in rngs]
    return {name: np.concatenate([masks[name] for masks in drawn], axis=1) for name in drawn[0]}


def _worst(checks: list[Check]) -> Check:
    """Of all arrays of a network; how many of their entries were checked."""
    worst = max(checks, key=lambda row: row.error)
    return worst._replace(checked=sum(row.checked for row in checks))


def _row(case: Case, row: Check) -> str:
    network = case.network
    embedding = "tied" if network.tie else network.embedding or "none"
    shape = " x ".join(map(str, row.shape))
    of_network = (network.cell, network.layers, embedding, network.output, network.m, case.shards)
    verdict = "ok" if row.ok else "FAIL"
    return ROW.format(*of_network, row.name, shape, row.checked, f"{row.error:.1e}", verdict)
