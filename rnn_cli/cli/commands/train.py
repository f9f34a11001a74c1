"""rnn train: a model from a text."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli import storage
from rnn_cli.cli.console import UsageError, say
from rnn_cli.cli.options.run import (
    FILES,
    CarryStateOption,
    EpochsOption,
    InitOption,
    LogOption,
    MaxMemoryOption,
    MaxRollbacksOption,
    PatienceOption,
    PlanOption,
    SaveEveryOption,
    SeedOption,
    ValidFractionOption,
    ValidOption,
    VocabOption,
    bytes_of,
)
from rnn_cli.cli.options.text import (
    DEFAULT_MODEL,
    CacheDirOption,
    CorpusArgument,
    EncodingOption,
    MaxSizeOption,
    MinCountOption,
    ModelOption,
    NoCacheOption,
    NormalizeOption,
    TokenizerOption,
    UserDictOption,
    corpus_paths,
    refuse_words_without_use,
)
from rnn_cli.cli.options.training import (
    BatchOption,
    BpttOption,
    CellOption,
    ClipOption,
    DropoutOption,
    EmbeddingOption,
    HiddenOption,
    LayersOption,
    LrOption,
    OptimizerOption,
    OutputOption,
    PresetOption,
    ScheduleOption,
    ThreadsOption,
    TieOption,
    VariationalOption,
    WeightDecayOption,
)
from rnn_cli.cli.report import Report
from rnn_cli.cli.signals import Stop, stop_on_signals
from rnn_cli.errors import RnnError
from rnn_cli.runs import files
from rnn_cli.runs.contradictions import Options
from rnn_cli.runs.defaults import DEFAULT_TOKENIZER
from rnn_cli.runs.forecast import forecast, refuse_beyond, shape_of
from rnn_cli.runs.lock import lock_path, locked
from rnn_cli.runs.log import Log
from rnn_cli.runs.plan import plan, refuse_no_weights, steps_an_epoch
from rnn_cli.runs.prepare import Means, cache_at
from rnn_cli.runs.presets import refuse_tying
from rnn_cli.runs.resume import resume as resume_run
from rnn_cli.runs.run import Run
from rnn_cli.runs.saving import Every, Saved, Saver, diverged_path, state_path
from rnn_cli.runs.session import Session
from rnn_cli.storage import PARTNER
from rnn_cli.text.reading import text_files
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.parallel.executor import available_threads

HIGHEST_LR = 0.006  # of the presets
SAMPLE_BYTES = 16 << 20  # of a text, which tell --plan what it is like
# Options that say nothing of the run.
OF_COMMAND = ("model", "resume", "force", "quiet", "cache_dir", "no_cache", "max_memory", "plan_only")


def train(
    corpus: CorpusArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    valid: ValidOption = None,
    valid_fraction: ValidFractionOption = None,
    tokenizer: TokenizerOption = None,
    normalize: NormalizeOption = None,
    user_dict: UserDictOption = None,
    vocab: VocabOption = None,
    encoding: EncodingOption = None,
    min_count: MinCountOption = None,
    max_size: MaxSizeOption = None,
    carry_state: CarryStateOption = None,
    cache_dir: CacheDirOption = None,
    no_cache: NoCacheOption = False,
    init: InitOption = None,
    preset: PresetOption = None,
    cell: CellOption = None,
    hidden: HiddenOption = None,
    layers: LayersOption = None,
    embedding: EmbeddingOption = None,
    tie: TieOption = None,
    output: OutputOption = None,
    batch: BatchOption = None,
    bptt: BpttOption = None,
    epochs: EpochsOption = None,
    optimizer: OptimizerOption = None,
    lr: LrOption = None,
    schedule: ScheduleOption = None,
    clip: ClipOption = None,
    dropout: DropoutOption = None,
    variational: VariationalOption = None,
    weight_decay: WeightDecayOption = None,
    patience: PatienceOption = None,
    max_rollbacks: MaxRollbacksOption = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
    max_memory: MaxMemoryOption = None,
    plan_only: PlanOption = False,
    log: LogOption = None,
    save_every: SaveEveryOption = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel=FILES,
            help="Go on with the run of --model where it was saved; no other option is needed.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            "-f",
            rich_help_panel=FILES,
            help="Start over: replace the model that is there. With --resume: go on, even on another text.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Train a language model on a text.

    The model file holds the model that is best on the validation text; beside it lies what --resume
    needs. An interrupted run (Ctrl-C) finishes its step and saves.
    """
    given = _given(locals())
    _refuse_what_does_not_go_together(given)
    limit = bytes_of(max_memory)
    means = Means(cache_at(cache_dir, no_cache), threads or available_threads(), quiet)
    if plan_only:
        _tell_plan(model, given, means, limit)
        return
    with stop_on_signals() as stop:
        _try_files(model, given, may_replace=force or resume)
        with locked(model):
            stop.litter.append(lock_path(model))
            raise typer.Exit(_train(model, given, means, limit, stop, resume, force))


def _given(options: dict[str, Any]) -> Options:
    """The options of the run that are given; paths as text."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in options.items()
        if name not in OF_COMMAND and value is not None and value != []
    }


def _refuse_what_does_not_go_together(given: Options) -> None:
    usual_lr = OPTIMIZERS[given["optimizer"]].lr if "optimizer" in given else HIGHEST_LR
    refuse_no_weights(given.get("lr", usual_lr), given.get("weight_decay", 0.0))
    refuse_tying(*map(given.get, ("tie", "output", "embedding", "hidden")))
    if given.get("log") == "-":
        raise UsageError("--log needs the name of a file")
    if "valid" in given and "valid_fraction" in given:
        raise UsageError("--valid and --valid-fraction exclude each other")
    refuse_words_without_use(given.get("tokenizer", DEFAULT_TOKENIZER), given.get("user_dict"))
    if "vocab" in given and given.keys() & {"normalize", "user_dict"}:
        raise UsageError("--vocab says how a line is cut: drop --normalize and --user-dict")
    if "vocab" in given and ("min_count" in given or "max_size" in given):
        raise UsageError("--vocab is the vocabulary as it stands: drop --min-count and --max-size")


def _try_files(model: Path, given: Options, may_replace: bool) -> None:
    """Raises UsageError or RnnError for files that cannot be written, or would be lost."""
    if given.get("valid") == "":
        raise RnnError("--valid needs the name of a file")
    inputs: list[str | Path] = [*text_files(corpus_paths(given.get("corpus")))]
    inputs += [given[name] for name in ("valid", "vocab", "init", "user_dict") if name in given]
    for path in (model, state_path(model)):
        files.refuse_overwriting(path, inputs, may_replace, "--model")
        files.refuse_replacing_a_stranger(path)
        files.try_writing(path)
    files.refuse_overwriting(diverged_path(model), inputs, force=True, flag="--model")
    if "log" in given:
        log = Path(given["log"])
        others = [*inputs, model, state_path(model), diverged_path(model)]
        files.refuse_overwriting(log, others, force=True, flag="--log")  # it is added to
        files.refuse_adding_to_a_stranger(log)
        files.try_writing(log)


def _tell_plan(model: Path, given: Options, means: Means, limit: int | None) -> None:
    run = plan(model, given, means._replace(most=SAMPLE_BYTES))
    for line in forecast(run, steps_an_epoch(run.texts, run.batch, run.bptt)):
        typer.echo(line)
    refuse_beyond(limit, shape_of(run))


def _train(
    model: Path, given: Options, means: Means, limit: int | None, stop: Stop, resume: bool, force: bool
) -> int:
    """-> the exit status."""
    saved = None
    if resume:
        storage.finish_pair(model, state_path(model))
        found = resume_run(model, given, means, force)
        if found is None:
            return 0
        run, saved = found
    else:
        _try_files(model, given, may_replace=force)  # again: another run may have ended since
        run = plan(model, given, means)
    refuse_beyond(limit, shape_of(run))
    if not means.quiet:
        run.describe()
        if saved:
            say(f"going on after step {saved.position['step']:,}, in epoch {saved.position['epoch'] + 1}")
    with Report(_log(run, saved), means.quiet, run.recipe.epochs, run.texts.train, run.texts.valid) as report:
        return Session(run, _saver(run, saved), report, stop).go(saved)


def _log(run: Run, saved: Saved | None) -> Log | None:
    path = run.options.get("log")
    position = saved.header["report"]["log"] if saved else None
    return Log(Path(path), os.path.abspath(run.model_path), position) if path else None


def _saver(run: Run, saved: Saved | None) -> Saver:
    every = Every.parse(run.options["save_every"]) if run.options.get("save_every") else Every()
    if saved is None:
        return Saver(run.model_path, every)
    return Saver(run.model_path, every, saved.header[PARTNER], saved.position["best_loss"])
