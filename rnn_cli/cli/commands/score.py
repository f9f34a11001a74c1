"""rnn score: what a text costs a model."""

import json
import sys
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, warn, write_text
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, ModelOption, finite
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.score import (
    NetworkPredictor,
    Predictor,
    ScoredLine,
    add,
    baseline,
    read_chunks,
    score_chunk,
)
from rnn_cli.runs.checks import is_text_encoding
from rnn_cli.runs.settings import ABOUTS
from rnn_cli.scoring.figures import Totals
from rnn_cli.text.reading import display_name, read_lines
from rnn_cli.text.tokenizers import TOKENIZERS

DYNAMIC_LR = 0.1
ORDERS = ", ".join(f"{row.ngram_order} for {name}" for name, row in TOKENIZERS.items())


def score(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Text files, read as one text; - is standard input, as is none.",
            show_default=False,
        ),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help=ABOUTS["encoding"].help, show_default=False)
    ] = None,
    per_line: Annotated[
        bool, typer.Option("--per-line", help="A row for each line: nats, tokens, unknown, the line.")
    ] = False,
    per_token: Annotated[
        bool, typer.Option("--per-token", help="A row for each token: line, nats, unknown, the token.")
    ] = False,
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Learn from the text while reading it (dynamic evaluation).")
    ] = False,
    dynamic_lr: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            callback=finite,
            show_default=False,
            help=f"Learning rate of --dynamic. Default: {DYNAMIC_LR}.",
        ),
    ] = None,
    train_text: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="TRAIN.txt",
            show_default=False,
            help="Compare with the n-grams of this text, the one that the model was trained on.",
        ),
    ] = None,
    order: Annotated[
        int | None,
        typer.Option(
            "--baseline-order",
            min=1,
            max=9,
            show_default=False,
            help=f"Tokens in an n-gram. Default: {ORDERS}.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a text under a model: perplexity and bits per character.

    Nats are -log p. An unknown token costs UNK and its spelling, so that bits per character can be
    compared between models that split the text differently. Perplexity is of tokens, line ends counted,
    without spellings.
    """
    if encoding is not None and not is_text_encoding(encoding):
        raise UsageError(f"--encoding {encoding}: not an encoding that Python knows")
    if per_line + per_token + as_json > 1:
        raise UsageError("--per-line, --per-token and --json exclude each other")
    if order and train_text is None:
        raise UsageError("--baseline-order needs --baseline")
    if dynamic_lr is not None and not dynamic:
        raise UsageError("--dynamic-lr needs --dynamic")
    paths = files or ["-"]
    if train_text == "-" and "-" in paths:
        raise UsageError("standard input can be read once: name a file to score, or for --baseline")
    if "-" in paths and sys.stdin.isatty():
        say("reading standard input; Ctrl-D ends it")
    language_model = LanguageModel.load(model)
    learning_rate = 0.0 if not dynamic else DYNAMIC_LR if dynamic_lr is None else dynamic_lr
    predictors: dict[str, Predictor] = {"model": NetworkPredictor(language_model, learning_rate)}
    if train_text is not None:
        order = order or language_model.lexicon.tokenizer.ngram_order
        predictors["baseline"] = baseline(language_model, read_lines([train_text], encoding), order)
    totals = {name: Totals() for name in predictors}
    number = 0
    for chunk in read_chunks(language_model, read_lines(paths, encoding)):
        for name, predictor in predictors.items():
            for line in score_chunk(language_model, chunk, predictor):
                add(totals[name], line)
                if name == "model":
                    number += 1
                    _print_line(line, number, per_line, per_token)
    if not totals["model"].lines:
        raise RnnError(f"{', '.join(map(display_name, paths))}: no text in it: every line is blank")
    if not per_line and not per_token:
        _print_totals(totals, order, as_json)
    if train_text is not None:
        ours, counted = (totals[name].figures["bits_per_character"] for name in ("model", "baseline"))
        if ours >= counted:
            warn(
                f"the model does not beat the n-grams of order {order}: {ours:.3f} bits per character, and "
                f"theirs are {counted:.3f}; {_advice(paths, train_text)}"
            )


def _advice(paths: list[str], train_text: str) -> str:
    """Return advice for a model that does not beat the n-grams."""
    if train_text in paths:
        return "they were counted on the text that is scored: score one that neither has seen"
    return "train longer, or a larger network"


def _print_line(line: ScoredLine, number: int, per_line: bool, per_token: bool) -> None:
    costs = line.nats + line.spelling
    if per_line:
        write_text(f"{costs.sum():.4f}\t{len(costs)}\t{line.unknown}\t{line.text}\n")
    if per_token and len(costs):
        for token, cost, spelt in zip([*line.tokens, "\n"], costs, line.spelling, strict=True):
            spelling = json.dumps(token, ensure_ascii=False)
            write_text(f"{number}\t{cost:.4f}\t{int(spelt > 0 or token is None)}\t{spelling}\n")


def _print_totals(totals: dict[str, Totals], order: int | None, as_json: bool) -> None:
    ours = totals["model"]
    if as_json:
        counts = {name: getattr(ours, name) for name in ("lines", "tokens", "unknown", "characters")}
        figures: dict[str, Any] = counts | ours.figures
        if "baseline" in totals:
            figures["baseline"] = {"order": order} | totals["baseline"].figures
        typer.echo(json.dumps(figures))
        return
    typer.echo(f"lines               {ours.lines:>14,}")
    typer.echo(f"tokens              {ours.tokens:>14,}   line ends counted")
    typer.echo(f"unknown             {ours.unknown:>14,}")
    typer.echo(f"characters          {ours.characters:>14,}   line ends counted")
    if "baseline" in totals:
        typer.echo(f"{'':<20}{'model':>14}   Kneser-Ney, order {order}")
    for name, what in [
        ("nats", "nats"),
        ("spelling_nats", "spelling nats"),
        ("perplexity", "perplexity"),
        ("bits_per_character", "bits per character"),
    ]:
        row = [f"{each.figures[name]:>14,.3f}" for each in totals.values()]
        typer.echo(f"{what:<20}{'   '.join(row)}")
