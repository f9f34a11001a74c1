"""rnn info: what a model file holds."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import write_json
from rnn_cli.cli.language import label, translated
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, a_file
from rnn_cli.cli.strips import sparkline
from rnn_cli.errors import UsageError
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.curves import LOSSES, WITH_PERPLEXITY, Curve
from rnn_cli.models.file import model_path
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.loading import load
from rnn_cli.printing import columns, counted, printable
from rnn_cli.runs.metrics import METRICS, shown
from rnn_cli.scoring.figures import perplexity

SPARKLINE = 48  # cells
WIDTH = 11  # columns of a name


def info(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[MODEL]",
            callback=a_file,
            help="The model file. Default: model.npz.",
            show_default=False,
        ),
    ] = None,
    option: Annotated[
        Path | None,
        typer.Option("--model", "-m", callback=a_file, help="The model file.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a model file holds: network, arrays, tokenizer, and how it was trained."""
    if path and option:
        raise UsageError("the model file is named once: as an argument, or with --model")
    model = path or option or DEFAULT_MODEL
    loaded = load(model)
    facts = _facts(loaded) | {"bytes": model_path(model).stat().st_size}
    if as_json:
        write_json(facts)
        return
    for name, what in loaded.describe().items():
        typer.echo(_row(name, what))
    typer.echo(_row("tokenizer", loaded.lexicon.tokenizer.name))
    for first, end in itertools.pairwise((*loaded.lexicon.grown, loaded.lexicon.vocabulary.size)):
        typer.echo(_row("grown", f"by {counted(end - first, 'token')}, ids {first} to {end - 1}"))
    typer.echo(_row("parameters", f"{loaded.network.size:,} in {facts['bytes']:,} bytes"))
    for name, array in facts["arrays"].items():
        shape = " x ".join(f"{length:,}" for length in array["shape"])
        typer.echo(f"  {name:<10}{shape:<18}{array['parameters']:>14,}")
    try:
        told = [*_history(loaded.history, facts["task"])]
    except (AttributeError, LookupError, TypeError, ValueError):  # not in the form that `rnn train` writes
        told = [_row("history", json.dumps(loaded.history))]
    for line in told:
        typer.echo(printable(line))


def _row(name: str, what: str) -> str:
    return f"{label(name, WIDTH)} {printable(translated(what))}"


def _history(history: dict[str, Any], task: str) -> Iterator[str]:
    """Yield how `rnn train` made the model, line by line."""
    if "step" in history:
        libraries = "".join(f", {name} {number}" for name, number in history.get("libraries", {}).items())
        yield _row(
            "trained",
            f"by rnn {history['rnn']}{libraries}: {history['epoch']} epochs, "
            f"{history['step']:,} steps, {history['tokens']:,} tokens",
        )
    if "text" in history:
        yield _row("text", f"hash {history['text']}")
    preset = {"preset": history["preset"]} if "preset" in history else {}
    for name, value in (preset | history.get("training", {})).items():
        yield f"  {name:<14}{f'{value:.4g}' if isinstance(value, float) else value}"
    yield from _curves(Curve.of(history))
    metric = history.get("metric")
    if metric in METRICS and history[metric] is not None:
        (named,) = shown({metric: history[metric]}).items()
        yield _row(*named)
    if history.get("epochs"):
        yield _row("loss", label(LOSSES[task]))
        yield from _epochs(history["epochs"], task in WITH_PERPLEXITY)


def _epochs(epochs: list[dict[str, Any]], has_perplexity: bool) -> Iterator[str]:
    """Yield the losses of each epoch as a table."""
    heads = zip(("train", "valid", "perplexity"), (10, 10, 12), strict=True)
    named = [" " * (width - columns(label(head))) + label(head) for head, width in heads]
    yield label("epoch", 5) + "".join(named if has_perplexity else named[:2])
    for number, epoch in enumerate(epochs, 1):
        losses = [epoch[name] for name in ("train_loss", "valid_loss") if epoch[name] is not None]
        line = f"{number:>5}" + "".join(f"{value:>10.3f}" for value in losses).ljust(20)
        yield line + (f"{perplexity(losses[-1]):>12,.2f}" if has_perplexity else "")


def _curves(curve: Curve) -> Iterator[str]:
    """Yield the losses of the epochs, first to last, as blocks."""
    for name, losses in (("train", curve.train), ("valid", curve.valid)):
        there = [loss for loss in losses if loss is not None]
        if len(there) > 1:
            drawn = sparkline(there, min(curve.losses), max(curve.losses), SPARKLINE)
            yield _row(f"{name} loss", f"{drawn}  {there[0]:.3f} to {there[-1]:.3f}")


def _facts(model: LanguageModel | Classifier) -> dict[str, Any]:
    network = model.network
    return {
        "network": asdict(network),
        "tokenizer": model.lexicon.tokenizer.name,
        "unit": model.lexicon.tokenizer.unit,
        "grown": model.lexicon.grown,
        **model.facts(),
        "parameters": network.size,
        "arrays": {
            name: {"shape": shape, "parameters": network.sizes[name]}
            for name, shape in network.shapes.items()
        },
        "history": model.history,
    }
