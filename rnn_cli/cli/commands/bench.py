"""rnn bench: how fast training goes on this machine."""

import json
import math
from typing import Annotated

import numpy as np
import typer

from rnn_cli.cli.console import say
from rnn_cli.cli.options.text import finite
from rnn_cli.cli.options.training import (
    BatchOption,
    BpttOption,
    CellOption,
    EmbeddingOption,
    HiddenOption,
    LayersOption,
    OptimizerOption,
    OutputOption,
    ThreadsOption,
    TieOption,
)
from rnn_cli.runs.forecast import Shape, refuse_beyond
from rnn_cli.runs.presets import Preset, refuse_tying
from rnn_cli.text.vocabulary import SPECIAL
from rnn_cli.text.windows import Windows
from rnn_cli.training.loop import Recipe
from rnn_cli.training.measure import peak_flops, training_speed
from rnn_cli.training.parallel.executor import Executor, available_threads, worthwhile_threads

WINDOWS = 20  # of the random text
USUAL = Preset(
    cell="tanh",
    hidden=256,
    layers=1,
    embedding=0,
    tie=False,
    output="softmax",
    batch=64,
    bptt=64,
    steps=0,
    optimizer="adamw",
    lr=6e-3,
    schedule="constant",
    clip=1.0,
    dropout=0.0,
    weight_decay=0.0,
)


def bench(
    cell: CellOption = None,
    hidden: HiddenOption = None,
    layers: LayersOption = None,
    embedding: EmbeddingOption = None,
    tie: TieOption = None,
    output: OutputOption = None,
    vocab: Annotated[
        int,
        typer.Option(
            min=SPECIAL + 2, max=1 << 24, help="Size of the vocabulary, START, END and UNK included."
        ),
    ] = 65,
    batch: BatchOption = None,
    bptt: BpttOption = None,
    optimizer: OptimizerOption = None,
    threads: ThreadsOption = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, callback=finite, help="How long to train.")
    ] = 3.0,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time of a step goes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how fast training goes on this machine.

    Trains as rnn train does, on random tokens that occur as often as words do. GFLOP/s counts the matrix
    products of a step, which are most of its arithmetic; the peak is that of one large product in the same
    process, on as many threads. By default tanh, hidden 256, 64 rows of 64 steps, adamw.
    """
    refuse_tying(tie, output, embedding, hidden)
    usual = USUAL.given(
        cell=cell,
        hidden=hidden,
        layers=layers,
        embedding=embedding,
        tie=tie,
        output=output,
        batch=batch,
        bptt=bptt,
        optimizer=optimizer,
    )
    rng = np.random.default_rng(0)
    rows, steps = usual.batch, usual.bptt
    frequencies = 1 / np.arange(1, vocab - SPECIAL + 1)  # words' (Zipf 1935)
    ids = SPECIAL + rng.choice(vocab - SPECIAL, WINDOWS * rows * steps, p=frequencies / frequencies.sum())
    counts = np.bincount(ids, minlength=vocab)
    network = usual.network(vocab, counts)
    flops = network.flops(counts)
    threads = worthwhile_threads(flops, rows, steps, math.inf, threads or available_threads())
    how = usual.optimizer, usual.dropout, rows, steps, threads
    refuse_beyond(None, Shape(network, counts, *how, keeps=False))
    recipe = Recipe(usual.optimizer, usual.lr, clip=1.0, epochs=1, warmup=0.02)
    p = network.initialise(rng, counts)
    windows = Windows(ids, (np.array([0]), np.array([len(ids)])), rows, steps, carry_state=True)
    with Executor(network, (steps, rows), threads) as executor:
        speed = training_speed(executor, recipe, p, windows, rows, seconds)
    rate = speed.tokens / speed.seconds
    flops, peak = rate * flops, peak_flops(executor.threads)
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
    say(f"{network.describe()}, {rows} rows of {steps} steps: {executor.execution}")
    if profile:
        typer.echo(f"\n{'phase':<18}{'ms a step':>10}{'share':>8}")
        for phase, taken in of_step.items():
            typer.echo(f"{phase:<18}{taken:>10.3f}{taken / sum(of_step.values()):>8.0%}")
