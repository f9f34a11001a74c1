"""Options that contradict what is there already: a run to go on with, a model to begin from."""

import os
from typing import Any

from rnn_cli.cli.console import UsageError

Options = dict[str, Any]  # by the names of the options, with _ for -; None or missing where not given

PATHS = ("vocab", "valid", "init", "log", "user_dict")


def refuse_contradictions(given: Options, there: Options, what: str) -> None:
    """Raises UsageError for the first option given that differs from the one that is `there`."""
    for name, value in given.items():
        if value != there.get(name):
            has = there.get(name)
            told = "is without" if has is None or has is False else f"has {flag(name, has)}"
            raise UsageError(f"{flag(name, value)} contradicts {what}, which {told}")


def with_absolute_paths(options: Options) -> Options:
    """The same options, as they hold from any folder."""
    return {name: absolute(value) if name in PATHS and value else value for name, value in options.items()}


def absolute(path: str) -> str:
    """`-`, standard input, is no path."""
    return path if path == "-" else os.path.abspath(path)


def flag(name: str, value: Any) -> str:
    """An option as it is given."""
    dashed = name.replace("_", "-")
    match value:
        case True:
            return f"--{dashed}"
        case False:
            return f"--no-{dashed}"
    return f"--{dashed} {value}"
