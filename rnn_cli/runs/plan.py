"""From the options of `rnn train` to a run that begins."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rnn_cli.cli.console import UsageError
from rnn_cli.cli.options.text import corpus_paths
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.network import Network
from rnn_cli.runs.contradictions import Options, refuse_contradictions
from rnn_cli.runs.defaults import MIN_COUNT, default_patience
from rnn_cli.runs.prepare import Means
from rnn_cli.runs.presets import Preset, for_size, load
from rnn_cli.runs.run import Run, rows_that_fit
from rnn_cli.runs.texts import DEFAULT_MAX_SIZE, Reading, TextOptions, Texts, read_texts
from rnn_cli.training.loop import Recipe
from rnn_cli.training.parallel.executor import available_threads, worthwhile_threads

VALID_FRACTION = 0.1
MAX_ROLLBACKS = 3
WARMUP = 0.02  # of the run, but
LEAST_WARMUP = 30  # steps


def plan(model_path: Path, given: Options, means: Means) -> Run:
    """Read the text, and decide what is not given. Raises RnnError."""
    model = _model_to_begin_from(given)
    if model:
        given = {"carry_state": model.carry_state} | given
    text_options = _text_options(given)
    reading = Reading(model.tokenizer, model.vocabulary, model.spelling) if model else None
    texts = read_texts(text_options, means, reading)
    m = texts.reading.vocabulary.size
    preset = given.get("preset") or for_size(texts.tokens, m)
    usual = load(preset, m).given(**_of_fields(Preset, given))
    network = model.network if model else usual.network(m, texts.counts)
    bptt = min(usual.bptt, texts.train.targets)
    batch = rows_that_fit(texts.train, usual.batch, bptt)
    steps = steps_an_epoch(texts, batch, bptt)
    epochs = given.get("epochs") or usual.epochs(steps)
    recipe = Recipe(
        optimizer=usual.optimizer,
        lr=usual.lr,
        clip=usual.clip or None,
        epochs=epochs,
        warmup=min(max(WARMUP, LEAST_WARMUP / (epochs * steps)), 0.5),
        schedule=usual.schedule,
        dropout=usual.dropout,
        variational=given.get("variational", False),
        weight_decay=usual.weight_decay,
        seed=text_options.seed,
        max_rollbacks=given.get("max_rollbacks", MAX_ROLLBACKS),
    )
    refuse_no_weights(recipe.lr, recipe.weight_decay)
    threads = threads_to_use(network, texts, recipe, batch, bptt, given.get("threads"))
    decided = asdict(usual) | _options_of(network) | {"preset": preset}
    decided |= {name: getattr(recipe, name) for name in ("epochs", "variational", "max_rollbacks")}
    return Run(
        model_path=model_path,
        options=_of_text(text_options, texts, given) | decided,
        text_options=text_options,
        texts=texts,
        preset=preset,
        network=network,
        recipe=recipe,
        batch=batch,
        bptt=bptt,
        carry_state=text_options.carry_state,
        seed=text_options.seed,
        patience=given.get("patience") or default_patience(epochs),
        threads=threads,
        first=model.p if model else None,
    )


def refuse_no_weights(lr: float, weight_decay: float) -> None:
    """Raises UsageError where a step would take all of a weight away."""
    if weight_decay * lr >= 1:
        raise UsageError("--weight-decay times the learning rate is 1 or more: no weight would be left")


def steps_an_epoch(texts: Texts, batch: int, bptt: int) -> int:
    return -(-texts.targets // (batch * bptt))


def threads_to_use(
    network: Network, texts: Texts, recipe: Recipe, batch: int, bptt: int, threads: int | None
) -> int:
    """Of those given, or of all that there are, as many as help."""
    windows = recipe.epochs * steps_an_epoch(texts, batch, bptt)
    most = threads or available_threads()
    return worthwhile_threads(network.flops(texts.counts), batch, bptt, windows, most)


def _text_options(given: Options) -> TextOptions:
    said = _of_fields(TextOptions, given)
    if "valid" not in given:
        said = {"valid_fraction": VALID_FRACTION} | said
    return TextOptions(paths=corpus_paths(given.get("corpus")), **said)


def _of_fields(kind: Any, given: Options) -> Options:
    """Those options that are fields of a dataclass."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in given.items() if name in names}


def _model_to_begin_from(given: Options) -> LanguageModel | None:
    """That of --init, whose network and reading are the new run's."""
    if "init" not in given:
        return None
    if new := given.keys() & {"vocab", "min_count", "max_size", "normalize", "user_dict"}:
        raise UsageError(f"--{min(new).replace('_', '-')} and --init exclude each other: a model has its own")
    model = LanguageModel.load(given["init"])
    there = _options_of(model.network) | {"tokenizer": model.tokenizer.name}
    asked = {name: value for name, value in given.items() if name in there}
    refuse_contradictions(asked, there, f"the model {given['init']}")
    return model


def _options_of(network: Network) -> Options:
    """The options that ask for this network."""
    names = ("cell", "layers", "embedding", "tie", "output")
    return {name: getattr(network, name) for name in names} | {"hidden": network.n}


def _of_text(options: TextOptions, texts: Texts, given: Options) -> Options:
    """All options given, with what they leave out of the text."""
    name = texts.reading.tokenizer.name
    counted = {"min_count": MIN_COUNT[name], "max_size": DEFAULT_MAX_SIZE}
    if options.vocab or "init" in given:
        counted = {}
    fraction = {} if options.valid else {"valid_fraction": options.valid_fraction}
    normalize = texts.reading.tokenizer.settings.get("normalize", "none")
    tokenized = {"tokenizer": name, "normalize": normalize}
    of_text = {"carry_state": options.carry_state, "seed": options.seed}
    return counted | given | tokenized | of_text | fraction
