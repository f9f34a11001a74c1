"""rnn next: the likeliest next tokens."""

import json
import sys
from typing import Annotated

import typer

from rnn_cli.cli.console import say, write_json, write_text
from rnn_cli.cli.mixing import load_mixture, mixing_of
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, ThreadsOption
from rnn_cli.cli.options.mixing import BaselineOption, MixOption, ModelsOption, ValidOption, WeightsOption
from rnn_cli.cli.samples import warn_of_unknown
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.sampling.rules import TOP
from rnn_cli.text.arriving import lines_that_come
from rnn_cli.text.vocabulary import SPELLED


def next(
    prompts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...",
            help="The text to continue. Without one, or with -, standard input is read, one text a line.",
            show_default=False,
        ),
    ] = None,
    model: ModelsOption = [DEFAULT_MODEL],  # noqa: B006 (so Typer has a list for its default)
    top: Annotated[int, typer.Option("--top", min=1, help="How many tokens.")] = TOP,
    mix: MixOption = False,
    baseline: BaselineOption = None,
    valid: ValidOption = None,
    weights: WeightsOption = None,
    begun: Annotated[
        bool,
        typer.Option("--begun", help="Finish the last word even if it is already a known word: cat, cats."),
    ] = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the likeliest next tokens after a text, with their probabilities.

    If the text ends in an unfinished word that is not itself in the vocabulary, or in a space that belongs to
    the next word, these are the tokens that complete it, with their probabilities among all such tokens.
    """
    is_read = prompts in (None, [], ["-"])
    mixing = mixing_of(model, mix, baseline, valid, weights)
    if is_read and sys.stdin.isatty():
        say("reading standard input, one text per line; Ctrl-D ends it")
    language_model = LanguageModel.load(model[0]) if mixing is None else load_mixture(model, mixing, baseline)
    number, told = 0, set[str]()
    for texts in lines_that_come(["-"]) if is_read else [prompts or []]:
        unknown = dict.fromkeys(token for text in texts for token in language_model.unknown(text))
        warn_of_unknown([token for token in unknown if token not in told], model[0])
        told |= unknown.keys()
        following = language_model.next_of(texts, top, threads, begun)
        for text, tokens in zip(texts, following, strict=True):
            number += 1
            if as_json:
                rows = [{"token": token, "p": p} for token, p in tokens]
                write_json({"text": text, "next": rows})
            else:
                before = f"{number}\t" if len(texts) > 1 or is_read else ""
                write_text("".join(f"{before}{p:.4f}\t{_shown(token)}\n" for token, p in tokens))
        sys.stdout.flush()


def _shown(token: str) -> str:
    """Return a token as JSON, which shows its spaces; a line end and an unknown token without quotes."""
    return token if token in SPELLED.values() else json.dumps(token, ensure_ascii=False)
