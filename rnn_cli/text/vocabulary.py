"""The vocabulary: tokens to ids and back, and its file.

Ids 0, 1 and 2 are START, END and UNK. The others number the tokens by falling count, and tokens with equal
counts by code point, so a vocabulary depends on the text alone. START, END and UNK have no spelling: text
that happens to read <s> is ordinary text.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, TypeGuard

from rnn_cli.errors import LONGEST_QUOTE, RnnError
from rnn_cli.text.checks import MOST, is_count, is_text
from rnn_cli.text.tokenizers import TOKENIZERS, Token, Tokenizer, make_tokenizer

START, END, UNK = 0, 1, 2
SPELLED = {START: "<start>", END: "<end>", UNK: "<unk>"}  # shown to people; they have no spelling in a text
SPECIAL = 3  # the first id of a token; those below it are START, END and UNK
FORMAT = "rnn vocabulary"
VERSION = 1


@dataclass(frozen=True)
class Vocabulary:
    """The known tokens in the order of their ids, and how often each occurred in the training text."""

    tokens: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def from_json(cls, rows: object) -> "Vocabulary":
        """Return the vocabulary of [["token", count], …]. Raise ValueError for any other value."""
        if not isinstance(rows, list) or not all(map(_is_row, rows)):
            raise ValueError('the vocabulary is not a list of ["token", count]')
        vocabulary = cls(tuple(token for token, _ in rows), tuple(count for _, count in rows))
        if len(set(vocabulary.tokens)) < len(rows):
            raise ValueError("the vocabulary is not a list of different tokens")
        return vocabulary

    @property
    def size(self) -> int:
        """m: the number of tokens plus START, END and UNK."""
        return SPECIAL + len(self.tokens)

    @cached_property
    def ids(self) -> dict[Token, int]:
        return {token: id for id, token in enumerate(self.tokens, SPECIAL)}

    def encode(self, tokens: Iterable[Token]) -> list[int]:
        """Return the id of each token; UNK for one that is not in the vocabulary."""
        return [*map(self.ids.get, tokens, repeat(UNK))]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Return the token of each id. Raise IndexError for START, END, UNK and ids out of range."""
        return [self.token(id) for id in ids]

    def token(self, id: int) -> str:
        """Return the token of an id. Raise IndexError as `decode` does."""
        if id < SPECIAL:
            raise IndexError(f"id {id} has no spelling")
        return self.tokens[id - SPECIAL]


def build(counts: Mapping[str, int], min_count: int = 1, max_size: int | None = None) -> Vocabulary:
    """Return the vocabulary of the tokens that occur at least min_count times, limited to the max_size most
    frequent ones. START, END and UNK do not count towards max_size."""
    known = [(token, count) for token, count in counts.items() if count >= min_count]
    known.sort(key=lambda row: (-row[1], row[0]))
    known = known[:max_size]
    return Vocabulary(tuple(token for token, _ in known), tuple(count for _, count in known))


def dumps(vocabulary: Vocabulary, tokenizer: Tokenizer) -> str:
    """Return the text of a vocabulary file: JSON lines, first an object that describes the file, then
    ["token", count] for each token in the order of ids. People may read and edit the file: lines may be
    deleted, moved or added (with a count of 0, say)."""
    head: dict[str, Any] = {"format": FORMAT, "version": VERSION, "tokenizer": tokenizer.name}
    if tokenizer.settings:
        head["settings"] = tokenizer.settings
    rows = zip(vocabulary.tokens, vocabulary.counts, strict=True)
    return "".join(f"{_printable(json.dumps(row, ensure_ascii=False))}\n" for row in [head, *rows])


def _printable(text: str) -> str:
    """Escape the characters of JSON that an editor would hide or take for a line end (U+2028, say)."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def loads(text: Iterable[str], name: str) -> tuple[Vocabulary, Tokenizer]:
    """Return the vocabulary in the lines of a file, and the tokenizer with which it was counted.

    text: the lines.
    name: the file's name in messages.

    Raises RnnError, which names the line, for anything but a vocabulary file.
    """
    lines = ((number, line) for number, line in enumerate(text, 1) if line.strip())
    number, line = next(lines, (1, ""))
    head = _parse(line, name, number)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise RnnError(f"{name}: line {number}: not a vocabulary file (rnn vocab --out writes one)")
    if head.get("version") != VERSION:
        version = repr(head.get("version"))[:LONGEST_QUOTE]
        raise RnnError(f"{name}: line {number}: version {version} (this rnn reads {VERSION})")
    tokenizer = _tokenizer(head, f"{name}: line {number}")
    seen: dict[str, int] = {}
    counts: list[int] = []
    for number, line in lines:
        token, count = _row(_parse(line, name, number), name, number)
        if token in seen:
            shown = json.dumps(token)[:LONGEST_QUOTE]
            raise RnnError(f"{name}: line {number}: {shown} is on line {seen[token]} already")
        seen[token] = number
        counts.append(count)
    if not seen:
        raise RnnError(f"{name}: holds no tokens (it needs one a line)")
    return Vocabulary(tuple(seen), tuple(counts)), tokenizer


def _tokenizer(head: dict[str, Any], place: str) -> Tokenizer:
    kind, settings = head.get("tokenizer"), head.get("settings", {})
    if kind not in list(TOKENIZERS):  # a list, as values of JSON may not be hashable
        known = ", ".join(TOKENIZERS)
        raise RnnError(f"{place}: no tokenizer {repr(kind)[:LONGEST_QUOTE]} (there are {known})")
    try:
        return make_tokenizer(str(kind), dict(settings))
    except (KeyError, TypeError, ValueError) as error:
        what = " ".join(str(error).split())[:LONGEST_QUOTE]
        raise RnnError(f"{place}: settings that this rnn does not know ({what})") from error


def _parse(line: str, name: str, number: int) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RnnError(f'{name}: line {number}: not JSON (a line reads ["token", count])') from error


def _row(row: object, name: str, number: int) -> tuple[str, int]:
    if not _is_row(row):
        raise RnnError(f'{name}: line {number}: a line reads ["token", count], with a count from 0 to {MOST}')
    token, count = row
    return token, count


def _is_row(row: object) -> TypeGuard[list[Any]]:
    match row:
        case [token, count]:
            return is_text(token) and token != "" and is_count(count)
    return False
