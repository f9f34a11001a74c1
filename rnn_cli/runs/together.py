"""Cutting a text on several ranks: each cuts its own share, and one rank of each machine keeps the whole."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.runs.kept import keep, kept, mapped
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.splitting import Task
from rnn_cli.runs.workplace import ELSEWHERE, Workplace
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.corpus import Text
from rnn_cli.text.store.merging import BLOCK, Merged
from rnn_cli.text.store.numbering import NUMBERS
from rnn_cli.training.parallel.world import World, meet

WHOLE = "whole"  # a folder inside the workplace

Read = Callable[[Task], Generator[Notice | Reading, None, Path]]  # writes a task's text as ids to a folder
Blocks = Iterator[tuple[str, Any]]  # the arrays of a text in pieces, each with its name


def refuse_other_texts(world: World, name: str, found: Any) -> None:
    """Raise RnnError, on all ranks, if one has found another text than rank 0.

    name: of the text. found: a value that is the same for the same text; None: this rank has not looked.
    """
    of_all = world.exchange([found] * world.size)
    others = [rank for rank, each in enumerate(of_all) if each is not None and each != of_all[0]]
    if others:
        rank = others[0]
        raise RnnError(
            f"{name}: rank {rank} on {world.hosts[rank]} has read a different text from rank 0 on "
            f"{world.hosts[0]}: copy the same files to both"
        )


def prepared_together(
    task: Task, work: Workplace, world: World, read: Read
) -> Generator[Notice | Reading, None, Text]:
    """Return a text as ids, on every rank. Each rank cuts a share of it, unless all machines have it in their
    cache.

    read: how a rank cuts its share. Raises RnnError.
    """
    leads = world.leaders[world.rank] == world.rank
    key = task.key(work.memory) if leads else None
    meet(world)
    refuse_other_texts(world, task.name, key)
    found = (yield from kept(key, work)) if key else None
    folder, text = found or (None, None)
    if not all(world.exchange([not leads or text is not None] * world.size)):
        own = yield from read(task.share(world.rank, world.size))
        meet(world)
        part = mapped(own)
        whole = Merged.of(part, world.rank, world.size, world.exchange)
        blocks = _of_all_ranks(part, whole, world)
        if key and text is None:
            folder = keep(_written(work.folder / WHOLE, task, whole, blocks), key, work)
        _drop(blocks)
    meet(world)
    folder = world.exchange([folder] * world.size)[world.leaders[world.rank]]
    text = text or mapped(folder)
    meet(world)  # from here on, a folder that is not in the cache may be deleted
    return text


def _of_all_ranks(part: Text, whole: Merged, world: World) -> Blocks:
    """Yield the arrays of the whole text; every rank contributes those of its part."""
    own = whole.arrays(part)
    for number, name in enumerate(stored.ARRAYS):
        for rank, sizes in enumerate(whole.sizes):
            for _ in range(0, sizes[number], BLOCK):
                yield name, world.share(next(own[number]) if rank == world.rank else None, rank)


def _written(folder: Path, task: Task, whole: Merged, blocks: Blocks) -> Path:
    """Write the whole text to a new folder; return it. Raises RnnError if there is no room."""
    try:
        folder.mkdir()
        with ExitStack() as stack:
            files = {name: stack.enter_context(open(folder / name, "wb")) for name in stored.ARRAYS}
            files["starts"].write(np.zeros(1, NUMBERS).data)
            for name, block in blocks:
                files[name].write(block.data)
        counted, lines = (whole.types, whole.counts), (whole.characters, whole.longest)
        stored.write_header(folder, task.about, whole.dtype, counted, lines)
    except OSError as error:
        _drop(blocks)  # so that the other ranks go on
        what = f"{folder}: {error.strerror or error}: no place for the text as ids"
        raise RnnError(f"{what} ({ELSEWHERE})") from error
    return folder


def _drop(blocks: Blocks) -> None:
    for _ in blocks:
        pass
