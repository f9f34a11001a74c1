"""rnn score: what a text costs a model."""

import json
import math
import sys
from contextlib import nullcontext
from typing import Annotated, Any

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from rnn_cli.cli.console import UsageError, say, warn, write_text
from rnn_cli.cli.options.text import DEFAULT_MODEL, EncodingOption, ModelOption, finite
from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.score import Predictor, Reader, ScoredLine, baseline, read_chunks, score_chunk
from rnn_cli.text.reading import display_name, read_lines

DYNAMIC_LR = 0.1
ORDERS = {"char": 5, "jieba": 3, "space": 3}  # of the baseline


class Totals:
    """What a text cost one predictor."""

    def __init__(self) -> None:
        self.lines = self.tokens = self.unknown = self.characters = 0
        self.nats = self.spelling_nats = 0.0

    def add(self, line: ScoredLine) -> None:
        if len(line.nats):
            self.lines += 1
            self.tokens += len(line.nats)
            self.unknown += line.unknown
            self.characters += len(line.text) + 1
            self.nats += float(line.nats.sum())
            self.spelling_nats += float(line.spelling.sum())

    @property
    def figures(self) -> dict[str, float]:
        nats = self.nats + self.spelling_nats
        return {
            "nats": nats,
            "spelling_nats": self.spelling_nats,
            "perplexity": math.exp(min(self.nats / self.tokens, 700)),
            "bits_per_character": nats / self.characters / math.log(2),
        }


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
    encoding: EncodingOption = None,
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
            help="Tokens in an n-gram. Default: 5 for char, 3 for words.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell how well a model predicts a text: perplexity and bits per character.

    Nats are -log p. A token that the model does not know costs what UNK does and its spelling, so that bits
    per character can be compared between models that cut the text differently. Perplexity is of tokens,
    line ends counted, without spellings.
    """
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
    predictors: dict[str, Predictor] = {"model": Reader(language_model, learning_rate)}
    if train_text is not None:
        order = order or ORDERS[language_model.tokenizer.name]
        predictors["baseline"] = baseline(language_model, read_lines([train_text], encoding), order)
    totals = {name: Totals() for name in predictors}
    number = 0
    # Steps of one row are done before BLAS's threads have met.
    one_row = language_model.carry_state or dynamic
    with threadpool_limits(1, user_api="blas") if one_row else nullcontext(), np.errstate(all="ignore"):
        for chunk in read_chunks(language_model, read_lines(paths, encoding)):
            for name, predictor in predictors.items():
                for line in score_chunk(language_model, chunk, predictor):
                    totals[name].add(line)
                    if name == "model":
                        number += 1
                        _tell(line, number, per_line, per_token)
    if not totals["model"].lines:
        raise RnnError(f"{', '.join(map(display_name, paths))}: no text in it: every line is blank")
    if not per_line and not per_token:
        _tell_totals(totals, order, as_json)
    if train_text is not None:
        ours, counted = (totals[name].figures["bits_per_character"] for name in ("model", "baseline"))
        if ours >= counted:
            warn(
                f"the model does not beat counting: {ours:.3f} bits per character, and {counted:.3f} of an "
                f"n-gram of order {order}; {_advice(paths, train_text)}"
            )


def _advice(paths: list[str], train_text: str) -> str:
    """To those whose model does not beat counting."""
    if train_text in paths:
        return "it has counted the text that is scored: score one that neither has seen"
    return "train longer, or a larger network"


def _tell(line: ScoredLine, number: int, per_line: bool, per_token: bool) -> None:
    costs = line.nats + line.spelling
    if per_line:
        write_text(f"{costs.sum():.4f}\t{len(costs)}\t{line.unknown}\t{line.text}\n")
    if per_token and len(costs):
        for token, cost, spelt in zip([*line.tokens, "\n"], costs, line.spelling, strict=True):
            spelling = json.dumps(token, ensure_ascii=False)
            write_text(f"{number}\t{cost:.4f}\t{int(spelt > 0 or token is None)}\t{spelling}\n")


def _tell_totals(totals: dict[str, Totals], order: int | None, as_json: bool) -> None:
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
