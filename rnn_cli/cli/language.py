"""The language of the program: English, or Chinese if that is the user's language.

The library's messages are English. The program looks them up in a catalogue (catalogue.py) when it prints
them.
"""

import os

from rnn_cli.printing import columns
from rnn_cli.runs.shipped import LOCALE

CHINESE = "zh"  # the beginning of its locales' names


def is_chinese() -> bool:
    """Return whether the user's language is Chinese, according to RNN_LANG or else the locale."""
    said = next((value for name in LOCALE if (value := os.environ.get(name))), "")
    return said.lower().startswith(CHINESE)


def translated(text: str) -> str:
    """Return a message in the user's language. A single word stays as it is, since it may be a name."""
    return _in_chinese(text) if is_chinese() and len(text.split()) > 1 else text


def label(name: str, width: int = 0) -> str:
    """Return the name of a figure or a column in the user's language, padded with spaces to a width."""
    name = _in_chinese(name) if is_chinese() else name
    return name + " " * (width - columns(name))


def _in_chinese(text: str) -> str:
    from rnn_cli.cli.catalogue import catalogue  # here, so that English does not wait for it

    return catalogue().translated(text)
