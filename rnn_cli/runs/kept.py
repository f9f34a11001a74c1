"""Texts as ids: in the cache, or in the folder where they were just written."""

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.workplace import Workplace
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.corpus import Text


def kept(key: str, work: Workplace) -> Generator[Notice, None, tuple[Path, Text] | None]:
    """Return the folder and the text of a key in the cache; None if it is missing or damaged."""
    folder = work.cache.find(key) if work.cache else None
    if work.cache is None or folder is None:
        return None
    try:
        return folder, stored.load(folder)
    except OSError as error:
        what = f"{folder}: {error.strerror or error}"
        yield Notice(f"{what}: the text is read again", is_warning=True)
    except stored.Damaged as error:
        yield Notice(f"{folder}: {error}: the text is read again", is_warning=True)
        work.cache.drop(key)
    return None


def keep(folder: Path, key: str, work: Workplace) -> Path:
    """Move a text from a folder of the workplace into the cache, if possible, and return where it is. It must
    not be mapped yet: Windows does not move mapped files."""
    if work.cache:
        with suppress(OSError):  # the cache is optional
            return work.cache.keep(folder, key)
    return folder


def mapped(folder: Path) -> Text:
    """Return the text that was just written to a folder. Raises RnnError if it is gone."""
    try:
        return stored.load(folder)
    except (stored.Damaged, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise RnnError(f"{folder}: {what}: the text was changed since it was written: try again") from error
