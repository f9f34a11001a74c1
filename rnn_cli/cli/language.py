"""The language that the program speaks: English, or Chinese where the user's language is.

The library's messages are English. Where the program prints one, it is looked up in a catalogue
(catalogue.py).
"""

import os

from rnn_cli.printing import columns
from rnn_cli.runs.shipped import LOCALE

CHINESE = "zh"  # how the names of its locales begin


def is_chinese() -> bool:
    """Return whether the user's language is Chinese: RNN_LANG says it, or else the locale."""
    said = next((value for name in ("RNN_LANG", *LOCALE) if (value := os.environ.get(name))), "")
    return said.lower().startswith(CHINESE)


def translated(text: str) -> str:
    """Return a message in the user's language. A single word stays, since it may be a name."""
    return _in_chinese(text) if is_chinese() and len(text.split()) > 1 else text


def label(name: str, width: int = 0) -> str:
    """Return the name of a figure or a column in the user's language, filled with spaces to a width."""
    name = _in_chinese(name) if is_chinese() else name
    return name + " " * (width - columns(name))


def _in_chinese(text: str) -> str:
    from rnn_cli.cli.catalogue import catalogue  # which English does not wait for

    return catalogue().translated(text)
