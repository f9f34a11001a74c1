"""Decoding bytes to text.

A line ends at \\n, \\r\\n or \\r and nowhere else (not at U+2028, not at \\x0b); the last line needs no
line end. A byte order mark decides the encoding and is dropped. Nothing is ever replaced: bytes that
do not decode raise an error that names the line, the byte and the likely encoding.
"""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from rnn_cli.errors import RnnError
from rnn_cli.text.checks import SURROGATES

BLOCK_BYTES = 1 << 20  # read at a time
NEWLINE = b"\n"
WIDE = ("utf-16", "utf-32")  # encodings of text with zero bytes
BYTE_ORDER_MARKS = {  # UTF-32 first, as its mark begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def decode_lines(stream: BinaryIO, name: str, encoding: str | None = None) -> Iterator[str]:
    """Yield the lines of a stream of bytes, called `name` in messages. Raise what `read_lines` raises."""
    begun: list[str] = []  # the pieces of the line that has not ended yet
    for text in decode_blocks(stream, name, encoding):
        first, *rest = text.split("\n")
        begun.append(first)
        for line in rest:
            yield "".join(begun)
            begun = [line]
    if any(begun):
        yield "".join(begun)


class Bytes(Protocol):
    """A stream of bytes to decode."""

    def read(self, size: int, /) -> bytes: ...


def decode_blocks(
    stream: Bytes, name: str, encoding: str | None, errors: str = "strict", inside: bool = False
) -> Iterator[str]:
    """Yield a stream's text in blocks, with every line end as \\n. If bytes do not decode, yield the text
    before them, then raise RnnError.

    errors: the name of a Python error handler for bytes that do not decode; only "strict" raises.
    inside: whether the stream begins inside a text, where a byte order mark is an ordinary character.
    """
    decoder = _Decoder(name, encoding, errors)
    if inside:
        decoder.begin_inside()
    while True:
        block = stream.read(BLOCK_BYTES)
        text, error = decoder.decode(block)
        if text or error is None:
            yield text
        if error is not None:
            raise error
        if not block:
            return


def refuse_binary(head: bytes, name: str, encoding: str | None) -> None:
    """Raise RnnError if the first block of a stream is not text. The block may end inside a character."""
    _, error = _Decoder(name, encoding, "strict").decode(head)
    if error is not None:
        raise error


class _Decoder:
    """Decodes a stream block by block, and keeps the line and byte of the current position."""

    def __init__(self, name: str, encoding: str | None, errors: str):
        """Take the arguments of `decode_blocks`."""
        self._name, self._asked, self._errors = name, encoding, errors
        self._encoding = encoding or "utf-8"
        self._line, self._column = 1, 0  # counting lines from 1 and bytes from 0
        self._may_be_utf_8 = False
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)  # joins a \r\n across two blocks
        self._decoder: codecs.IncrementalDecoder | None = None

    def begin_inside(self) -> None:
        """Start inside a text: skip the checks that need its beginning, such as for a byte order mark."""
        self._encoding = _plain(self._encoding)
        self._decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)

    def decode(self, block: bytes) -> tuple[str, RnnError | None]:
        """Return the text of the next block, and the error that follows it or None. An empty block ends the
        stream. Raise RnnError for a stream that cannot be text in its encoding."""
        is_last = not block
        if self._decoder is None:
            block = self._begin(block)
        assert self._decoder is not None
        self._refuse_utf_8(block)
        try:
            text = self._newlines.decode(self._decoder.decode(block, final=is_last), final=is_last)
        except UnicodeDecodeError as error:
            from rnn_cli.text.guessing import explain  # few texts need this slow import

            good = self._newlines.decode(error.object[: error.start].decode(self._encoding), final=True)
            return good, self._error(good, f"not {self._encoding.upper()} ({explain(error)})")
        except UnicodeError as error:  # from the codecs utf-16 and utf-32, which need a byte order mark
            from rnn_cli.text.guessing import guess

            raise self._error("", f"no byte order mark ({guess(block)})") from error
        if self._errors != "strict":
            return text, None
        if self._encoding != "utf-8" and (half := SURROGATES.search(text)):
            good = text[: half.start()]
            return good, self._error(good, "half a surrogate pair, which is not a character")
        self._advance(text)
        return text, None

    def _begin(self, block: bytes) -> bytes:
        """Choose the encoding from the first block; return the block without its byte order mark."""
        for mark, marked in BYTE_ORDER_MARKS.items():
            if block.startswith(mark) and (self._asked is None or marked.startswith(_plain(self._asked))):
                block, self._encoding = block[len(mark) :], marked
                break
        is_wide = _plain(self._encoding).startswith(WIDE)
        if not is_wide:
            _refuse_zeros(block, self._name, self._encoding)
        self._may_be_utf_8 = not is_wide and _plain(self._encoding) != "utf-8"
        self._decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        return block

    def _refuse_utf_8(self, block: bytes) -> None:
        """Raise RnnError if the text is UTF-8 but is read in another encoding."""
        if self._may_be_utf_8 and not block.isascii():
            from rnn_cli.text.guessing import CERTAIN, is_utf_8

            if is_utf_8(block, CERTAIN):
                raise RnnError(f"{self._name}: is UTF-8, not {self._encoding.upper()}: drop --encoding")
            self._may_be_utf_8 = is_utf_8(block, 0)

    def _error(self, good: str, what: str) -> RnnError:
        """Return the error for the byte after some text."""
        self._advance(good)
        byte = self._column + 1
        return RnnError(f"{self._name}: line {self._line}, byte {byte}: {what}")

    def _advance(self, text: str) -> None:
        _, ended, tail = text.rpartition("\n")
        self._line += text.count("\n")
        self._column = len(tail.encode(self._encoding)) + (0 if ended else self._column)


def _refuse_zeros(head: bytes, name: str, encoding: str) -> None:
    """Raise RnnError if the first block of a stream has many zero bytes."""
    if head.count(0) > max(1, len(head) // 10):
        from rnn_cli.text.guessing import guess

        before = head[: head.index(0)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        place = f"{name}: line {before.count(NEWLINE) + 1}, byte {len(before) - before.rfind(NEWLINE)}"
        raise RnnError(f"{place}: not text in {encoding.upper()} ({guess(head)})")


def _plain(encoding: str) -> str:
    """Return Python's name of a codec, without the suffix -sig, which stands for a byte order mark."""
    return codecs.lookup(encoding).name.removesuffix("-sig")
