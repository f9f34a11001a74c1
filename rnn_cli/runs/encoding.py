"""The `encoding` setting, which commands other than training have too; it is in its own file so that they
need not import the others."""

import codecs

from rnn_cli.errors import UsageError

ENCODING = "Encoding of the text files, as Python names it. Default: the byte order mark's, or utf-8."


def check_encoding(name: str | None) -> None:
    """Raise UsageError for an encoding that Python does not know."""
    if name is not None and not is_text_encoding(name):
        raise UsageError(f"--encoding {name}: not an encoding that Python knows")


def is_text_encoding(name: str) -> bool:
    """Return whether Python has a codec of this name from bytes to text."""
    try:
        "".encode(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return False
    return True
