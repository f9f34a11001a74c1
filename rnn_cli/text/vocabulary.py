"""Tokens to ids and back.

Ids 0, 1 and 2 are START, END and UNK; the others number the tokens by falling count, and tokens of
one count in the order of their code points, so a vocabulary is a function of the text alone. START,
END and UNK are ids without a spelling: text that happens to spell <s> is text.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard

from rnn_cli.errors import RnnError
from rnn_cli.text.tokenizers import TOKENIZERS, Token, Tokenizer, make_tokenizer

START, END, UNK = 0, 1, 2
SPECIAL = 3  # how many ids come before the first token's
FORMAT = "rnn vocabulary"
VERSION = 1
MOST = 1 << 53  # up to here a float holds every count
LONGEST = 200  # characters of what is told of a bad file, which may hold lines of any length


@dataclass(frozen=True)
class Vocabulary:
    """The known tokens, in the order of their ids, and how often each stood in the text."""

    tokens: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def from_json(cls, rows: object) -> "Vocabulary":
        """Of [["token", count], …]. Raises ValueError for anything else."""
        if not isinstance(rows, list) or not all(map(_is_row, rows)):
            raise ValueError('the vocabulary is no list of ["token", count]')
        vocabulary = cls(tuple(token for token, _ in rows), tuple(count for _, count in rows))
        if len(set(vocabulary.tokens)) < len(rows):
            raise ValueError("the vocabulary is no list of different tokens")
        return vocabulary

    @property
    def size(self) -> int:
        """m: the tokens with START, END and UNK."""
        return SPECIAL + len(self.tokens)

    @cached_property
    def ids(self) -> dict[Token, int]:
        return {token: id for id, token in enumerate(self.tokens, SPECIAL)}

    def encode(self, tokens: Iterable[Token]) -> list[int]:
        """The id of each token; UNK for those the vocabulary does not hold."""
        return [self.ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The token of each id. Raises IndexError for START, END, UNK and ids out of range."""
        return [self.token(id) for id in ids]

    def token(self, id: int) -> str:
        if id < SPECIAL:
            raise IndexError(f"id {id} has no spelling")
        return self.tokens[id - SPECIAL]


def build(counts: Mapping[str, int], min_count: int = 1, max_size: int | None = None) -> Vocabulary:
    """The tokens that occur at least min_count times; of those the max_size most frequent.

    max_size counts tokens: START, END and UNK come on top.
    """
    known = [(token, count) for token, count in counts.items() if count >= min_count]
    known.sort(key=lambda row: (-row[1], row[0]))
    known = known[:max_size]
    return Vocabulary(tuple(token for token, _ in known), tuple(count for _, count in known))


def dumps(vocabulary: Vocabulary, tokenizer: Tokenizer) -> str:
    """A vocabulary file: JSON lines, the first an object that says what it is, then one
    ["token", count] for each token in the order of ids. Made to be read and edited: a line may be
    deleted, moved or added (the count may be 0)."""
    head: dict[str, Any] = {"format": FORMAT, "version": VERSION, "tokenizer": tokenizer.name}
    if tokenizer.settings:
        head["settings"] = tokenizer.settings
    rows = zip(vocabulary.tokens, vocabulary.counts, strict=True)
    return "".join(f"{_printable(json.dumps(row, ensure_ascii=False))}\n" for row in [head, *rows])


def _printable(text: str) -> str:
    """JSON with what an editor would hide or take for a line end (U+2028, say) escaped."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def loads(text: Iterable[str], name: str) -> tuple[Vocabulary, Tokenizer]:
    """The vocabulary of a file's lines, and the tokenizer that it was counted with.

    Raises RnnError, which names the line, for anything that is not such a file.
    """
    lines = ((number, line) for number, line in enumerate(text, 1) if line.strip())
    number, line = next(lines, (1, ""))
    head = _parse(line, name, number)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise RnnError(f"{name}: line {number}: not a vocabulary file (rnn vocab --out writes one)")
    if head.get("version") != VERSION:
        version = repr(head.get("version"))[:LONGEST]
        raise RnnError(f"{name}: line {number}: version {version} (this rnn reads {VERSION})")
    tokenizer = _tokenizer(head, f"{name}: line {number}")
    seen: dict[str, int] = {}
    counts: list[int] = []
    for number, line in lines:
        token, count = _row(_parse(line, name, number), name, number)
        if token in seen:
            shown = json.dumps(token)[:LONGEST]
            raise RnnError(f"{name}: line {number}: {shown} stands in line {seen[token]} already")
        seen[token] = number
        counts.append(count)
    if not seen:
        raise RnnError(f"{name}: holds no tokens (a line for each is needed)")
    return Vocabulary(tuple(seen), tuple(counts)), tokenizer


def _tokenizer(head: dict[str, Any], place: str) -> Tokenizer:
    kind, settings = head.get("tokenizer"), head.get("settings", {})
    if kind not in list(TOKENIZERS):  # a list, as JSON may hold what has no hash
        raise RnnError(f"{place}: tokenizer {repr(kind)[:LONGEST]} (one of {', '.join(TOKENIZERS)})")
    try:
        return make_tokenizer(str(kind), dict(settings))
    except (KeyError, TypeError, ValueError) as error:
        what = " ".join(str(error).split())[:LONGEST]
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
        case [str(token), int(count)] if token and 0 <= count <= MOST and not isinstance(count, bool):
            return not any("\ud800" <= c <= "\udfff" for c in token)  # halves of characters are no text
    return False
