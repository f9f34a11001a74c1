"""Blocks of text to tokens: characters by array operations, words in several processes.

A text comes in blocks of whole lines, each ended by \\n; a paragraph is one such line (units.py). Only a
very long line is spread over several blocks, divided where this does not change its tokens (parting.py).
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.workers import in_order
from rnn_cli.text.tokenizers import Token, Tokenizer, make_tokenizer
from rnn_cli.text.units import INNER, LINE_END, PARAGRAPH
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK

Ids = NDArray[np.integer[Any]]

NEWLINE = ord("\n")
EMPTY_LINES = re.compile("\n\n+")
NO_LENGTHS = np.empty(0, np.int64)
TASK = 1 << 16  # characters that are sent to a process at once


class Cut(NamedTuple):
    """A block of text as tokens, with a numbering of its own."""

    types: tuple[str, ...]  # the different tokens, with the ids SPECIAL, SPECIAL + 1, ...
    ids: Ids  # (N,) the tokens in order, END after each line that ends; UNK for None
    lengths: NDArray[np.int64]  # (lines that end here + 1,) characters of each line in this block, with
    # its \n; the last entry counts those after the last \n
    counts: NDArray[np.int64] | None = None  # (SPECIAL + types,) how often each id occurs, if known


class Task(NamedTuple):
    """A block, and whether it begins inside a line."""

    block: str
    continued: bool


# A Cut as it is sent through a pipe: the types are joined by a character in no token (`_between_types`).
Packed = tuple[str, Ids, NDArray[np.int64]]


def cut(tokenizer: Tokenizer, block: str, keep_blank: bool, continued: bool = False) -> Cut:
    """Return the tokens of a block.

    keep_blank: whether lines of only white space are kept; otherwise they are skipped.
    continued: whether the block begins inside a line. That line is never skipped, nor is one that does not
        end in the block.
    """
    cutter = cut_characters if tokenizer.code_points else cut_lines
    return cutter(tokenizer, block, keep_blank, continued)


def cut_lines(tokenizer: Tokenizer, block: str, keep_blank: bool, continued: bool) -> Cut:
    """Return the same as `cut`, by splitting line by line; types are in the order of first occurrence."""
    index: defaultdict[Token | int, int] = defaultdict(None, {START: START, END: END, None: UNK})
    index.default_factory = index.__len__
    ids: list[int] = []
    lengths = array("q")
    if tokenizer.cut_ahead:
        tokenizer.cut_ahead(tokenizer.normalize(block))
    *ended, rest = block.split("\n")
    for line in ended:
        if keep_blank or continued or not (line == "" or line.isspace()):
            ids += map(index.__getitem__, tokenizer.split(line))
            ids.append(END)
            lengths.append(len(line) + 1)
        continued = False
    ids += map(index.__getitem__, tokenizer.split(rest))
    lengths.append(len(rest))
    types: tuple[Any, ...] = (*index,)[SPECIAL:]  # only strings
    return Cut(types, np.array(ids, np.int32), np.array(lengths, np.int64))


def cut_characters(tokenizer: Tokenizer, block: str, keep_blank: bool, continued: bool) -> Cut:
    """Return the same as `cut` if tokens are code points, by array operations; types are in their order."""
    if not keep_blank:  # there may be many empty lines: skip them before looking at each line
        block = EMPTY_LINES.sub("\n", block if continued else block.lstrip("\n"))
    text = tokenizer.normalize(block)
    types, ids, _, counts = _number(text)
    starts = _starts(ids)
    kept = np.ones(len(starts), bool) if keep_blank else ~_blank(types, ids, starts)
    kept[-1] = True
    kept[0] |= continued
    lengths = np.diff(starts, append=len(ids))
    if not kept.all():
        ids, counts = ids[np.repeat(kept, lengths)], None
    if tokenizer.unit == PARAGRAPH:
        types = tuple(LINE_END if type == INNER else type for type in types)
    if text != block:  # lengths count the characters before normalization
        lengths = np.diff(_starts(_number(block).ids), append=len(block))
    return Cut(types, ids, lengths[kept], counts)


def _number(text: str) -> Cut:
    """Return the different code points of a text, ascending, and its ids, (len(text),), but no lengths."""
    if text.isascii():
        content = text.encode()
        occurs = _histogram(content)
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.intp)
        occurs = np.bincount(codes, minlength=NEWLINE + 1)
    ends, occurs[NEWLINE] = occurs[NEWLINE], 0
    points = np.flatnonzero(occurs)
    numbers = np.zeros(len(occurs), np.int32)
    numbers[points] = np.arange(SPECIAL, SPECIAL + len(points))
    numbers[NEWLINE] = END
    counts = np.concatenate([[0, ends, 0], occurs[points]])
    if text.isascii():
        ids: Ids = np.frombuffer(content.translate(numbers.astype(np.uint8).tobytes()), np.uint8)
    else:
        ids = numbers.take(codes, mode="clip")
    return Cut(tuple(map(chr, points.tolist())), ids, NO_LENGTHS, counts)


def _histogram(content: bytes) -> NDArray[np.int64]:
    """Return how often each byte occurs, (256,). Bytes are counted in pairs, which takes half the time."""
    padding = 2 - len(content) % 2
    pairs = np.bincount(np.frombuffer(content + bytes(padding), np.uint16), minlength=1 << 16)
    occurs = pairs.reshape(256, 256).sum(0) + pairs.reshape(256, 256).sum(1)
    occurs[0] -= padding
    return occurs


def _starts(ids: Ids) -> NDArray[np.int64]:
    """Return where in a block each line begins, including the one after the last END, which may be empty."""
    return np.concatenate([[0], np.flatnonzero(ids == END) + 1])


def _blank(types: tuple[str, ...], ids: Ids, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of the lines that begin at `starts` contain only white space."""
    is_white = np.array([False] * SPECIAL + [type.isspace() for type in types])
    is_white[END] = True
    if len(ids) == 0:
        return np.ones(1, bool)
    first = ids.take(starts, mode="clip")
    first[starts == len(ids)] = END
    blank = first == END
    if is_white[first[~blank]].any():  # otherwise the first character of each line is enough
        ink = np.append(~is_white[ids], False)
        blank = ~np.logical_or.reduceat(ink, starts)
    return blank


def cut_all(tokenizer: Tokenizer, blocks: Iterable[str], keep_blank: bool, processes: int) -> Iterator[Cut]:
    """Yield the tokens of a text, in order: the results of `cut` for its blocks or portions of them.

    processes: how many may be started if the tokenizer is slow and the text long. Blocks are taken as they
        are needed, a bounded number ahead of the cut that is yielded.

    Raises RnnError if a process ends or fails.
    """
    tasks = _tasks(blocks)
    worth = tokenizer.worth_a_process
    if worth is not None:
        ahead, tasks = _look_ahead(_divide(tasks), processes * worth if processes > 1 else 0)
        processes = min(processes, ahead // worth)
        if processes > 1:
            arguments = (tokenizer.name, dict(tokenizer.settings), keep_blank)
            with closing(in_order(_packing_cutter, arguments, tasks, processes)) as packed:
                between = _between_types(tokenizer)
                yield from (_unpack(each, between) for each in packed)
            return
    for block, continued in tasks:
        yield cut(tokenizer, block, keep_blank, continued)


def _tasks(blocks: Iterable[str]) -> Iterator[Task]:
    """Yield a task for each block that is not empty."""
    continued = False
    for block in filter(None, blocks):
        yield Task(block, continued)
        continued = not block.endswith("\n")


def _divide(tasks: Iterable[Task]) -> Iterator[Task]:
    """Yield tasks of about TASK characters, divided between lines."""
    for block, continued in tasks:
        start = 0
        while start < len(block):
            end = block.find("\n", start + TASK - 1) + 1 or len(block)
            yield Task(block[start:end], continued and start == 0)
            start = end


def _look_ahead(tasks: Iterator[Task], characters: int) -> tuple[int, Iterator[Task]]:
    """Return the number of characters in the tasks, counted only up to about `characters`, and all tasks."""
    first, found = [], 0
    while found < characters and (task := next(tasks, None)):
        first.append(task)
        found += len(task.block)
    return found, chain(first, tasks)


def _packing_cutter(name: str, settings: Mapping[str, Any], keep_blank: bool) -> Callable[[Task], Packed]:
    """Return the function that a worker process runs: `cut`, with a packed result."""
    tokenizer = make_tokenizer(name, settings)
    between = _between_types(tokenizer)

    def packed_cut(task: Task) -> Packed:
        types, ids, lengths, _ = cut(tokenizer, task.block, keep_blank, task.continued)
        return between.join(types), ids, lengths

    return packed_cut


def _between_types(tokenizer: Tokenizer) -> str:
    return INNER if tokenizer.unit == PARAGRAPH else "\n"


def _unpack(packed: Packed, between: str) -> Cut:
    types, ids, lengths = packed
    return Cut(tuple(types.split(between)) if types else (), ids, lengths)
