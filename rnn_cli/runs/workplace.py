"""The folder in which a text is prepared: in the cache, or a temporary one if the cache cannot be used."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from rnn_cli.runs.notices import Notice
from rnn_cli.text.store.cache import Cache

ELSEWHERE = "--cache-dir or TMPDIR names another folder"


class Workplace:
    """A folder to work in, until its `with` block ends.

    cache: where results made in the folder may be kept; None: the folder is temporary.
    notices: messages about the cache.
    """

    folder: Path

    def __init__(self, cache: Cache | None):
        self.cache = cache
        self.notices: list[Notice] = []
        self._folders = ExitStack()

    def __enter__(self) -> Self:
        if self.cache is None:
            self._use_temporary_folder()
            return self
        try:
            self.folder = self._folders.enter_context(self.cache.work())
        except OSError as error:
            self.leave_cache(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._folders.close()

    def leave_cache(self, error: OSError) -> Path:
        """Switch to a temporary folder because the cache failed, and return it. Files already made stay where
        they are. Raises `error` if the folder is temporary already."""
        if self.cache is None:
            raise error
        what = f"{self.cache.folder}: {error.strerror or error}: the text is not kept"
        self.notices.append(Notice(f"{what} (--cache-dir names a folder)", is_warning=True))
        self.cache = None
        return self._use_temporary_folder()

    @property
    def memory(self) -> Path | None:
        """A folder that remembers the hashes of large files: that of the cache."""
        return self.cache.folder if self.cache else None

    def take_notices(self) -> list[Notice]:
        """Return the notices, and clear them."""
        notices, self.notices = self.notices, []
        return notices

    def _use_temporary_folder(self) -> Path:
        folder = tempfile.TemporaryDirectory(prefix="rnn-", ignore_cleanup_errors=True)
        self.folder = Path(self._folders.enter_context(folder))
        return self.folder
