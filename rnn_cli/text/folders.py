"""Folders to the text files in them."""

import os
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from rnn_cli.errors import RnnError

SUFFIX = ".txt"  # in letters of either case
SHOWN = 5  # names of what was left out that a line of a message holds


class TextFiles(NamedTuple):
    """The files that some paths stand for.

    left_out: for each folder in which something was left out, a line that names it.
    """

    files: list[str]
    left_out: list[str]


class _Found(NamedTuple):
    """What is in a folder and those below it."""

    texts: list[str]
    others: list[str]  # no texts by their names: hidden, of another kind, or links to nothing


def find_texts(paths: Iterable[str]) -> TextFiles:
    """Return the paths, with each folder replaced by the text files below it, sorted.

    Text files are those whose names end in .txt or .TXT. Names that begin with a dot are left out, of files
    and of folders. A link to a folder is followed; a folder that is reached twice is read once.

    Raises RnnError for a folder that holds no text file, and for one, at any depth, that cannot be read.
    """
    files, left_out = [], []
    for path in paths:
        if path in ("", "-") or not os.path.isdir(path):
            files.append(path)
            continue
        texts, others = _search(path)
        if not texts:
            raise RnnError(f"{path}: is a folder without a *{SUFFIX} file (name the text files in it)")
        files += sorted(texts)
        if others:
            left_out.append(_describe(path, sorted(others)))
    return TextFiles(files, left_out)


def _search(folder: str) -> _Found:
    """Return what is in a folder. Raise RnnError for one that cannot be read."""
    found = _Found([], [])
    waiting = deque([folder])  # folders; links go to the end, so that a folder is read under its own name
    links: deque[str] = deque()
    read: set[tuple[int, int]] = set()
    while waiting or links:
        path = waiting.popleft() if waiting else links.popleft()
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in read:
                continue
            read.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    _sort_in(entry, found, links if entry.is_symlink() else waiting)
        except OSError as error:
            raise RnnError(f"{error.filename or path}: {error.strerror or error}") from error
    return found


def _sort_in(entry: os.DirEntry[str], found: _Found, folders: deque[str]) -> None:
    """Put an entry where it belongs."""
    if entry.name.startswith(".") or not os.path.exists(entry.path):
        found.others.append(entry.path)
    elif entry.is_dir():
        folders.append(entry.path)
    elif entry.name.lower().endswith(SUFFIX):
        found.texts.append(entry.path)
    else:
        found.others.append(entry.path)


def _describe(folder: str, others: list[str]) -> str:
    """Return the line that names what was left out of a folder."""
    names = [os.path.relpath(path, folder) for path in others[:SHOWN]]
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    return f"{folder}: left out as no *{SUFFIX} files, or hidden: {', '.join(names)}{more}"
