"""rnn sample: text from a trained model."""

import sys
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import warn, write_text
from rnn_cli.cli.options.common import DEFAULT_MODEL, ModelOption, finite
from rnn_cli.models.language_model import LENGTH, TEMPERATURE, TOP_P, LanguageModel


def sample(
    model: ModelOption = DEFAULT_MODEL,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="Text to go on from.")] = "",
    num: Annotated[int, typer.Option("--num", min=1, max=10_000, help="How many samples.")] = 1,
    length: Annotated[
        int, typer.Option("--length", "-l", min=1, help="At most this many tokens a sample.")
    ] = LENGTH,
    temperature: Annotated[
        float,
        typer.Option(
            min=0,
            max=100,
            callback=finite,
            help="Above 1 bolder, below 1 safer; 0 the likeliest.",
        ),
    ] = TEMPERATURE,
    top_k: Annotated[
        int | None,
        typer.Option(min=1, help="Draw from the k likeliest tokens only. Default: all.", show_default=False),
    ] = None,
    top_p: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            callback=finite,
            help="Draw from the fewest that hold this much probability.",
        ),
    ] = TOP_P,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            "-s",
            min=0,
            max=2**64 - 1,
            show_default=False,
            help="The same seed gives the same text. Default: another each time.",
        ),
    ] = None,
) -> None:
    """Write text with a trained model.

    A sample ends where a line does; of a model trained with --carry-state it runs on over line ends
    to --length. Several samples stand one below the other, parted by an empty line where one may
    hold several lines.
    """
    language_model = LanguageModel.load(model)
    unknown = language_model.unknown(prompt)
    if unknown:
        shown = ", ".join(repr(token) for token in unknown[:10])
        warn(f"unknown to {model}, and read as such: {shown}{', …' if len(unknown) > 10 else ''}")
    options = {
        "length": length,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
    }
    _write(language_model, prompt, num, options)


def _write(language_model: LanguageModel, prompt: str, num: int, options: dict[str, Any]) -> None:
    if num == 1:
        last = ""
        for piece in language_model.stream(prompt, **options):
            write_text(piece)
            last = piece or last
            if sys.stdout.isatty():
                sys.stdout.flush()
        sys.stdout.write("" if last.endswith("\n") else "\n")
    else:
        texts = (text.removesuffix("\n") for text in language_model.sample(prompt, num, **options))
        write_text(("\n\n" if language_model.carry_state else "\n").join(texts) + "\n")
