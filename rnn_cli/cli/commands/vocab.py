"""rnn vocab: what a text's vocabulary would be, and a file of it."""

import bisect
import json
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import typer

from rnn_cli.cli.console import say
from rnn_cli.cli.options.common import CacheDirOption, NoCacheOption
from rnn_cli.cli.options.settings import Given, takes_settings
from rnn_cli.cli.progress import follow
from rnn_cli.runs import files
from rnn_cli.runs.data import count_text, input_files
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.text.vocabulary import dumps

SHARES = (80, 90, 95, 99, 100)
MOST_FREQUENT = 20


@takes_settings("corpus", "tokenizer", "normalize", "user_dict", "encoding", "min_count", "max_size")
def vocab(
    given: Given,
    cache_dir: CacheDirOption = None,
    no_cache: NoCacheOption = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            show_default=False,
            help="Write the vocabulary here, to edit and for rnn train --vocab.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite --out.")] = False,
) -> None:
    """Count the tokens of a text; write a vocabulary file.

    Prints how large the vocabulary is, how much of the text it covers, and how many different
    tokens cover 80, 90, 95 and 99 % of it: what one needs to choose --max-size.
    """
    settings = Settings(**given)
    if out:
        files.refuse_overwriting(out, input_files(settings), force, "--out")
        files.try_writing(out)
    counted = follow(count_text(settings, Resources.of_user(cache_dir, not no_cache)))
    text, vocabulary, counts = counted.part, counted.vocabulary, counted.types
    total, known = text.tokens, sum(vocabulary.counts)
    typer.echo(f"lines       {text.lines:>12,}")
    typer.echo(f"tokens      {total:>12,}")
    typer.echo(f"types       {len(counts):>12,}   different tokens")
    typer.echo(f"vocabulary  {len(vocabulary.tokens):>12,}   and START, END, UNK: m = {vocabulary.size:,}")
    typer.echo(f"covered     {known / total:>12.2%}   of the tokens; the others are unknown")
    typer.echo("\nof tokens    types needed, the most frequent first")
    running = list(accumulate(sorted(counts.values(), reverse=True)))
    for share in SHARES:
        needed = bisect.bisect_left(running, running[-1] * share / 100) + 1
        typer.echo(f"{share:>7} %   {needed:>12,}")
    typer.echo("\nmost frequent")
    rows = zip(vocabulary.counts, vocabulary.tokens, strict=True)
    for count, token in list(rows)[:MOST_FREQUENT]:
        typer.echo(f"{count:>12,}   {json.dumps(token, ensure_ascii=False)}")
    if out:
        files.write_text(out, dumps(vocabulary, counted.tokenizer))
        say(f"wrote {out}: {len(vocabulary.tokens):,} tokens, one a line")
