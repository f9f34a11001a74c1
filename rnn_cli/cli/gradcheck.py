"""rnn gradcheck: every hand-written derivative against differences."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from rnn_cli.cli.console import UsageError, say
from rnn_cli.cli.options import one_of
from rnn_cli.language_model import LanguageModel
from rnn_cli.network.cells import CELLS
from rnn_cli.network.gradcheck import TOLERANCE, carried_state, hard_batch
from rnn_cli.network.gradcheck import gradcheck as check
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.model import Network, Parameters

VOCABULARIES = (7, ONE_HOT_UP_TO + 1)  # the gradient of U is computed in one way for each
ENTRIES_OF_A_MODEL = 50


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

    The batch has what real ones have: tokens that repeat within a step, lines that end, padding,
    and a state carried in. The exit status is 1 if any gradient disagrees.
    """
    rng = np.random.default_rng((seed, *b"gradcheck"))
    cases: list[tuple[Network, Parameters, int | None]] = []
    if model is None:
        for name in CELLS if cell is None else [cell]:
            for m in VOCABULARIES:
                network = Network(m, hidden, name)
                cases.append((network, network.initialise(rng, np.ones(m)), None))
    else:
        loaded = LanguageModel.load(model)
        if cell not in (None, loaded.network.cell):
            raise UsageError(f"--cell {cell}, but {model} is of {loaded.network.cell}")
        cases.append((loaded.network, loaded.p, ENTRIES_OF_A_MODEL))
    typer.echo(f"{'cell':<6} {'m':>6} {'array':<6} {'shape':<14} {'checked':>8} {'relative error':>15}")
    failed = False
    for network, p, entries in cases:
        batch = hard_batch(network.m, rng)
        state = carried_state(network, batch.x.shape[1], rng)
        for row in check(network, p, batch, state, rng, entries):
            failed |= not row.ok
            shape = " x ".join(map(str, row.shape))
            verdict = "ok" if row.ok else "FAIL"
            typer.echo(
                f"{network.cell:<6} {network.m:>6} {row.name:<6} {shape:<14} {row.checked:>8} "
                f"{row.error:>15.1e}  {verdict}"
            )
    if failed:
        say(f"FAIL: a derivative disagrees with differences by more than {TOLERANCE:g} of itself")
        raise typer.Exit(1)
    say(f"ok: every derivative agrees with differences to within {TOLERANCE:g} of itself")
