"""Texts in blocks: what is read together."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from rnn_cli.text.checks import refuse_one_string

TOGETHER = 4096  # texts
Read = TypeVar("Read")


def blocks(texts: Iterable[Read], most: int = TOGETHER) -> Iterator[list[Read]]:
    """Yield texts, or pairs, in lists of `most`, the last one shorter. Raises TypeError for a single string,
    which would be read letter by letter."""
    refuse_one_string(texts)
    source = iter(texts)
    while block := [*islice(source, most)]:
        yield block
