"""rnn train: a model from a text."""

from contextlib import closing
from typing import Annotated

import typer

from rnn_cli.cli.console import say
from rnn_cli.cli.options.common import (
    DEFAULT_MODEL,
    CacheDirOption,
    MaxMemoryOption,
    ModelOption,
    NoCacheOption,
    bytes_of,
)
from rnn_cli.cli.options.settings import Given, takes_settings
from rnn_cli.cli.progress import Progress, follow, span, way_on
from rnn_cli.cli.samples import what_is_copied
from rnn_cli.cli.signals import Stop, stop_on_signals
from rnn_cli.runs.copied import SAMPLES
from rnn_cli.runs.events import Begun, Ended
from rnn_cli.runs.memory import in_units, refuse_beyond
from rnn_cli.runs.paths import lock_path
from rnn_cli.runs.plan import Plan, plan
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import ABOUTS, Settings
from rnn_cli.runs.trainer import Trainer

# The options of --help; --help-all lists the others too.
COMMON = (
    "corpus",
    "model",
    "tokenizer",
    "carry_state",
    "valid",
    "preset",
    "hidden",
    "epochs",
    "resume",
    "force",
)


@takes_settings(*ABOUTS)
def train(
    given: Given,
    model: ModelOption = DEFAULT_MODEL,
    cache_dir: CacheDirOption = None,
    no_cache: NoCacheOption = False,
    max_memory: MaxMemoryOption = None,
    plan_only: Annotated[
        bool,
        typer.Option(
            "--plan",
            rich_help_panel="Training",
            help="Print what the run would take, memory and time, and stop.",
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel="Files",
            help="Go on with the run of --model where it was saved; no other option is needed.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            "-f",
            rich_help_panel="Files",
            help="Start over: replace the model that is there. With --resume: go on, even on another text.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")
    ] = False,
) -> None:
    """Train a language model on a text.

    The model file holds the model that is best on the validation text; beside it lies what --resume
    needs. An interrupted run (Ctrl-C) finishes its step and saves. --help-all lists every option.
    """
    settings = Settings(**given)
    resources = Resources.of_user(cache_dir, not no_cache, settings.threads, bytes_of(max_memory))
    if plan_only:
        found = follow(plan(settings, model, resources), quiet)
        _print_plan(found)
        refuse_beyond(resources.max_memory, found.run.shape, found.demand)
        return
    with stop_on_signals() as stop:
        if resume:
            trainer = Trainer.resume(model, resources=resources, force=force, **given)
        else:
            trainer = Trainer.begin(settings, model, resources=resources, force=force)
        stop.litter.append(lock_path(trainer.model))
        raise typer.Exit(_train(trainer, stop, quiet))


def _train(trainer: Trainer, stop: Stop, quiet: bool) -> int:
    """Run a trainer to its end, and show it; return the exit status."""
    with closing(trainer), closing(Progress(trainer, quiet)) as progress:
        try:
            for event in trainer:
                if isinstance(event, Begun):
                    stop.in_order = True  # from here there is something to save
                progress.show(event)
                if stop.signal:
                    trainer.stop(f"stopped by {stop.name}")
                if isinstance(event, Ended) and not quiet:
                    _say_the_end(trainer, stop.signal is not None)
        except BrokenPipeError:  # nobody reads our lines any more
            if isinstance(event, Ended):
                return stop.status
            trainer.stop("nobody listens")
            for _ in trainer:
                pass
            raise
    return stop.status


def _say_the_end(trainer: Trainer, is_stopped: bool) -> None:
    copied = None if is_stopped else trainer.copied()
    if copied:
        say(f"of {SAMPLES} samples, {what_is_copied(copied)}")
    say(way_on(trainer.run, is_stopped))


def _print_plan(found: Plan) -> None:
    run, share = found.run, found.share
    train = run.data.train
    tokens, lines = round(train.tokens / share), round(train.lines / share)
    estimated = f", estimated from the first {share:.1%} of it" if share < 1 else ""
    at_least = "at least " if share < 1 else ""
    parts = ", ".join(f"{name} {in_units(size)}" for name, size in vars(found.demand).items())
    times = f"{span(found.epoch_seconds)} an epoch, {span(found.seconds)} in all"
    for line in (
        f"text        {tokens:,} tokens in {lines:,} lines to learn from{estimated}",
        f"vocabulary  {at_least}{run.network.m:,}; {train.unknown / train.tokens:.1%} of the tokens unknown",
        f"network     {run.network.describe()}",
        f"parameters  {run.network.size:,}",
        f"memory      {in_units(found.demand.total)} at its peak: {parts}",
        f"steps       {found.steps_an_epoch:,} an epoch, {run.epochs} epochs",
        f"time        {times}, at {found.rate:,.0f} tokens/s as now",
    ):
        typer.echo(line)
