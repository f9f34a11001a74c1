"""From text files to a text as ids: taken from the cache, or read and split now and then cached."""

import shlex
import shutil
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from rnn_cli.errors import RnnError
from rnn_cli.machine import available_threads
from rnn_cli.processes import can_begin
from rnn_cli.runs.kept import keep, kept, mapped
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.splitting import Splitting, Task
from rnn_cli.runs.together import prepared_together, refuse_other_texts
from rnn_cli.runs.workplace import ELSEWHERE, Workplace
from rnn_cli.text.columns import columns, is_table
from rnn_cli.text.folders import find_texts
from rnn_cli.text.reading import Source, display_name, spool
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.cache import Cache, default_folder
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.vocabulary import UNK
from rnn_cli.training.parallel.world import ALONE, World, meet

TEXT = "text"  # a folder inside the workplace
SHOWN = 5  # columns listed of a table that is read as text


@dataclass(frozen=True)
class Resources:
    """Resources of a run; they never affect its result.

    cache: where texts are kept as ids; None keeps nothing.
    processes: how many may split a text into words.
    max_memory: bytes that a run may take; None: what the machine has.
    world: the ranks that share the work.
    rank_timeout: seconds of silence from the other ranks after which a rank ends; None: watch.SILENCE.
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
        """Return this machine's resources, its cores divided among its ranks, with the user's cache or a
        cache in `cache_folder`."""
        cache = None
        with suppress(RuntimeError):  # the user has no home
            cache = Cache(cache_folder or default_folder()) if use_cache else None
        on_host = world.leaders.count(world.leaders[world.rank])
        return cls(cache, threads or max(1, usual_threads() // on_host), max_memory, world)


def usual_threads() -> int:
    """Return the default number of cores to use: one if this process cannot start others."""
    return available_threads() if can_begin() else 1


Preparing = Generator[Notice | Reading, None, tuple[Text, float]]


def prepare(
    paths: Sequence[str], splitting: Splitting, resources: Resources, limit: int | None = None
) -> Preparing:
    """Return the text of some files as ids, and the share of it that was read.

    limit: bytes of a long text that are enough. Raises RnnError for files that cannot be read, that change
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
        text = yield from _kept_or_read(task, resources, work)
    if text.counts[UNK] == 0 and all(map(str.isspace, text.types)):
        names = ", ".join(map(display_name, paths))
        raise RnnError(f"{names}: no text in it: it is empty, or every line is blank")
    return text, min(1.0, (limit or task.size) / task.size)


def _tables_read_as_text(sources: Sequence[Source], encoding: str | None) -> Iterator[Notice]:
    """Yield a warning for each source that looks like a table with several columns."""
    for source in sources:
        if source.is_copy or not is_table(source.name):
            continue
        blocks = (text for text, _ in source.blocks(encoding, lambda text: 0))
        with suppress(RnnError):
            if len(there := columns(blocks, source.name)) > 1:
                names = " or ".join(shlex.join(["--column", name]) for name in there[:SHOWN])
                yield Notice(
                    f"{source.name}: read as plain text, all its columns: --task classify (or translate, …) "
                    f"learns one from the other, {names} reads one alone",
                    True,
                )


def _kept_or_read(
    task: Task, resources: Resources, work: Workplace
) -> Generator[Notice | Reading, None, Text]:
    read, world = partial(_read, processes=resources.processes, work=work), resources.world
    meet(world)  # a file may be missing on one machine
    refuse_other_texts(world, task.name, [stamp.size for stamp in task.stamps])
    if task.bytes_to_read < task.size:  # the cache holds only whole texts
        return mapped((yield from read(task)))
    if world.size > 1:
        return (yield from prepared_together(task, work, world, read))
    if work.cache is None:
        return mapped((yield from read(task)))
    key = task.key(work.memory)
    if found := (yield from kept(key, work)):
        return found[1]
    return mapped(keep((yield from read(task)), key, work))


def _read(task: Task, processes: int, work: Workplace) -> Generator[Notice | Reading, None, Path]:
    """Write the text, or as much of it as the limit asks for, as ids to a folder of the workplace, and return
    the folder. Raises RnnError for files that have changed since they were stamped, and if there is no room
    for the ids."""
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
    """Write the text as ids to a new folder, and return the folder. Raises OSError if that fails."""
    folder.mkdir()
    tokenizer, _, keep_blank, _ = task.splitting
    with stored.Writer(folder, task.about) as writer:
        for cut in cut_all(tokenizer, task.blocks(), keep_blank, processes):
            writer.add(cut)
            yield Reading(task.done, task.bytes_to_read)
    task.refuse_changed_files()
    return folder
