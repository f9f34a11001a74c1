"""Bytes to text.

A line ends at \\n, \\r\\n or \\r and nowhere else (not at U+2028, not at \\x0b); a missing last line
end adds nothing. A byte order mark decides the encoding and is dropped. Nothing is ever replaced:
bytes that do not decode raise an error that names the line, the byte and the likely encoding.
"""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from rnn_cli.errors import RnnError
from rnn_cli.text.checks import SURROGATES

BLOCK_BYTES = 1 << 20  # read at a time
NEWLINE = b"\n"
WIDE = ("utf-16", "utf-32")  # encodings in which text holds bytes of 0
BYTE_ORDER_MARKS = {  # UTF-32 first, as its mark begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def decode_lines(stream: BinaryIO, name: str, encoding: str | None = None) -> Iterator[str]:
    """Yield the lines of one stream of bytes, which messages call `name`. Raise as `read_lines` does."""
    begun: list[str] = []  # the line that no block has ended yet
    for text in decode_blocks(stream, name, encoding):
        first, *rest = text.split("\n")
        begun.append(first)
        for line in rest:
            yield "".join(begun)
            begun = [line]
    if any(begun):
        yield "".join(begun)


class Bytes(Protocol):
    """What text is decoded from: a stream of bytes."""

    def read(self, size: int, /) -> bytes: ...


def decode_blocks(stream: Bytes, name: str, encoding: str | None, errors: str = "strict") -> Iterator[str]:
    """Yield a stream's text in blocks, every line end as \\n. Raise RnnError for what does not decode.

    errors: the name of Python's handler for bytes that do not decode; only "strict" raises.
    """
    block = stream.read(BLOCK_BYTES)
    line, column = 1, 0  # where the next byte stands, counting lines from 1 and bytes from 0
    for mark, marked in BYTE_ORDER_MARKS.items():
        if block.startswith(mark) and (encoding is None or marked.startswith(_plain(encoding))):
            block, encoding = block[len(mark) :] + stream.read(len(mark)), marked
            break
    encoding = encoding or "utf-8"
    is_wide = _plain(encoding).startswith(WIDE)
    if not is_wide:
        _refuse_zeros(block, name, encoding)
    may_be_utf_8 = not is_wide and _plain(encoding) != "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)  # joins a \r\n across two blocks
    while True:
        if may_be_utf_8 and not block.isascii():
            from rnn_cli.text.guessing import (  # few texts need it, and all would wait for it
                CERTAIN,
                is_utf_8,
            )

            if is_utf_8(block, CERTAIN):
                raise RnnError(f"{name}: is UTF-8, not {encoding.upper()}: drop --encoding")
            may_be_utf_8 = is_utf_8(block, 0)
        try:
            text = newlines.decode(decoder.decode(block, final=not block), final=not block)
        except UnicodeDecodeError as error:
            from rnn_cli.text.guessing import explain

            good = newlines.decode(error.object[: error.start].decode(encoding), final=True)
            line, column = _advance(line, column, good, encoding)
            place = f"{name}: line {line}, byte {column + 1}"
            raise RnnError(f"{place}: not {encoding.upper()} ({explain(error)})") from error
        except UnicodeError as error:  # raised by the codecs utf-16 and utf-32, which need a mark
            from rnn_cli.text.guessing import guess

            raise RnnError(f"{name}: line 1, byte 1: no byte order mark ({guess(block)})") from error
        strict = errors == "strict"
        if strict and encoding != "utf-8" and (half := SURROGATES.search(text)):
            line, column = _advance(line, column, text[: half.start()], encoding)
            raise RnnError(
                f"{name}: line {line}, byte {column + 1}: half a surrogate pair, which is not a character"
            )
        if strict:
            line, column = _advance(line, column, text, encoding)
        yield text
        if not block:
            return
        block = stream.read(BLOCK_BYTES)


def _refuse_zeros(head: bytes, name: str, encoding: str) -> None:
    """Raise RnnError where the first block of a stream holds many bytes of 0."""
    if head.count(0) > max(1, len(head) // 10):
        from rnn_cli.text.guessing import guess

        before = head[: head.index(0)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        place = f"{name}: line {before.count(NEWLINE) + 1}, byte {len(before) - before.rfind(NEWLINE)}"
        raise RnnError(f"{place}: not text in {encoding.upper()} ({guess(head)})")


def _plain(encoding: str) -> str:
    """Return the name that Python has for a codec, without its wish for a byte order mark."""
    return codecs.lookup(encoding).name.removesuffix("-sig")


def _advance(line: int, column: int, text: str, encoding: str) -> tuple[int, int]:
    """Return the place of the next byte after `text`."""
    _, ended, tail = text.rpartition("\n")
    return line + text.count("\n"), len(tail.encode(encoding)) + (0 if ended else column)
