"""rnn vocab: count the vocabulary of a text, and write it to a file."""

import bisect
import os
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, write_json
from rnn_cli.cli.language import label
from rnn_cli.cli.options.common import CacheDirOption, JsonOption, NoCacheOption
from rnn_cli.cli.options.settings import Given, takes_settings
from rnn_cli.cli.progress import follow
from rnn_cli.cli.ranks import end_alike
from rnn_cli.cli.vocabularies import (
    MOST_FREQUENT,
    print_figure,
    print_head,
    print_pairs,
    print_token,
    texts_of,
)
from rnn_cli.errors import UsageError
from rnn_cli.runs import files
from rnn_cli.runs.data import Counted, count_text, input_files
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.ranks import refuse_read_once
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.counting import COUNTERS, count_pairs
from rnn_cli.runs.tasks.table import with_task
from rnn_cli.text.reading import normalize_lines
from rnn_cli.text.units import units
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK, dumps
from rnn_cli.training.parallel.world import by_first, world_of

SHARES = (80, 90, 95, 99, 100)


@takes_settings(
    *("corpus", "task", "tokenizer", "target_tokenizer", "normalize", "user_dict", "unit"),
    *("column", "columns", "encoding", "min_count", "max_size"),
)
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
    cut: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", show_default=False, help="Show instead how this text is cut and numbered."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Count the tokens of a text; write a vocabulary file.

    Prints the size of the vocabulary, how much of the text it covers, and how many different tokens cover 80,
    90, 95 and 99 % of it, to help you choose --max-size. Nothing is trained. With --task, counts files of
    pairs: the tokens of each side, labels and tags, as training would see them.
    """
    world = world_of(os.environ)
    resources = Resources.of_user(cache_dir, not no_cache, world=world)

    def of_rank() -> int:
        settings = with_task(Settings(**given))
        if cut is not None and not cut.strip():
            raise UsageError("--cut needs a text")
        refuse_read_once(world, settings)
        if settings.task in COUNTERS and out:
            raise UsageError("--out is for a text without --task: rnn train --vocab reads it")
        texts = [] if cut is None or settings.task not in COUNTERS else texts_of(cut, settings.task)
        by_first(world, partial(_refuse_files, out, settings, force))
        if settings.task in COUNTERS:
            pairs = follow(count_pairs(settings, resources))
            if world.rank == 0:
                print_pairs(pairs, texts, as_json)
            return 0
        counted = follow(count_text(settings, resources))
        if world.rank == 0:
            _show(counted, cut, as_json)
            if out:
                files.write_text(out, dumps(counted.vocabulary, counted.tokenizer))
                say(f"wrote {out}: {len(counted.vocabulary.tokens):,} tokens, one a line")
        return 0

    raise typer.Exit(end_alike(world, of_rank))


def _refuse_files(out: Path | None, settings: Settings, force: bool) -> None:
    if out:
        files.refuse_overwriting(out, input_files(settings), force, "--out")
        files.try_writing(out)


def _show(counted: Counted, cut: str | None, as_json: bool) -> None:
    """Print the figures of a text, or how `cut` is cut."""
    if as_json:
        write_json(_figures(counted) if cut is None else {"units": _cut(counted, cut)})
    elif cut is None:
        _print_figures(counted)
    else:
        _print_cut(counted, cut)


def _types_needed(counts: dict[str, int]) -> dict[int, int]:
    """Return how many types, the most frequent first, cover each of SHARES (in %) of the tokens."""
    running = list(accumulate(sorted(counts.values(), reverse=True)))
    return {share: bisect.bisect_left(running, running[-1] * share / 100) + 1 for share in SHARES}


def _figures(counted: Counted) -> dict[str, Any]:
    text, vocabulary = counted.part, counted.vocabulary
    return {
        "lines": text.lines,
        "tokens": text.tokens,
        "characters": text.characters,
        "types": len(counted.types),
        "vocabulary": len(vocabulary.tokens),
        "m": vocabulary.size,
        "unknown": text.tokens - sum(vocabulary.counts),
        "types_needed": _types_needed(counted.types),
    }


def _cut(counted: Counted, text: str) -> list[list[dict[str, Any]]]:
    """Return the tokens of each unit of a text, without START and END."""
    tokenizer, vocabulary = counted.tokenizer, counted.vocabulary
    split = [tokenizer.split(unit) for unit in units(normalize_lines(text), tokenizer.unit)]
    return [
        [
            {"id": id, "token": token, "occurs": counted.types.get(token or "", 0)}
            for id, token in zip(vocabulary.encode(tokens), tokens, strict=True)
        ]
        for tokens in split
    ]


def _print_figures(counted: Counted) -> None:
    text, vocabulary, counts = counted.part, counted.vocabulary, counted.types
    total, known = text.tokens, sum(vocabulary.counts)
    needed = _types_needed(counts)
    print_figure("lines", f"{text.lines:,}")
    print_figure("tokens", f"{total:,}")
    print_figure("types", f"{len(counts):,}", "different tokens")
    extent = f"and START, END, UNK: m = {vocabulary.size:,}"
    print_figure("vocabulary", f"{len(vocabulary.tokens):,}", extent)
    print_figure("covered", f"{known / total:.2%}", "of the tokens; the others are unknown")
    typer.echo(f"\n{label('of tokens', 11)}  {label('types needed, the most frequent first')}")
    for share, types in needed.items():
        typer.echo(f"{share:>7} %   {types:>12,}")
    typer.echo("")
    print_head("token", label(", the most frequent first"))
    print_token(START, text.lines)
    print_token(END, text.lines)
    print_token(UNK, total - known)
    rows = zip(vocabulary.counts, vocabulary.tokens, strict=True)
    for id, (count, token) in enumerate(list(rows)[:MOST_FREQUENT], SPECIAL):
        print_token(id, count, token)


def _print_cut(counted: Counted, text: str) -> None:
    """Print the tokens of a text as a model with this vocabulary would read it, with their ids."""
    tokenizer, vocabulary = counted.tokenizer, counted.vocabulary
    print_head()
    for unit in units(normalize_lines(text), tokenizer.unit):
        tokens = tokenizer.split(unit)
        print_token(START, counted.part.lines)
        for id, token in zip(vocabulary.encode(tokens), tokens, strict=True):
            print_token(id, counted.types.get(token or "", 0), token)
        print_token(END, counted.part.lines)
