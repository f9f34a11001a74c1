"""Errors that the user can fix: one exception, one line."""

import re
from collections.abc import Iterable
from typing import Any

LONGEST_QUOTE = 200  # characters quoted from a bad file, which may hold names of any length


def one_line(error: BaseException) -> str:
    """Return an error's message as one line, cut to LONGEST_QUOTE characters: it may quote a bad file."""
    return " ".join(str(error).split())[:LONGEST_QUOTE]


class Unknown(ValueError):
    """An intact file names something that this version does not have: a newer version wrote it."""


NAME = re.compile(r"[\w.+-]{1,40}")  # possible names of cells, outputs and settings in any version


def check_known(what: str, name: Any, names: Iterable[str]) -> None:
    """Raise Unknown if the name is not one of `names`, ValueError if it cannot be a name at all.

    what: the kind of thing that the name stands for.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"the {what} is {name!r}")
    if name not in list(names):
        raise Unknown(f"unknown {what} {name!r}")


def check_all_known(what: str, said: Iterable[Any], names: Iterable[str]) -> None:
    """Call `check_known` for each of the names `said`."""
    for name in said:
        check_known(what, name, names)


def from_newer(path: Any, what: object) -> "RnnError":
    """Return the error for a file that a newer version wrote. what: the sign of it."""
    return RnnError(f"{path}: written by a newer rnn ({what}): pip install --upgrade rnn-cli")


class RnnError(Exception):
    """Something is wrong with the data or the machine (exit status 1).

    The message is one line that names the problem, the place and a remedy; the command line prints it
    unchanged.
    """


class UsageError(RnnError):
    """The settings or the options are wrong (exit status 2). The message names a setting as the command line
    does: --lr is the setting lr."""


class Diverged(RnnError):
    """Training met a loss or a gradient that is not finite, or a loss that stayed high (exit status 3).

    batch: the window on which it happened.
    """

    def __init__(self, message: str, batch: Any = None):
        super().__init__(message)
        self.batch = batch
