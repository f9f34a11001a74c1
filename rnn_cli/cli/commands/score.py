"""rnn score: what a text costs a model."""

import heapq
import io
import itertools
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, warn
from rnn_cli.cli.costs import (
    COUNTS,
    print_line,
    print_line_json,
    print_tokens,
    print_totals,
    print_totals_json,
)
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, ModelOption, finite
from rnn_cli.cli.options.settings import EncodingOption
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.machine import available_threads
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.scores.chunks import Reading, read_chunks
from rnn_cli.models.scores.lines import BASELINE_TOKENS, TokenRow, as_independent, baseline, token_rows
from rnn_cli.models.scores.predictors import NetworkPredictor, NgramPredictor, Predictor
from rnn_cli.models.scores.tally import Line, Scored, Tally
from rnn_cli.runs.checks import check_encoding
from rnn_cli.text.arriving import arrives_slowly, read_blocks
from rnn_cli.text.reading import display_name
from rnn_cli.text.tokenizers import TOKENIZERS

DYNAMIC_LR = 0.1
ORDERS = ", ".join(f"{row.ngram_order} for {name}" for name, row in TOKENIZERS.items())


@dataclass(frozen=True)
class Form:
    """What is printed, and when."""

    per_line: bool
    per_token: bool
    as_json: bool
    line_buffered: bool
    skip_bad: bool


@dataclass(frozen=True)
class Counted:
    """The text whose n-grams are set beside the model."""

    path: str
    order: int | None
    most: int


@dataclass(frozen=True)
class Texts:
    """What is read, and how."""

    paths: list[str]
    encoding: str | None
    threads: int | None
    dynamic: float  # its learning rate, 0 for none
    baseline: Counted | None


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
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="Score with this model too, and set both side by side."
        ),
    ] = None,
    independent: Annotated[
        bool,
        typer.Option("--independent", help="Score each line by itself, also where the state is carried."),
    ] = False,
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad", help="Go on after lines that do not decode: their rows have nan for nats."
        ),
    ] = False,
    line_buffered: Annotated[
        bool,
        typer.Option(
            "--line-buffered",
            help="Write each row at once. Default: where the text comes from a terminal or a pipe.",
        ),
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
    baseline_tokens: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1 << 30,
            show_default=False,
            help=f"Count the first of the --baseline's tokens, so many. Default: {BASELINE_TOKENS:,}.",
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, max=1024, help="Cores to compute on. Default: as many as pay.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a text under a model: perplexity and bits per character.

    Nats are -log p. An unknown token costs UNK and its spelling, so that bits per character can be
    compared between models that split the text differently. Perplexity is of tokens, line ends counted,
    without spellings.
    """
    form = Form(per_line, per_token, as_json, line_buffered, skip_bad)
    paths = files or ["-"]
    _check(form, encoding, compare)
    _check_needs({"--baseline-order": order, "--baseline-tokens": baseline_tokens}, "--baseline", train_text)
    _check_needs({"--dynamic-lr": dynamic_lr}, "--dynamic", dynamic or None)
    if train_text == "-" and "-" in paths:
        raise UsageError("standard input can be read once: name a file to score, or for --baseline")
    if "-" in paths and sys.stdin.isatty():
        say("reading standard input; Ctrl-D ends it")
    learning_rate = 0.0 if not dynamic else DYNAMIC_LR if dynamic_lr is None else dynamic_lr
    counted = None if train_text is None else Counted(train_text, order, baseline_tokens or BASELINE_TOKENS)
    with _memory_told(counted):
        models = [LanguageModel.load(path) for path in ([model] if compare is None else [model, compare])]
        if independent:
            models = [as_independent(each) for each in models]
        _score(models, Texts(paths, encoding, threads, learning_rate, counted), form)


def _check(form: Form, encoding: str | None, compare: Path | None) -> None:
    """Raise UsageError for options that do not go together."""
    check_encoding(encoding)
    if form.per_line and form.per_token:
        raise UsageError("--per-line and --per-token exclude each other")
    if compare and form.per_token:
        raise UsageError("--per-token and --compare exclude each other: models may split a line differently")
    if form.line_buffered and not (form.per_line or form.per_token):
        raise UsageError("--line-buffered needs --per-line or --per-token")


def _check_needs(given: dict[str, Any], needed: str, value: Any) -> None:
    for option, of_option in given.items():
        if of_option is not None and value is None:
            raise UsageError(f"{option} needs {needed}")


@contextmanager
def _memory_told(counted: Counted | None) -> Iterator[None]:
    """Raise RnnError where memory runs out, with advice that holds for this command."""
    try:
        yield
    except MemoryError as error:
        way = "a smaller --baseline-tokens needs less" if counted else "another program may have taken it"
        raise RnnError(f"out of memory ({error}): {way}") from error


class Side:
    """A model that reads the text, and what is set beside it: predictors of the same ids."""

    def __init__(self, model: LanguageModel, texts: Texts, reading: Reading, keeps_texts: bool):
        self.model, self.reading = model, reading
        self.predictors: dict[str, Predictor] = {
            "model": NetworkPredictor(model, texts.dynamic, texts.threads)
        }
        self.tallies = {"model": Tally(keeps_texts)}

    def count(self, counted: Counted, encoding: str | None) -> int:
        """Count the n-grams of a text, to be set beside the model; return their order."""
        order = counted.order or self.model.lexicon.tokenizer.ngram_order
        blocks = read_blocks([counted.path], encoding)
        ngrams, is_longer = baseline(self.model, blocks, order, counted.most)
        if is_longer:
            what = f"the n-grams are of the first {counted.most:,} tokens of {display_name(counted.path)}"
            say(f"{what} (--baseline-tokens counts more, at some 40 bytes each)")
        self.predictors["baseline"], self.tallies["baseline"] = NgramPredictor(ngrams), Tally()
        return order

    def read(self, blocks: Iterator[str]) -> Iterator[Scored]:
        """Yield the text as the model scores it; all but its own sums are added up."""
        for chunk in read_chunks(self.model.lexicon, blocks, self.reading):
            for name, predictor in self.predictors.items():
                if name != "model":
                    self.tallies[name].add_all(Scored(chunk, predictor.nats(chunk)))
            yield Scored(chunk, self.predictors["model"].nats(chunk))

    def lines(self, blocks: Iterator[str]) -> Iterator[Line]:
        for scored in self.read(blocks):
            yield from self.tallies["model"].add(scored)
            if self.reading.at_once:  # the next lines may be long in coming
                sys.stdout.flush()


def _score(models: list[LanguageModel], texts: Texts, form: Form) -> None:
    rows = form.per_line or form.per_token
    comes_slowly = rows and any(map(arrives_slowly, texts.paths))
    if form.line_buffered and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    exact = rows or form.skip_bad or len(models) > 1
    processes = 1 if comes_slowly else texts.threads or available_threads()
    reading = partial(Reading, exact=exact, tokens=form.per_token, at_once=comes_slowly, processes=processes)
    sides = [Side(each, texts, reading(carry_state=each.carry_state), form.per_line) for each in models]
    order = sides[0].count(texts.baseline, texts.encoding) if texts.baseline else None
    blocks = itertools.tee(read_blocks(texts.paths, texts.encoding, form.skip_bad), len(sides))
    _read(sides, list(blocks), form)
    tally = sides[0].tallies["model"]
    if tally.undecoded:
        warn(f"{tally.undecoded:,} lines do not decode; the first is line {tally.first_undecoded}")
    if not tally.totals.lines:
        names = ", ".join(map(display_name, texts.paths))
        raise RnnError(
            f"{names}: no text in it: every line is blank{' or does not decode' if tally.undecoded else ''}"
        )
    if not rows:
        _print_totals(sides, order, form)
    if texts.baseline:
        _judge(sides[0], texts, order)


def _read(sides: list[Side], blocks: list[Iterator[str]], form: Form) -> None:
    """Read the text to its end, and print its rows."""
    if form.per_token:
        for scored in sides[0].read(blocks[0]):
            lines = [*sides[0].tallies["model"].add(scored)]
            bad = [
                TokenRow(each.number, "".join(each.parts), math.nan, 0.0, True)
                for each in lines
                if not each.decodes
            ]
            print_tokens(heapq.merge(token_rows(scored), bad, key=lambda row: row.line), form.as_json)
            if sides[0].reading.at_once:
                sys.stdout.flush()
    elif form.per_line or len(sides) > 1:
        row = print_line_json if form.as_json else print_line
        of_sides = [side.lines(each) for side, each in zip(sides, blocks, strict=True)]
        for line, *others in zip(*of_sides, strict=True):
            if form.per_line:
                row(line, others[0] if others else None)
    else:
        for scored in sides[0].read(blocks[0]):
            sides[0].tallies["model"].add_all(scored)


def _print_totals(sides: list[Side], order: int | None, form: Form) -> None:
    totals = {name: tally.totals for name, tally in sides[0].tallies.items()}
    labels, notes = {}, {}
    if order is not None:
        labels["baseline"], notes["baseline"] = f"Kneser-Ney, order {order}", {"order": order}
    for side in sides[1:]:
        totals["compare"] = side.tallies["model"].totals
        labels["compare"] = f"{'--compare':>14}"
        notes["compare"] = {name: getattr(totals["compare"], name) for name in COUNTS}
    if form.as_json:
        print_totals_json(totals, notes, sides[0].tallies["model"].undecoded if form.skip_bad else None)
    else:
        print_totals(totals, labels)


def _judge(side: Side, texts: Texts, order: int | None) -> None:
    """Warn of a model that does not beat the n-grams."""
    ours, counted = (side.tallies[name].totals.bits_per_character for name in ("model", "baseline"))
    if ours < counted:
        return
    advice = "train longer, or a larger network"
    if texts.baseline and texts.baseline.path in texts.paths:
        advice = "they were counted on the text that is scored: score one that neither has seen"
    warn(
        f"the model does not beat the n-grams of order {order}: {ours:.3f} bits per character, and "
        f"theirs are {counted:.3f}; {advice}"
    )
