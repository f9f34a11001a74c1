"""Texts in blocks that are processed together."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from rnn_cli.errors import RnnError
from rnn_cli.text.checks import refuse_one_string

TOGETHER = 4096  # texts
Read = TypeVar("Read")


def blocks(texts: Iterable[Read], most: int = TOGETHER) -> Iterator[list[Read]]:
    """Yield texts, or pairs, in lists of `most`, the last one shorter. Raises TypeError for a single string,
    which would be read letter by letter. If their source raises RnnError, it is raised after the texts before
    it."""
    refuse_one_string(texts)
    source, error = iter(texts), None
    while error is None:
        block: list[Read] = []
        try:
            for text in islice(source, most):
                block.append(text)
        except RnnError as raised:
            error = raised
        if not block and error is None:
            return
        if block:
            yield block
    raise error
