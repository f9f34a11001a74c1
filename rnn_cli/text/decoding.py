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


def decode_blocks(
    stream: Bytes, name: str, encoding: str | None, errors: str = "strict", inside: bool = False
) -> Iterator[str]:
    """Yield a stream's text in blocks, every line end as \\n. Raise RnnError for what does not decode, after
    the text before it.

    errors: the name of Python's handler for bytes that do not decode; only "strict" raises.
    inside: whether the stream begins inside a text. A byte order mark is a character there.
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
    """Raise RnnError where the first block of a stream is not text. Its end may part a character."""
    _, error = _Decoder(name, encoding, "strict").decode(head)
    if error is not None:
        raise error


class _Decoder:
    """Decodes a stream block by block, and knows where in it the next byte stands."""

    def __init__(self, name: str, encoding: str | None, errors: str):
        """As for `decode_blocks`."""
        self._name, self._asked, self._errors = name, encoding, errors
        self._encoding = encoding or "utf-8"
        self._line, self._column = 1, 0  # counting lines from 1 and bytes from 0
        self._may_be_utf_8 = False
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)  # joins a \r\n across two blocks
        self._decoder: codecs.IncrementalDecoder | None = None

    def begin_inside(self) -> None:
        """Look for nothing that only the beginning of a text shows."""
        self._encoding = _plain(self._encoding)
        self._decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)

    def decode(self, block: bytes) -> tuple[str, RnnError | None]:
        """Return the text of the next block, and the error that stands after it; None: there is none. A block
        of no bytes ends the stream. Raise RnnError for a stream that is no text in its encoding at all."""
        is_last = not block
        if self._decoder is None:
            block = self._begin(block)
        assert self._decoder is not None
        self._refuse_utf_8(block)
        try:
            text = self._newlines.decode(self._decoder.decode(block, final=is_last), final=is_last)
        except UnicodeDecodeError as error:
            from rnn_cli.text.guessing import explain  # few texts need it, and all would wait for it

            good = self._newlines.decode(error.object[: error.start].decode(self._encoding), final=True)
            return good, self._error(good, f"not {self._encoding.upper()} ({explain(error)})")
        except UnicodeError as error:  # raised by the codecs utf-16 and utf-32, which need a mark
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
        """Settle the encoding by the first block; return the block without a byte order mark."""
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
        """Raise RnnError for UTF-8 that is read as another encoding."""
        if self._may_be_utf_8 and not block.isascii():
            from rnn_cli.text.guessing import CERTAIN, is_utf_8

            if is_utf_8(block, CERTAIN):
                raise RnnError(f"{self._name}: is UTF-8, not {self._encoding.upper()}: drop --encoding")
            self._may_be_utf_8 = is_utf_8(block, 0)

    def _error(self, good: str, what: str) -> RnnError:
        """Return the error of the byte that comes after some text."""
        self._advance(good)
        byte = self._column + 1
        return RnnError(f"{self._name}: line {self._line}, byte {byte}: {what}")

    def _advance(self, text: str) -> None:
        _, ended, tail = text.rpartition("\n")
        self._line += text.count("\n")
        self._column = len(tail.encode(self._encoding)) + (0 if ended else self._column)


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
