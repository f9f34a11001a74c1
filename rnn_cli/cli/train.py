"""rnn train: a model from a text."""

from pathlib import Path
from typing import Annotated

import typer

from rnn_cli.cli import files
from rnn_cli.cli.console import UsageError
from rnn_cli.cli.defaults import default_patience
from rnn_cli.cli.options import (
    DEFAULT_MODEL,
    CorpusArgument,
    EncodingOption,
    MaxSizeOption,
    MinCountOption,
    ModelOption,
    TokenizerOption,
    corpus_paths,
    finite,
)
from rnn_cli.cli.presets import for_size, load, refuse_tying
from rnn_cli.cli.report import Report
from rnn_cli.cli.run import (
    Run,
    refuse_beyond_memory,
    rows_that_fit,
    state_path,
)
from rnn_cli.cli.texts import TextOptions, read_texts
from rnn_cli.cli.training_options import (
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
from rnn_cli.training.executor import available_threads, worthwhile_threads
from rnn_cli.training.loop import Recipe
from rnn_cli.training.optimizers import OPTIMIZERS

VALID_FRACTION = 0.1
WARMUP = 0.02  # of the run, but
LEAST_WARMUP = 30  # steps
HIGHEST_LR = 0.006  # of the presets


def train(
    corpus: CorpusArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    valid: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", show_default=False, rich_help_panel="Text", help="Validate on this text."
        ),
    ] = None,
    valid_fraction: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.9,
            callback=finite,
            show_default=False,
            rich_help_panel="Text",
            help="The share of lines held out to validate on. Default: 0.1.",
        ),
    ] = None,
    tokenizer: TokenizerOption = None,
    vocab: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            rich_help_panel="Text",
            help="Take the vocabulary and the tokenizer from this file (rnn vocab --out).",
        ),
    ] = None,
    encoding: EncodingOption = None,
    min_count: MinCountOption = None,
    max_size: MaxSizeOption = None,
    carry_state: Annotated[
        bool,
        typer.Option(
            "--carry-state",
            rich_help_panel="Text",
            help="Let the state run on from line to line, as suits books and plays.",
        ),
    ] = False,
    preset: PresetOption = None,
    cell: CellOption = None,
    hidden: HiddenOption = None,
    layers: LayersOption = None,
    embedding: EmbeddingOption = None,
    tie: TieOption = None,
    output: OutputOption = None,
    batch: BatchOption = None,
    bptt: BpttOption = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs",
            "-e",
            min=1,
            max=1_000_000,
            show_default=False,
            rich_help_panel="Training",
            help="Passes over the text. Default: as many as make the preset's steps.",
        ),
    ] = None,
    optimizer: OptimizerOption = None,
    lr: LrOption = None,
    schedule: ScheduleOption = None,
    clip: ClipOption = None,
    dropout: DropoutOption = None,
    variational: VariationalOption = False,
    weight_decay: WeightDecayOption = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000,
            show_default=False,
            rich_help_panel="Training",
            help="Stop after this many epochs without a better loss. Default: a quarter, at least 4.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", "-s", min=0, max=2**64 - 1, rich_help_panel="Training", help="Decides all chance."
        ),
    ] = 0,
    threads: ThreadsOption = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Append one JSON object a line to this file."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Start over: replace the model that is there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Train a language model on a text.

    The model file holds the model that is best on the validation text. An interrupted run (Ctrl-C)
    finishes its step and saves.
    """
    usual_lr = OPTIMIZERS[optimizer].lr if optimizer else HIGHEST_LR
    if weight_decay and weight_decay * (usual_lr if lr is None else lr) >= 1:
        raise UsageError("--weight-decay times the learning rate is 1 or more: no weight would be left")
    refuse_tying(tie, output, embedding, hidden)
    if log and str(log) == "-":
        raise UsageError("--log needs the name of a file")
    if valid and valid_fraction is not None:
        raise UsageError("--valid and --valid-fraction exclude each other")
    if vocab and (min_count or max_size):
        raise UsageError("--vocab is the vocabulary as it stands: drop --min-count and --max-size")
    text_options = TextOptions(
        paths=corpus_paths(corpus),
        encoding=encoding,
        tokenizer=tokenizer,
        min_count=min_count,
        max_size=max_size,
        vocab=str(vocab) if vocab else None,
        valid=valid,
        valid_fraction=0.0 if valid else VALID_FRACTION if valid_fraction is None else valid_fraction,
        carry_state=carry_state,
        seed=seed,
    )
    for path in (model, state_path(model)):
        files.refuse_overwriting(path, text_options.inputs, force, "--model")
        files.refuse_replacing_a_stranger(path)
        files.try_writing(path)
    if log:
        others: list[str | Path] = [*text_options.inputs, model, state_path(model)]
        files.refuse_overwriting(log, others, force=True, flag="--log")  # it is added to
        files.refuse_adding_to_a_stranger(log)
        files.try_writing(log)

    texts = read_texts(text_options)
    m = texts.reading.vocabulary.size
    preset = preset or for_size(texts.train.tokens, m)
    usual = load(preset, m).given(
        cell=cell,
        hidden=hidden,
        layers=layers,
        embedding=embedding,
        tie=tie,
        output=output,
        batch=batch,
        bptt=bptt,
        optimizer=optimizer,
        lr=lr,
        schedule=schedule,
        clip=clip,
        dropout=dropout,
        weight_decay=weight_decay,
    )
    network = usual.network(m, texts.counts)
    bptt = min(usual.bptt, len(texts.train.ids))
    batch = rows_that_fit(texts.train, usual.batch, bptt)
    steps_an_epoch = -(-len(texts.train.ids) // (batch * bptt))
    epochs = epochs or usual.epochs(steps_an_epoch)
    windows = epochs * steps_an_epoch
    flops = network.flops(texts.counts)
    threads = worthwhile_threads(flops, batch, bptt, windows, threads or available_threads())
    refuse_beyond_memory(network, batch, bptt, threads)
    recipe = Recipe(
        optimizer=usual.optimizer,
        lr=usual.lr,
        clip=usual.clip or None,
        epochs=epochs,
        warmup=min(max(WARMUP, LEAST_WARMUP / windows), 0.5),
        schedule=usual.schedule,
        dropout=usual.dropout,
        variational=variational,
        weight_decay=usual.weight_decay,
        seed=seed,
    )
    patience = patience or default_patience(recipe.epochs)
    run = Run(model, texts, preset, network, recipe, batch, bptt, carry_state, seed, patience, threads)
    if not quiet:
        run.describe()
    with Report(log, quiet, recipe.epochs, texts.train, texts.valid) as report:
        raise typer.Exit(run.go(report))
