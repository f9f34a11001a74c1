"""Texts in blocks: what is read together."""

from collections.abc import Iterable, Iterator
from itertools import islice

from rnn_cli.text.checks import refuse_one_string

TOGETHER = 4096  # texts


def blocks(texts: Iterable[str], most: int = TOGETHER) -> Iterator[list[str]]:
    """Yield texts in lists of `most`, the last one shorter. Raises TypeError for a single string, which would
    be read letter by letter."""
    refuse_one_string(texts)
    source = iter(texts)
    while block := [*islice(source, most)]:
        yield block
