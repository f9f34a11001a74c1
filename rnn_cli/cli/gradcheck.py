"""rnn gradcheck: every hand-written derivative against differences."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from rnn_cli.cli.console import UsageError, say
from rnn_cli.cli.options import one_of
from rnn_cli.language_model import LanguageModel
from rnn_cli.network.cells import CELLS
from rnn_cli.network.gradcheck import TOLERANCE, Check, carried_state, hard_batch
from rnn_cli.network.gradcheck import gradcheck as check
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.model import Batch, Gradients, Network, Parameters, State
from rnn_cli.training.executor import ROWS, Executor

VOCABULARIES = (7, ONE_HOT_UP_TO + 1)  # the gradient of U is computed in one way for each
SHARDS = (1, 2)  # one is computed here, with lines that end; two in two processes, with a state that runs on
ENTRIES_OF_A_MODEL = 50


class Case(NamedTuple):
    network: Network
    p: Parameters
    entries: int | None
    shards: int


def gradcheck(
    cell: Annotated[
        str | None,
        typer.Option(help="Check this cell. Default: all.", show_default=False, **one_of(CELLS)),
    ] = None,
    hidden: Annotated[int, typer.Option(min=1, max=64, help="Hidden size.")] = 5,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="Check a trained model instead, on a sample of its entries."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**64 - 1, help="Decides the batch.")] = 0,
) -> None:
    """Check every hand-written derivative against central differences, in float64.

    The batch has what real ones have: tokens that repeat within a step, padding, a state carried in,
    and in one shard lines that end; in two, the state runs on. The exit status is 1 if any gradient
    disagrees.
    """
    rng = np.random.default_rng((seed, *b"gradcheck"))
    cases: list[Case] = []
    if model is None:
        for name in CELLS if cell is None else [cell]:
            for m, shards in itertools.product(VOCABULARIES, SHARDS):
                network = Network(m, hidden, name)
                cases.append(Case(network, network.initialise(rng, np.ones(m)), None, shards))
    else:
        loaded = LanguageModel.load(model)
        if cell not in (None, loaded.network.cell):
            raise UsageError(f"--cell {cell}, but {model} is of {loaded.network.cell}")
        cases.append(Case(loaded.network, loaded.p, ENTRIES_OF_A_MODEL, shards=1))
    typer.echo(
        f"{'cell':<6} {'m':>6} {'shards':>6} {'array':<6} {'shape':<14} {'checked':>8} {'relative error':>15}"
    )
    failed = False
    for case in cases:
        for row in _check(case, rng):
            failed |= not row.ok
            shape = " x ".join(map(str, row.shape))
            verdict = "ok" if row.ok else "FAIL"
            typer.echo(
                f"{case.network.cell:<6} {case.network.m:>6} {case.shards:>6} {row.name:<6} {shape:<14} "
                f"{row.checked:>8} {row.error:>15.1e}  {verdict}"
            )
    if failed:
        say(f"FAIL: a derivative disagrees with differences by more than {TOLERANCE:g} of itself")
        raise typer.Exit(1)
    say(f"ok: every derivative agrees with differences to within {TOLERANCE:g} of itself")


def _check(case: Case, rng: np.random.Generator) -> Iterator[Check]:
    batch = hard_batch(case.network.m, rng, B=ROWS * case.shards, runs_on=case.shards > 1)
    state = carried_state(case.network, batch.x.shape[1], rng)
    with Executor(case.network, case.shards, sharded=True, dtype=np.float64) as executor:

        def by_hand(p: Parameters, batch: Batch, state: State) -> Gradients:
            return executor.loss_and_gradients(p, batch, state)[1]

        yield from check(case.network, case.p, batch, state, rng, case.entries, by_hand=by_hand)
