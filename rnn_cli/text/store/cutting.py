"""Blocks of text to tokens: characters by array operations, words in several processes.

A text comes as blocks of whole lines, each ended by \\n. Only a very long line is spread over several
blocks, parted where its tokens are the same as those of the whole (`cuttable`).
"""

import re
import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.store.workers import in_order
from rnn_cli.text.tokenizers import LONGEST_RUN, RUN, Token, Tokenizer, make_tokenizer
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK

Ids = NDArray[np.integer[Any]]

NEWLINE = ord("\n")
EMPTY_LINES = re.compile("\n\n+")

# Of a text in several processes: the characters that one of them cuts in about the time that it takes to
# start. A tokenizer that is not here is always cut in this process.
WORTH_A_PROCESS = {"jieba": 1 << 18, "space": 1 << 21}
NO_LENGTHS = np.empty(0, np.int64)
TASK = 1 << 15  # characters that are sent to one at a time

IN_RUN = re.compile(f"[{RUN}]")
CONTEXT = 8  # characters on either side of a place that tell whether a line may be parted there
SEARCHED = 1 << 16  # characters from the end that are searched for such a place


class Cut(NamedTuple):
    """A block of text as tokens, numbered in the block's own way."""

    types: tuple[str, ...]  # the different tokens, which ids SPECIAL, SPECIAL + 1, ... stand for
    ids: Ids  # (N,) the tokens in order, END after each line that ends; UNK for None
    lengths: NDArray[np.int64]  # (lines that end here + 1,) characters in this block of each, \n counted,
    # and of the piece of a line that no \n has ended
    counts: NDArray[np.int64] | None = None  # (SPECIAL + types,) how often each id occurs, if it was counted


class Task(NamedTuple):
    """A block, and whether it begins inside a line."""

    block: str
    continued: bool


# A Cut as it goes through a pipe: the types joined by line ends, which no token holds.
Packed = tuple[str, Ids, NDArray[np.int64]]


def cut(tokenizer: Tokenizer, block: str, keep_blank: bool, continued: bool = False) -> Cut:
    """The tokens of a block.

    keep_blank: whether a line of nothing but white space is a line or is skipped.
    continued: whether the block begins inside a line; that line, and one that the block does not end,
        is never skipped.
    """
    cutter = cut_characters if tokenizer.name == "char" else cut_lines
    return cutter(tokenizer, block, keep_blank, continued)


def cut_lines(tokenizer: Tokenizer, block: str, keep_blank: bool, continued: bool) -> Cut:
    """As `cut`, with any tokenizer, line by line; types are in the order of their first occurrence."""
    index: defaultdict[Token | int, int] = defaultdict(None, {START: START, END: END, None: UNK})
    index.default_factory = index.__len__
    ids, lengths = array("i"), array("q")
    *ended, piece = block.split("\n")
    for line in ended:
        if keep_blank or continued or not (line == "" or line.isspace()):
            ids.extend(map(index.__getitem__, tokenizer.split(line)))
            ids.append(END)
            lengths.append(len(line) + 1)
        continued = False
    ids.extend(map(index.__getitem__, tokenizer.split(piece)))
    lengths.append(len(piece))
    types = tuple(token for token in index if isinstance(token, str))
    return Cut(types, np.array(ids, np.int32), np.array(lengths, np.int64))


def cut_characters(tokenizer: Tokenizer, block: str, keep_blank: bool, continued: bool) -> Cut:
    """As `cut`, of code points; types are in their order."""
    if not keep_blank:  # empty lines, of which there may be many, before they are looked at one by one
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
    if text != block:  # a text is as long as it is given, however it is read
        lengths = np.diff(_starts(_number(block).ids), append=len(block))
    return Cut(types, ids, lengths[kept], counts)


def _number(text: str) -> Cut:
    """The code points of a text, rising, and its ids, (len(text),); no lengths yet."""
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
    """How often each byte occurs, (256,): counted two at a time, which takes half as long."""
    padding = 2 - len(content) % 2
    pairs = np.bincount(np.frombuffer(content + bytes(padding), np.uint16), minlength=1 << 16)
    occurs = pairs.reshape(256, 256).sum(0) + pairs.reshape(256, 256).sum(1)
    occurs[0] -= padding
    return occurs


def _starts(ids: Ids) -> NDArray[np.int64]:
    """Where in a block each line begins, the piece after the last END too."""
    return np.concatenate([[0], np.flatnonzero(ids == END) + 1])


def _blank(types: tuple[str, ...], ids: Ids, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the lines that begin at `starts` hold nothing but white space."""
    is_white = np.array([False] * SPECIAL + [type.isspace() for type in types])
    is_white[END] = True
    if len(ids) == 0:
        return np.ones(1, bool)
    first = ids.take(starts, mode="clip")
    first[starts == len(ids)] = END
    blank = first == END
    if is_white[first[~blank]].any():  # else the first character of each has told
        ink = np.append(~is_white[ids], False)
        blank = ~np.logical_or.reduceat(ink, starts)
    return blank


def cut_all(tokenizer: Tokenizer, blocks: Iterable[str], keep_blank: bool, processes: int) -> Iterator[Cut]:
    """The tokens of a text, in order: of each block, or of parts of it, what `cut` gives.

    processes: how many there may be beside this one, where the tokenizer is slow and the text long.
        Blocks are taken as they are needed, a bounded number ahead of what has been yielded.

    Raises RnnError where a process ends or fails.
    """
    tasks = _tasks(blocks)
    if tokenizer.name in WORTH_A_PROCESS:
        worth = WORTH_A_PROCESS[tokenizer.name]
        ahead, tasks = _look_ahead(_divide(tasks), processes * worth if processes > 1 else 0)
        processes = min(processes, ahead // worth)
        if processes > 1:
            settled = (tokenizer.name, dict(tokenizer.settings), keep_blank)
            with closing(in_order(_packing_cutter, settled, tasks, processes)) as packed:
                yield from map(_unpack, packed)
            return
    for block, continued in tasks:
        yield cut(tokenizer, block, keep_blank, continued)


def _tasks(blocks: Iterable[str]) -> Iterator[Task]:
    continued = False
    for block in filter(None, blocks):
        yield Task(block, continued)
        continued = not block.endswith("\n")


def _divide(tasks: Iterable[Task]) -> Iterator[Task]:
    """Tasks of some TASK characters, divided between lines."""
    for block, continued in tasks:
        start = 0
        while start < len(block):
            end = block.find("\n", start + TASK - 1) + 1 or len(block)
            yield Task(block[start:end], continued and start == 0)
            start = end


def _look_ahead(tasks: Iterator[Task], characters: int) -> tuple[int, Iterator[Task]]:
    """How many characters are to come, counted up to some number, and the tasks as they were."""
    first, found = [], 0
    while found < characters and (task := next(tasks, None)):
        first.append(task)
        found += len(task.block)
    return found, chain(first, tasks)


def _packing_cutter(name: str, settings: Mapping[str, Any], keep_blank: bool) -> Callable[[Task], Packed]:
    """`cut`, as another process does it."""
    tokenizer = make_tokenizer(name, settings)

    def packed_cut(task: Task) -> Packed:
        types, ids, lengths, _ = cut(tokenizer, task.block, keep_blank, task.continued)
        return "\n".join(types), ids, lengths

    return packed_cut


def _unpack(packed: Packed) -> Cut:
    types, ids, lengths = packed
    return Cut(tuple(types.split("\n")) if types else (), ids, lengths)


def cuttable(tokenizer: Tokenizer, text: str) -> int:
    """The last place at which a line that begins like this may be parted so that the parts have the tokens
    of the whole, whatever follows; 0 if there is none (or none near the end)."""
    if tokenizer.name == "jieba" and (place := _place_in_long_run(tokenizer, text)):
        return place
    may_part = PARTS.get(tokenizer.name)
    if may_part is None:
        return 0
    for place in range(len(text), max(0, len(text) - SEARCHED), -1):
        before, after = text[max(0, place - CONTEXT) : place], text[place : place + CONTEXT]
        if may_part(tokenizer.normalize(before), tokenizer.normalize(after)) and (
            "normalize" not in tokenizer.settings or begins_afresh(after[:1])
        ):
            return place
    return 0


def begins_afresh(character: str) -> bool:
    """Whether no normalization joins a character to those before it. For some it says no without need."""
    first = unicodedata.normalize("NFKD", character)[:1]
    category = first and unicodedata.category(first)
    return category[:1] not in ("", "M") and (category != "Lo" or "\u3041" <= first <= "\ud7ff")


def _place_in_long_run(tokenizer: Tokenizer, text: str) -> int:
    """The last place where jieba's run of characters at the end of a text is cut for its length."""
    begin = len(text)
    while begin and IN_RUN.match(text, begin - 1):
        begin -= 1
    pieces = (len(text) - begin - 1) // LONGEST_RUN
    before = tokenizer.normalize(text[max(0, begin - CONTEXT) : begin])
    return begin + pieces * LONGEST_RUN if pieces > 0 and not IN_RUN.match(before[-1:]) else 0


def _between_words(left: str, right: str) -> bool:
    """Between runs, but for a space, which may go with what follows."""
    if left[-1] == " ":
        return right.startswith("  ")
    return not IN_RUN.match(left[-1]) or not (right == "" or IN_RUN.match(right))


def _at_white_space(left: str, right: str) -> bool:
    return left[-1].isspace() or right[:1].isspace()


def _anywhere(left: str, right: str) -> bool:
    return True


# Whether a line may be parted between two texts, the second of which is empty where it is not known. A
# tokenizer that is not here needs its lines whole.
PARTS = {"jieba": _between_words, "char": _anywhere, "space": _at_white_space}
