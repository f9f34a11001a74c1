"""rnn cache: list and delete the texts that are kept as ids."""

import time
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import say, write_json
from rnn_cli.cli.options.common import CacheDirOption, JsonOption
from rnn_cli.errors import RnnError
from rnn_cli.printing import printable
from rnn_cli.text.store.cache import Cache, Entry, default_folder


def cache(
    cache_dir: CacheDirOption = None,
    clear: Annotated[bool, typer.Option("--clear", help="Delete all of them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List or delete the texts cached as token ids, which let the next run start sooner.

    A row has the size in megabytes, the time of last use, the tokenizer, and the files that the text was read
    from.
    """
    try:
        kept = Cache(cache_dir or default_folder())
    except RuntimeError as error:
        raise RnnError("there is no home folder to keep texts in: --cache-dir names a folder") from error
    if clear and as_json:
        write_json({"folder": str(kept.folder), "deleted_bytes": kept.clear()})
        return
    if clear:
        say(f"{kept.folder}: {kept.clear() / 1e6:,.1f} MB deleted")
        return
    entries = kept.entries()
    if as_json:
        write_json({"folder": str(kept.folder), "texts": [*map(_facts, entries)]})
        return
    for entry in entries:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        names = ", ".join(map(str, entry.header.get("text", ["damaged"])))
        tokenizer = entry.header.get("tokenizer", "")
        typer.echo(printable(f"{entry.size / 1e6:>10,.1f} MB  {used}  {tokenizer:<6}  {names}"))
    say(f"{kept.folder}: {len(entries)} texts, {sum(entry.size for entry in entries) / 1e6:,.1f} MB")


def _facts(entry: Entry) -> dict[str, Any]:
    """Return what is known of a text; if it is damaged, files and tokenizer are None."""
    return {
        "key": entry.folder.name,
        "bytes": entry.size,
        "used": entry.used,
        "tokenizer": entry.header.get("tokenizer"),
        "files": entry.header.get("text"),
    }
