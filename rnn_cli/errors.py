"""The errors that a person can mend: one exception, one line."""

from typing import Any

LONGEST_QUOTE = 200  # characters that a message quotes of a bad file, which may hold names of any length


def one_line(error: BaseException) -> str:
    """Return what an error says of a bad file, which it may quote, as one line of a bearable length."""
    return " ".join(str(error).split())[:LONGEST_QUOTE]


class RnnError(Exception):
    """The data or the machine was wrong (exit status 1).

    The message is one line that names the thing, the place and the way out; the command line prints it as it
    stands.
    """


class UsageError(RnnError):
    """The settings or the options were wrong (exit status 2). The message names a setting as the command line
    does: --lr is the setting lr."""


class Diverged(RnnError):
    """Training met a loss or a gradient that is not finite, or a loss that stayed high (exit status 3).

    batch: the window that it happened on.
    """

    def __init__(self, message: str, batch: Any = None):
        super().__init__(message)
        self.batch = batch
