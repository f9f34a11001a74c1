"""rnn bench: how fast training goes on this machine."""

import json
import math
from typing import Annotated

import numpy as np
import typer

from rnn_cli.cli.console import say
from rnn_cli.cli.options import (
    BatchOption,
    BpttOption,
    CellOption,
    OptimizerOption,
    ThreadsOption,
    finite,
)
from rnn_cli.cli.run import refuse_beyond_memory
from rnn_cli.network.model import Network
from rnn_cli.text.corpus import Corpus, Windows
from rnn_cli.text.vocabulary import SPECIAL
from rnn_cli.training.executor import Executor, available_threads, worthwhile_threads
from rnn_cli.training.loop import Recipe
from rnn_cli.training.measure import peak_flops, training_speed
from rnn_cli.training.optimizers import OPTIMIZERS

WINDOWS = 20  # of the random text


def bench(
    cell: CellOption = "tanh",
    hidden: Annotated[
        int,
        typer.Option("--hidden", "-n", min=1, max=1 << 20, rich_help_panel="Network", help="Hidden size."),
    ] = 256,
    vocab: Annotated[
        int,
        typer.Option(
            min=SPECIAL + 2, max=1 << 24, help="Size of the vocabulary, START, END and UNK included."
        ),
    ] = 65,
    batch: BatchOption = 64,
    bptt: BpttOption = 64,
    optimizer: OptimizerOption = "adam",
    threads: ThreadsOption = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, callback=finite, help="How long to train.")
    ] = 3.0,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time of a step goes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how fast training goes on this machine.

    Trains as rnn train does, on random tokens. GFLOP/s counts the matrix products of a step, which are
    most of its arithmetic; the peak is that of one large product in the same process, on as many
    threads.
    """
    network = Network(vocab, hidden, cell)
    threads = worthwhile_threads(network, batch, bptt, math.inf, threads or available_threads())
    refuse_beyond_memory(network, batch, bptt, threads)
    rng = np.random.default_rng(0)
    ids = rng.integers(SPECIAL, vocab, WINDOWS * batch * bptt, np.int32)
    text = Corpus(ids, np.array([0, len(ids)]), np.array([len(ids)]))
    recipe = Recipe(optimizer, OPTIMIZERS[optimizer].lr, clip=1.0, epochs=1_000_000, warmup=0.02)
    p = network.initialise(rng, np.bincount(ids, minlength=vocab))
    windows = Windows(text, batch, bptt, carry_state=True)
    with Executor(network, threads) as executor:
        speed = training_speed(executor, recipe, p, windows, batch, seconds)
    rate = speed.tokens / speed.seconds
    flops, peak = rate * network.flops, peak_flops(executor.threads)
    figures = {
        "tokens_per_second": round(rate),
        "gflops": round(flops / 1e9, 1),
        "peak_gflops": round(peak / 1e9, 1),
        "fraction_of_peak": round(flops / peak, 3),
        "threads": executor.threads,
        "execution": executor.execution,
    }
    of_step = {phase: 1e3 * taken / speed.steps for phase, taken in speed.phases.items()}
    of_step["rest"] = 1e3 * speed.seconds / speed.steps - sum(of_step.values())
    if profile:
        figures["milliseconds"] = {phase: round(taken, 3) for phase, taken in of_step.items()}
    if as_json:
        typer.echo(json.dumps(figures))
        return
    typer.echo(f"{rate:,.0f} tokens/s; {flops / 1e9:.1f} GFLOP/s of {peak / 1e9:.1f} ({flops / peak:.0%})")
    say(f"{cell}, hidden {hidden}, vocabulary {vocab:,}, {batch} rows of {bptt} steps: {executor.execution}")
    if profile:
        typer.echo(f"\n{'phase':<18}{'ms a step':>10}{'share':>8}")
        for phase, taken in of_step.items():
            typer.echo(f"{phase:<18}{taken:>10.3f}{taken / sum(of_step.values()):>8.0%}")
