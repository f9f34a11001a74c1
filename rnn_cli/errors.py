"""The errors that a person can mend: one exception, one line."""

import re
from collections.abc import Iterable
from typing import Any

LONGEST_QUOTE = 200  # characters that a message quotes of a bad file, which may hold names of any length


def one_line(error: BaseException) -> str:
    """Return what an error says of a bad file, which it may quote, as one line of a bearable length."""
    return " ".join(str(error).split())[:LONGEST_QUOTE]


class Unknown(ValueError):
    """A file that is whole names something that this version lacks: a newer one wrote it."""


NAME = re.compile(r"[\w.+-]{1,40}")  # what a version may call a cell, an output or a setting


def check_known(what: str, name: Any, names: Iterable[str]) -> None:
    """Raise Unknown for a name that is not among these, ValueError for what cannot be a name.

    what: what it is the name of.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"the {what} is {name!r}")
    if name not in list(names):
        raise Unknown(f"unknown {what} {name!r}")


def check_all_known(what: str, said: Iterable[Any], names: Iterable[str]) -> None:
    """Do the same for each of several names."""
    for name in said:
        check_known(what, name, names)


def from_newer(path: Any, what: object) -> "RnnError":
    """Return the error of a file that a newer version wrote. what: how that shows."""
    return RnnError(f"{path}: written by a newer rnn ({what}): pip install --upgrade rnn-cli")


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
