"""rnn page: write one HTML file that holds a model and runs it."""

from pathlib import Path
from typing import Annotated

import typer

from rnn_cli.cli.console import say
from rnn_cli.cli.options.common import DEFAULT_MODEL, ModelOption
from rnn_cli.cli.progress import follow
from rnn_cli.errors import UsageError
from rnn_cli.models import file
from rnn_cli.models.file import model_path
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.loading import load
from rnn_cli.pages.about import Told
from rnn_cli.pages.ngrams import ngram_loss
from rnn_cli.pages.page import page_of
from rnn_cli.pages.training import read_log
from rnn_cli.runs.files import refuse_overwriting, write_text
from rnn_cli.runs.later_epochs import with_later_epochs
from rnn_cli.text.arriving import read_blocks
from rnn_cli.text.reading import read_lines


def page(
    model: ModelOption = DEFAULT_MODEL,
    text: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="A text to show and to find neurons in: the page contains its first lines. May be "
            "repeated. Default: the model writes one.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Write the page here.")] = Path(
        "page.html"
    ),
    title: Annotated[
        str | None,
        typer.Option(show_default=False, help="The page's heading. Default: the model file's name."),
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="A text that the model has not seen, to draw the loss of an n-gram model of --text on "
            "it. May be repeated.",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="The log of the training, to draw its steps."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Keep the weights as float32: larger, and exact.")
    ] = False,
    top_words: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default=False,
            help="Keep only the most frequent tokens, for a smaller page. Default: all.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite --out.")] = False,
) -> None:
    """Write one HTML file that holds a model and runs it.

    The file needs no internet connection and no server: send it to a friend, who opens it in Chromium or
    Firefox. There you can write with the model, see which tokens surprise it and what its neurons follow, and
    read its equations with their numbers.
    """
    task = file.task_of(model)
    if valid and task != file.LANGUAGE:
        raise UsageError(f"--valid is for language models, but {model_path(model)} has the task {task}")
    if valid and not text:
        raise UsageError("--valid needs --text, to count the n-grams on")
    inputs: list[str | Path] = [model_path(model), *(text or []), *(valid or []), *([log] if log else [])]
    refuse_overwriting(out, inputs, force, "--out")
    loaded = load(model)
    ngram = None
    if valid and text and isinstance(loaded, LanguageModel):
        ngram = ngram_loss(loaded, read_blocks(text), read_lines(valid))
    told = Told(
        title=title or model_path(model).stem,
        history=follow(with_later_epochs(model, loaded.history)),
        lines=read_lines(text) if text else (),
        log=read_log(log) if log else [],
        ngram=ngram,
        is_exact=exact,
        top_words=top_words,
    )
    written = page_of(loaded, told)
    write_text(out, written.decode("utf-8"))
    say(f"wrote {out}: {len(written) / 1e6:.1f} MB; open it in a browser")
