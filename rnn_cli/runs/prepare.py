"""From files to a text as ids: kept from an earlier run, or cut now and kept."""

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import unidata_version

from rnn_cli.cli.console import progress_bar, say, warn
from rnn_cli.errors import RnnError
from rnn_cli.text.reading import Source, Stamp, display_name, spool, text_files
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.cache import Cache, default_folder
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.store.cutting import cut_all, cuttable
from rnn_cli.text.tokenizers import Tokenizer
from rnn_cli.text.vocabulary import UNK

if TYPE_CHECKING:
    from tqdm import tqdm

FORMAT = "rnn text 1"  # of what the cache holds
TEXT = "text"  # a folder in the one to work in


class Cutting(NamedTuple):
    """How a text becomes tokens."""

    tokenizer: Tokenizer
    encoding: str | None
    keep_blank: bool  # whether a line of nothing but white space is a line or is skipped


class Means(NamedTuple):
    """What may be used to get there, which changes nothing of the outcome."""

    cache: Cache | None  # None: nothing is kept
    processes: int
    quiet: bool = False
    most: int | None = None  # bytes to read: the beginning of a text is enough


def cache_at(folder: Path | None, no_cache: bool) -> Cache | None:
    """The cache that the command line names, or the user's; None where there is none."""
    with suppress(RuntimeError):  # the user has no home
        return None if no_cache else Cache(folder or default_folder())
    return None


def prepare(paths: Sequence[str], cutting: Cutting, means: Means) -> tuple[Text, float]:
    """The text of some files as ids, and the share of it that was read.

    Raises RnnError for files that cannot be read, that change meanwhile, or that hold no text.
    """
    if "-" in paths and sys.stdin.isatty():
        say("reading standard input; Ctrl-D ends it")
    with _work(means.cache) as (cache, work):
        sources = [spool(path, work) for path in text_files(paths)]
        stamps = [source.stamp() for source in sources]
        size = sum(stamp.size for stamp in stamps)
        if means.most and size > means.most:
            cache = None
        text = _kept_or_cut(sources, stamps, cutting, means, cache, work)
    if text.counts[UNK:].sum() == 0:
        names = ", ".join(map(display_name, paths))
        raise RnnError(f"{names}: no text in it: it is empty, or every line is blank")
    return text, min(1.0, (means.most or size) / size)


@contextmanager
def _work(cache: Cache | None) -> Iterator[tuple[Cache | None, Path]]:
    """The cache, if it can be used, and a folder to work in."""
    with ExitStack() as stack:
        if cache:
            try:
                folder = stack.enter_context(cache.work())
            except OSError as error:
                warn(f"{cache.folder}: {error.strerror}: the text is not kept (--cache-dir names a folder)")
                cache = None
        if not cache:
            temporary = tempfile.TemporaryDirectory(prefix="rnn-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(temporary))
        yield cache, folder


def _kept_or_cut(
    sources: Sequence[Source],
    stamps: Sequence[Stamp],
    cutting: Cutting,
    means: Means,
    cache: Cache | None,
    work: Path,
) -> Text:
    if cache is None:
        return _cut(sources, stamps, cutting, means, work)
    tokenizer, *rest = cutting
    decisive = [FORMAT, version("jieba"), unidata_version, tokenizer.name, dict(tokenizer.settings), *rest]
    content = [source.sha256() for source in sources]
    key = hashlib.sha256(json.dumps([*decisive, *content]).encode()).hexdigest()
    folder = cache.find(key)
    if folder:
        try:
            return stored.load(folder)
        except (stored.Damaged, OSError) as error:
            say(f"{folder}: {error}: the text is read anew")
            cache.drop(key)
    text = _cut(sources, stamps, cutting, means, work)
    with suppress(OSError):  # it is mapped already, and need not be kept
        cache.keep(work / TEXT, key)
    return text


def _cut(
    sources: Sequence[Source], stamps: Sequence[Stamp], cutting: Cutting, means: Means, work: Path
) -> Text:
    """The text, or the beginning that is enough, as ids in a folder within `work`. Raises RnnError for files
    that have changed since they were stamped."""
    folder = work / TEXT
    folder.mkdir()
    size = sum(stamp.size for stamp in stamps)
    most = means.most if means.most and means.most < size else None
    tokenizer, _, keep_blank = cutting
    about = {"text": [source.name for source in sources], "bytes": size, "tokenizer": tokenizer.name}
    with progress_bar(most or size, means.quiet, "B", "reading ") as bar:
        cuts = cut_all(tokenizer, _blocks(sources, cutting, bar, most), keep_blank, means.processes)
        try:
            stored.store(folder, cuts, about)
        except OSError as error:
            raise RnnError(
                f"{work}: {error.strerror}: no place for the text as ids (--cache-dir names a folder)"
            ) from error
    for source, stamp in zip(sources, stamps, strict=True):
        if source.stamp() != stamp:
            raise RnnError(f"{source.name}: changed while it was read: try again")
    return stored.load(folder)


def _blocks(sources: Sequence[Source], cutting: Cutting, bar: "tqdm[Any]", most: int | None) -> Iterator[str]:
    """The texts one after another, to their end or until `most` bytes or somewhat more were read; the bar
    tells how many."""
    done = 0
    for source in sources:
        before = 0
        for text, read in source.blocks(cutting.encoding, partial(cuttable, cutting.tokenizer)):
            yield text
            done += read - before
            bar.update(read - before)
            before = read
            if most is not None and done >= most:
                if not text.endswith("\n"):
                    yield "\n"
                return
