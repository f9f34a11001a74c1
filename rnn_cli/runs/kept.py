"""Texts as ids in the cache, and in a folder where they were just written."""

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from rnn_cli.errors import RnnError
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.workplace import Workplace
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.corpus import Text


def kept(key: str, work: Workplace) -> Generator[Notice, None, tuple[Path, Text] | None]:
    """Return the text of a key and its folder in the cache; None where it is not there or damaged."""
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
    """Move a text that was written to a folder of the workplace into the cache, if there is one and it can be
    done; return where it is. It is not mapped yet: Windows moves no file that is."""
    if work.cache:
        with suppress(OSError):  # it need not be kept
            return work.cache.keep(folder, key)
    return folder


def mapped(folder: Path) -> Text:
    """Return the text that was written to a folder just now. Raises RnnError where it is gone."""
    try:
        return stored.load(folder)
    except (stored.Damaged, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise RnnError(f"{folder}: {what}: the text was changed since it was written: try again") from error
