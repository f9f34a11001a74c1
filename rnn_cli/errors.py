"""What the package raises when a person can mend the cause: one exception, one line."""

from typing import Any


class RnnError(Exception):
    """The data or the machine will not do. The message is one line that names the thing, the place
    and the way out; the command line prints it as it stands and exits with status 1."""


class Diverged(RnnError):
    """Training met a loss or a gradient that is not finite, or a loss that was high for long (status 3).

    batch: the window that it met it on.
    """

    def __init__(self, message: str, batch: Any = None):
        super().__init__(message)
        self.batch = batch
