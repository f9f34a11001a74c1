"""rnn score: the cost of a text under a model."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say
from rnn_cli.cli.mixing import mixing_of
from rnn_cli.cli.options.common import DEFAULT_MODEL, EncodingOption, JsonOption, files_of_text, finite
from rnn_cli.cli.options.mixing import MixOption, ModelsOption, ValidOption, WeightsOption
from rnn_cli.cli.scored import Form, Texts, print_scores
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.file import LANGUAGE, USES, task_of
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.scores.lines import BASELINE_TOKENS, as_independent
from rnn_cli.models.scores.sides import Counted
from rnn_cli.runs.encoding import check_encoding
from rnn_cli.text.tokenizers import TOKENIZERS

DYNAMIC_LR = 0.1
ORDERS = ", ".join(f"{name} {row.ngram_order}" for name, row in TOKENIZERS.items())


def score(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Text files, read as one text. Without any, or with -, standard input is read.",
            show_default=False,
            callback=files_of_text,
        ),
    ] = None,
    model: ModelsOption = [DEFAULT_MODEL],  # noqa: B006 (so Typer has a list for its default)
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", show_default=False, help="Of pairs: the two columns of .csv and .jsonl files."
        ),
    ] = None,
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
            metavar="FILE",
            show_default=False,
            help="Score with this model as well, and show both side by side.",
        ),
    ] = None,
    independent: Annotated[
        bool,
        typer.Option(
            "--independent", help="Score each line on its own, even if the model carries its state."
        ),
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
            help="Write each row at once. Default: only if the text comes from a terminal or a pipe.",
        ),
    ] = False,
    dynamic: Annotated[
        bool,
        typer.Option(
            "--dynamic",
            help="Learn from the text while reading it (dynamic evaluation); with --compare both models do.",
        ),
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
            help="Compare with the n-grams of this text, which should be the model's training text.",
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
            help=f"Count only this many tokens, from the start of --baseline. Default: {BASELINE_TOKENS:,}.",
        ),
    ] = None,
    mix: MixOption = False,
    valid: ValidOption = None,
    weights: WeightsOption = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, max=1024, help="Cores to compute on. Default: as many as speed it up.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a text or pairs under a model: perplexity and bits per character.

    Nats are -log p. An unknown token costs UNK plus its spelling, so that bits per character can be compared
    between models that split the text differently. Perplexity is per token, including line ends, without
    spellings. Models of other tasks score files of pairs, in the format used for training: the target given
    its source, the text given its label, and the label, tags or score given the text.
    """
    form = Form(per_line, per_token, as_json, line_buffered, skip_bad)
    paths = files or ["-"]
    _check(form, encoding, compare)
    if mix and compare:
        raise UsageError("--mix and --compare exclude each other")
    mixing = mixing_of(model, mix, train_text, valid, weights)
    _check_needs({"--baseline-order": order, "--baseline-tokens": baseline_tokens}, "--baseline", train_text)
    _check_needs({"--dynamic-lr": dynamic_lr}, "--dynamic", dynamic or None)
    if [*paths, train_text, valid].count("-") > 1:
        raise UsageError("standard input can be read only once: name a file to score or one for --baseline")
    if "-" in paths and sys.stdin.isatty():
        say("reading standard input; Ctrl-D ends it")
    task = task_of(model[0])
    if compare and task in USES:
        _refuse_another_task(task, compare)
    if task != LANGUAGE:
        from rnn_cli.cli.pair_scores import PairFiles, print_pair_scores, refuse_of_language  # 0.1 s to load

        alone = {
            "--per-token": per_token,
            "--independent": independent,
            "--skip-bad": skip_bad,
            "--line-buffered": line_buffered,
            "--dynamic": dynamic,
            "--mix": mix,
            "--baseline": train_text,
        }
        refuse_of_language(task, alone)
        both = [model[0]] if compare is None else [model[0], compare]
        print_pair_scores(both, PairFiles(paths, columns, encoding, threads), per_line, as_json)
        return
    if columns is not None:
        raise UsageError("--columns is for files of pairs, but this is a language model")
    learning_rate = 0.0 if not dynamic else DYNAMIC_LR if dynamic_lr is None else dynamic_lr
    counted = None if train_text is None else Counted(train_text, order, baseline_tokens or BASELINE_TOKENS)
    with _memory_told(counted):
        named = model if compare is None else [*model, compare]
        models = {str(path): LanguageModel.load(path) for path in named}
        if independent:
            models = {path: as_independent(each) for path, each in models.items()}
        print_scores(models, Texts(paths, encoding, threads, learning_rate, counted, mixing), form)


def _refuse_another_task(task: str, compare: Path) -> None:
    """Raise UsageError if the task of --compare is not that of --model."""
    other = task_of(compare)
    if other != task:
        named = USES[other][0] if other in USES else repr(other)
        both = f"{compare} is a model of {named}, --model one of {USES[task][0]}"
        raise UsageError(f"--compare needs a model of the same task: {both}")


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
    """Raise RnnError if memory runs out, with advice for this command."""
    try:
        yield
    except MemoryError as error:
        way = "a smaller --baseline-tokens needs less" if counted else "another program may have taken it"
        raise RnnError(f"out of memory ({error}): {way}") from error
