"""From text files to a text as ids: taken from the cache, or read and split now and kept there."""

import hashlib
import json
import shlex
import shutil
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Self
from unicodedata import unidata_version

from rnn_cli.errors import RnnError
from rnn_cli.machine import available_threads
from rnn_cli.processes import can_begin
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.workplace import ELSEWHERE, Workplace
from rnn_cli.text.columns import column_text, columns, is_table, suffix
from rnn_cli.text.folders import find_texts
from rnn_cli.text.parting import cuttable
from rnn_cli.text.reading import Shape, Source, Stamp, display_name, spool
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.cache import Cache, default_folder
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.tokenizers import Tokenizer
from rnn_cli.text.units import PARAGRAPH, paragraphs
from rnn_cli.text.vocabulary import UNK
from rnn_cli.training.parallel.world import ALONE, World

FORMAT = "rnn text 2"  # of the entries of the cache
TEXT = "text"  # a folder inside the one to work in
SHOWN = 5  # columns of a table that is read as text


class Splitting(NamedTuple):
    """How a text becomes tokens.

    keep_blank: whether a line of nothing but white space is a line, or is skipped.
    column: what is read of a table; None reads it as the text that its file holds.
    """

    tokenizer: Tokenizer
    encoding: str | None
    keep_blank: bool
    column: str | None = None

    def table(self, source: Source) -> str | None:
        """Return the name by which a source is read as a table, or None. What has no name is one."""
        is_one = self.column is not None and (source.is_copy or is_table(source.name))
        return source.name if is_one else None

    def shape(self, source: Source) -> Shape:
        """Return what makes the text of a source's characters."""
        if self.column is not None and (name := self.table(source)):
            return partial(column_text, name=name, column=self.column, unit=self.tokenizer.unit)
        return paragraphs if self.tokenizer.unit == PARAGRAPH else iter


@dataclass(frozen=True)
class Resources:
    """Resources of a run; they never affect its result.

    cache: where texts are kept as ids; None keeps nothing.
    processes: how many may split a text into words.
    max_memory: bytes that a run may take; None: what the machine has.
    world: the ranks that share the work.
    rank_timeout: seconds after which a rank that hears nothing from the others ends; None: mpi.SILENCE.
    """

    cache: Cache | None = None
    processes: int = 1
    max_memory: int | None = None
    world: World = ALONE
    rank_timeout: float | None = None

    @classmethod
    def of_user(
        cls,
        cache_folder: Path | None = None,
        use_cache: bool = True,
        threads: int | None = None,
        max_memory: int | None = None,
        world: World = ALONE,
    ) -> Self:
        """Return the resources of this machine and the user's cache, or a cache in another folder."""
        cache = None
        with suppress(RuntimeError):  # the user has no home
            cache = Cache(cache_folder or default_folder()) if use_cache else None
        return cls(cache, threads or usual_threads(), max_memory, world)


def usual_threads() -> int:
    """Return the number of cores to use where nobody says: one where this process may start no others."""
    return available_threads() if can_begin() else 1


@dataclass
class Task:
    """A text to be read: its files, as they were when the work began.

    limit: bytes after which the rest is left out; None reads all.
    """

    sources: Sequence[Source]
    stamps: Sequence[Stamp]
    splitting: Splitting
    limit: int | None
    done: int = 0  # bytes read so far

    @property
    def size(self) -> int:
        return sum(stamp.size for stamp in self.stamps)

    @property
    def bytes_to_read(self) -> int:
        return min(self.size, self.limit or self.size)

    def blocks(self) -> Iterator[str]:
        """Yield the texts one after another, to their end or to the limit, counting bytes in `done`."""
        part = partial(cuttable, self.splitting.tokenizer)
        self.done = 0
        for source in self.sources:
            before = self.done
            for text, read in source.blocks(self.splitting.encoding, part, self.splitting.shape(source)):
                self.done = before + read
                yield text
                if self.limit is not None and self.done >= self.limit:
                    if not text.endswith("\n"):
                        yield "\n"
                    return

    def key(self) -> str:
        """Return the hash of the content of the files and of everything that decides how they are split."""
        tokenizer, encoding, keep_blank, column = self.splitting
        rest: list[object] = [encoding, keep_blank]
        if column is not None:
            rest += [column, [name and suffix(name) for name in map(self.splitting.table, self.sources)]]
        decisive = [
            FORMAT,
            version("jieba"),
            unidata_version,
            tokenizer.name,
            dict(tokenizer.settings),
            *rest,
        ]
        content = [source.sha256() for source in self.sources]
        return hashlib.sha256(json.dumps([*decisive, *content]).encode()).hexdigest()

    def refuse_changed_files(self) -> None:
        """Raise RnnError for a file that has changed since it was stamped."""
        for source, stamp in zip(self.sources, self.stamps, strict=True):
            if source.stamp() != stamp:
                raise RnnError(f"{source.name}: changed while it was read: try again")


Preparing = Generator[Notice | Reading, None, tuple[Text, float]]


def prepare(
    paths: Sequence[str], splitting: Splitting, resources: Resources, limit: int | None = None
) -> Preparing:
    """Return the text of some files as ids, and the share of it that was read.

    limit: bytes that are enough of a long text. Raises RnnError for files that cannot be read, that change
    meanwhile, or that hold no text.
    """
    if "-" in paths and sys.stdin.isatty():
        yield Notice("reading standard input; Ctrl-D ends it")
    with Workplace(resources.cache) as work:
        found = find_texts(paths)
        for line in found.left_out:
            yield Notice(line)
        sources = [spool(path, work.folder, splitting.encoding, work.leave_cache) for path in found.files]
        yield from work.take_notices()
        if splitting.column is None:
            yield from _tables_read_as_text(sources, splitting.encoding)
        task = Task(sources, [source.stamp() for source in sources], splitting, limit)
        text = yield from _kept_or_read(task, resources.processes, work)
    if text.counts[UNK] == 0 and all(map(str.isspace, text.types)):
        names = ", ".join(map(display_name, paths))
        raise RnnError(f"{names}: no text in it: it is empty, or every line is blank")
    return text, min(1.0, (limit or task.size) / task.size)


OF_TASKS = ", and --task (classify, translate, …) learns one from the other"


def _tables_read_as_text(sources: Sequence[Source], encoding: str | None) -> Iterator[Notice]:
    """Yield a warning for each source that looks like a table of several columns."""
    for source in sources:
        if source.is_copy or not is_table(source.name):
            continue
        blocks = (text for text, _ in source.blocks(encoding, lambda text: 0))
        with suppress(RnnError):
            if len(there := columns(blocks, source.name)) > 1:
                names = " or ".join(shlex.join(["--column", name]) for name in there[:SHOWN])
                yield Notice(
                    f"{source.name}: read as plain text, all its columns: {names} reads one{OF_TASKS}", True
                )


def _kept_or_read(task: Task, processes: int, work: Workplace) -> Generator[Notice | Reading, None, Text]:
    if work.cache is None or task.bytes_to_read < task.size:  # the cache holds whole texts
        return _mapped((yield from _read(task, processes, work)))
    key = task.key()
    if folder := work.cache.find(key):
        try:
            return stored.load(folder)
        except OSError as error:
            what = f"{folder}: {error.strerror or error}"
            yield Notice(f"{what}: the text is read again", is_warning=True)
        except stored.Damaged as error:
            yield Notice(f"{folder}: {error}: the text is read again", is_warning=True)
            work.cache.drop(key)
    folder = yield from _read(task, processes, work)
    if work.cache:
        with suppress(OSError):  # it need not be kept
            folder = work.cache.keep(folder, key)  # before it is mapped: Windows moves no file that is
    return _mapped(folder)


def _mapped(folder: Path) -> Text:
    """Return the text that was written to a folder just now. Raises RnnError where it is gone."""
    try:
        return stored.load(folder)
    except (stored.Damaged, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise RnnError(f"{folder}: {what}: the text was changed since it was written: try again") from error


def _read(task: Task, processes: int, work: Workplace) -> Generator[Notice | Reading, None, Path]:
    """Write the text, or the beginning that is enough, as ids to a folder of the workplace, and return it.
    Raises RnnError for files that have changed since they were stamped, and where there is no room for the
    ids."""
    try:
        return (yield from _written(task, processes, work.folder / TEXT))
    except OSError as error:
        failed = error
    try:
        shutil.rmtree(work.folder / TEXT, ignore_errors=True)  # its disk may be full
        work.leave_cache(failed)
        yield from work.take_notices()
        return (yield from _written(task, processes, work.folder / TEXT))
    except OSError as error:
        what = f"{work.folder}: {error.strerror or error}: no place for the text as ids"
        raise RnnError(f"{what} ({ELSEWHERE})") from error


def _written(task: Task, processes: int, folder: Path) -> Generator[Reading, None, Path]:
    """Write the text as ids to a new folder, and return it. Raises OSError where that cannot be done."""
    folder.mkdir()
    tokenizer, _, keep_blank, _ = task.splitting
    about = {
        "text": [source.name for source in task.sources],
        "bytes": task.size,
        "tokenizer": tokenizer.name,
    }
    with stored.Writer(folder, about) as writer:
        for cut in cut_all(tokenizer, task.blocks(), keep_blank, processes):
            writer.add(cut)
            yield Reading(task.done, task.bytes_to_read)
    task.refuse_changed_files()
    return folder
