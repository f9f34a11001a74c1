"""Finding the text files in folders."""

import os
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from rnn_cli.errors import RnnError

SUFFIX = ".txt"  # in upper or lower case
SHOWN = 5  # the most names of left-out files in a line of a message


class TextFiles(NamedTuple):
    """The files that some paths stand for.

    left_out: for each folder in which something was left out, a line that names what was.
    """

    files: list[str]
    left_out: list[str]


class _Found(NamedTuple):
    """The contents of a folder and the folders below it."""

    texts: list[str]
    others: list[str]  # not texts by their names: hidden, of another kind, or broken links


def find_texts(paths: Iterable[str]) -> TextFiles:
    """Return the paths, with each folder replaced by the text files below it, sorted.

    Text files have names that end in .txt or .TXT. Files and folders whose names begin with a dot are left
    out. Links to folders are followed; a folder that is reached twice is read once.

    Raises RnnError for a folder without a text file, and for a folder, at any depth, that cannot be read.
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
    """Return the contents of a folder. Raise RnnError for a folder that cannot be read."""
    found = _Found([], [])
    waiting = deque([folder])  # folders; links come last, so that a folder is read under its own name
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
    """Add an entry to the texts or others in `found`, or to `folders`."""
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
    return f"{folder}: left out, as not *{SUFFIX} files or hidden: {', '.join(names)}{more}"
