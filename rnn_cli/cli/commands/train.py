"""rnn train: train a model on texts."""

import os
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, write_json
from rnn_cli.cli.language import label, translated
from rnn_cli.cli.options.common import (
    DEFAULT_MODEL,
    CacheDirOption,
    MaxMemoryOption,
    ModelOption,
    NoCacheOption,
    bytes_of,
    finite,
)
from rnn_cli.cli.options.settings import Given, takes_settings
from rnn_cli.cli.progress import Progress, follow, span, way_on
from rnn_cli.cli.ranks import end_alike, say_from
from rnn_cli.cli.samples import what_is_copied
from rnn_cli.cli.signals import Stop, stop_on_signals
from rnn_cli.errors import Diverged
from rnn_cli.printing import counted
from rnn_cli.runs.copied import SAMPLES
from rnn_cli.runs.events import Begun, Ended
from rnn_cli.runs.memory import in_units, refuse_beyond
from rnn_cli.runs.paths import lock_path
from rnn_cli.runs.plan import Plan, Sums, plan
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import ABOUTS, Settings
from rnn_cli.runs.trainer import Trainer
from rnn_cli.training.parallel.world import world_of

# The options of --help; --help-all lists the others too.
COMMON = (
    "corpus",
    "model",
    "task",
    "tokenizer",
    "carry_state",
    "valid",
    "preset",
    "hidden",
    "epochs",
    "time",
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
    rank_timeout: Annotated[
        float | None,
        typer.Option(
            "--rank-timeout",
            metavar="SECONDS",
            min=1,
            callback=finite,
            show_default=False,
            rich_help_panel="Training",
            help="Under mpiexec: end if nothing is heard from the other ranks for this long, or five times "
            "as long while the text is read. Default: 60, or 20 usual steps.",
        ),
    ] = None,
    plan_only: Annotated[
        bool,
        typer.Option(
            "--plan",
            rich_help_panel="Training",
            help="Print how much memory and time the run would take, and stop.",
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel="Files",
            help="Continue the run of --model from where it was saved; no other option is needed.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            "-f",
            rich_help_panel="Files",
            help="Start over, replacing the existing model. With --resume: go on even with a different text.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", rich_help_panel="Files", help="Print one JSON object at the end, with the outcome."
        ),
    ] = False,
) -> None:
    """Train a language model on a text or, with --task, a model of labels, tags or pairs.

    The model file holds the model that is best on the validation text; a file beside it holds what --resume
    needs. An interrupted run (Ctrl-C) finishes its current step and saves. --help-all lists every option.
    """
    world = world_of(os.environ)
    settings = Settings(**given)
    resources = Resources.of_user(cache_dir, not no_cache, settings.threads, bytes_of(max_memory), world)
    resources = replace(resources, rank_timeout=rank_timeout)
    as_json = as_json and world.rank == 0

    def of_rank() -> int:
        if plan_only:
            _show_plan(follow(plan(settings, model, resources), quiet), resources, as_json)
            return 0
        with stop_on_signals() as stop:
            if resume:
                trainer = Trainer.resume(model, resources=resources, force=force, **given)
            else:
                trainer = Trainer.begin(settings, model, resources=resources, force=force)
            trainer.when_silent(partial(say_from, world))
            if world.rank == 0:
                stop.litter.append(lock_path(trainer.model))
            try:
                status = _train(trainer, stop, quiet, is_first=world.rank == 0)
            except Diverged:
                if as_json:
                    write_json(trainer.outcome("diverged"))
                raise
            if as_json:
                write_json(trainer.outcome())
            return status

    raise typer.Exit(end_alike(world, of_rank))


def _train(trainer: Trainer, stop: Stop, quiet: bool, is_first: bool) -> int:
    """Run a trainer to its end and show its progress; return the exit status. is_first: whether this is the
    rank that shows it."""
    quiet = quiet or not is_first
    with closing(trainer), closing(Progress(trainer, quiet)) as progress:
        try:
            for event in trainer:
                if isinstance(event, Begun):
                    stop.in_order = True  # from here on there is something to save
                progress.show(event)
                if stop.signal:
                    by_hand = stop.name == "SIGINT"  # has its own message: people know it as Ctrl-C
                    trainer.stop("stopped by SIGINT" if by_hand else f"stopped by {stop.name}")
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


def _show_plan(found: Plan, resources: Resources, as_json: bool) -> None:
    if as_json:
        write_json(_plan_figures(found))
    elif resources.world.rank == 0:
        _print_plan(found)
    refuse_beyond(resources.max_memory, found.run.shape, found.demand)


def _plan_figures(found: Plan) -> dict[str, Any]:
    """Return a plan for JSON. memory: in bytes. share: the fraction of the text that was measured."""
    run = found.run
    return (
        run.sizes(found.share)
        | {
            "share": found.share,
            "network": run.about_network,
            "parameters": run.network.size,
            "memory": {"total": found.demand.total, **vars(found.demand)},
            "steps_an_epoch": found.steps_an_epoch,
            "epochs": run.epochs,
            "seconds_an_epoch": found.epoch_seconds,
            "seconds": found.seconds,
            "tokens_per_second": found.rate,
        }
        | _of_sums(found.sums)
    )


def _of_sums(sums: Sums | None) -> dict[str, Any]:
    """Return what ranks send each other, for JSON. traffic: bytes that a rank sends in a step."""
    if sums is None:
        return {}
    return {
        "ranks": sums.ranks,
        "rows_a_rank": sums.rows,
        "traffic": sums.traffic,
        "sum_seconds": sums.seconds,
    }


def _print_plan(found: Plan) -> None:
    run = found.run
    parts = ", ".join(f"{label(name)} {in_units(size)}" for name, size in vars(found.demand).items())
    times = f"{span(found.epoch_seconds)} an epoch, {span(found.seconds)} in all"
    rows = run.about_sizes(found.share) | {
        "network": run.about_network,
        "parameters": f"{run.network.size:,}",
        "memory": f"{in_units(found.demand.total)} at its peak: {parts}",
        "steps": f"{found.steps_an_epoch:,} an epoch, {run.epochs} epochs",
        "time": f"{times}, at {found.rate:,.0f} tokens/s as now",
    }
    if sums := found.sums:
        rate = f"{in_units(round(sums.bandwidth))}/s"
        rows |= {
            "ranks": f"{sums.ranks}, each with {counted(sums.rows, 'row')} and the memory above",
            "traffic": f"{in_units(round(sums.traffic))} a step that a rank sends, at {rate} as now",
            "sum": f"{sums.seconds:.3f} s of the {found.step_seconds:.3f} s of a step",
        }
    for name, what in rows.items():
        typer.echo(f"{label(name, 11)} {translated(what)}")
