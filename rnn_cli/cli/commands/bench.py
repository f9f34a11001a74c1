"""rnn bench: how fast training goes on this machine."""

from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, write_json
from rnn_cli.cli.language import label, translated
from rnn_cli.cli.options.common import JsonOption, finite
from rnn_cli.cli.options.settings import Given, takes_settings
from rnn_cli.printing import columns
from rnn_cli.runs.benchmark import Result, benchmark
from rnn_cli.runs.settings import Settings
from rnn_cli.text.vocabulary import SPECIAL

NETWORK = ("cell", "hidden", "layers", "embedding", "tie", "output", "batch", "bptt", "optimizer", "threads")


@takes_settings(*NETWORK)
def bench(
    given: Given,
    vocab: Annotated[
        int,
        typer.Option(
            min=SPECIAL + 2, max=1 << 24, help="Size of the vocabulary, START, END and UNK included."
        ),
    ] = 65,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, callback=finite, help="How long to train.")
    ] = 3.0,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time of a step goes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast training runs on this machine.

    Trains as rnn train does, on random tokens that occur as often as words do. GFLOP/s counts the matrix
    products of a step, which are most of its arithmetic; the peak is the speed of one large product in the
    same process, on as many threads. The default is tanh, hidden size 256, 64 rows of 64 steps, adamw.
    """
    settings = Settings(**given)
    result = benchmark(vocab, settings.given(), settings.threads, seconds)
    if as_json:
        write_json(_figures(result, profile))
        return
    flops, peak = result.rate * result.flops / 1e9, result.peak / 1e9
    rate = f"{result.rate:,.0f} tokens/s"
    typer.echo(translated(f"{rate}; {flops:.1f} GFLOP/s of {peak:.1f} ({result.fraction_of_peak:.0%})"))
    say(f"{result.network}, {result.rows} rows of {result.steps} steps: {result.execution}")
    if profile:
        _print_profile(result)


def _figures(result: Result, profile: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "tokens_per_second": round(result.rate),
        "gflops": round(result.rate * result.flops / 1e9, 1),
        "peak_gflops": round(result.peak / 1e9, 1),
        "fraction_of_peak": round(result.fraction_of_peak, 3),
        "threads": result.threads,
        "execution": result.execution,
    }
    if profile:
        figures["milliseconds"] = {phase: round(ms, 3) for phase, ms in result.milliseconds.items()}
    return figures


def _print_profile(result: Result) -> None:
    heads = [label(head) for head in ("ms a step", "share")]
    typer.echo(f"\n{label('phase', 18)}" + "".join(f"{' ' * (10 - columns(head))}{head}" for head in heads))
    total = sum(result.milliseconds.values())
    for phase, milliseconds in result.milliseconds.items():
        typer.echo(f"{phase:<18}{milliseconds:>10.3f}{milliseconds / total:>10.0%}")
