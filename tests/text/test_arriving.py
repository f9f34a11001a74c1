"""A text as it arrives, from pipes above all, and bytes that do not decode."""

import os
import threading

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.text.arriving import (
    MARKS,
    UNDECODED,
    Arriving,
    Postponed,
    arrives_slowly,
    lines_that_come,
    read_blocks,
)
from rnn_cli.text.reading import read_lines


@pytest.fixture
def pipe(tmp_path):
    """A named pipe, and a function that opens its end to write to."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path), lambda: open(path, "wb", 0)


def test_what_has_come_through_a_pipe_can_be_read_before_more_does(pipe):
    path, opened = pipe
    go_on, seen = threading.Event(), []

    def write():
        with opened() as end:
            end.write(b"first\n")
            assert go_on.wait(20)
            end.write(b"second")

    writer = threading.Thread(target=write)
    writer.start()
    for block in read_blocks([path]):
        seen.append(block)
        go_on.set()
    writer.join()
    assert seen == ["first\n", "second", "\n"]


def test_what_is_there_is_read_in_one_piece():
    reader, writer = os.pipe()
    with open(reader, "rb", 0) as ours:
        for part in (b"one\n", b"two\n", b"three\n"):
            os.write(writer, part)
        os.close(writer)
        stream = Arriving(ours)
        assert stream.read(1 << 20) == b"one\ntwo\nthree\n"
        assert stream.read(1 << 20) == b""


def test_a_byte_order_mark_that_comes_byte_by_byte_is_one(pipe):
    path, opened = pipe

    def write():
        with opened() as end:
            for byte in "\ufeffa\n".encode("utf-16-le"):
                end.write(bytes([byte]))

    writer = threading.Thread(target=write)
    writer.start()
    assert "".join(read_blocks([path])) == "a\n"
    writer.join()


@pytest.mark.parametrize(
    "contents", [[b"a\nb"], [b"a\nb", b"c\n"], [b"", b"x\r\ny\rz"], [b"\n\n", b"\xef\xbb\xbfq"]]
)
def test_the_lines_are_those_that_training_reads(contents, tmp_path):
    paths = []
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.txt").write_bytes(content)
        paths.append(str(tmp_path / f"{number}.txt"))
    text = "".join(read_blocks(paths))
    assert text == "".join(f"{line}\n" for line in read_lines(paths))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-32-be", "ascii"])
def test_bytes_that_do_not_decode_are_marked_and_the_lines_around_them_are_whole(encoding, tmp_path):
    good, end = "good".encode(encoding), "\n".encode(encoding)
    bad = {"utf-16-le": b"\x00\xd8", "utf-32-be": b"\x00\x11\x00\x00"}.get(encoding, b"\xff")
    (tmp_path / "text.txt").write_bytes(end.join([good, bad, good]) + end)
    path = str(tmp_path / "text.txt")
    first, marked, last, rest = "".join(read_blocks([path], encoding, mark_undecoded=True)).split("\n")
    assert (first, last, rest) == ("good", "good", "")
    assert MARKS.fullmatch(marked)
    assert MARKS.fullmatch(UNDECODED)
    with pytest.raises(RnnError, match="line 2, byte 1"):
        list(read_blocks([path], encoding))


def test_a_file_does_not_come_slowly_and_a_pipe_does(pipe, tmp_path):
    (tmp_path / "file.txt").write_text("a")
    assert not arrives_slowly(str(tmp_path / "file.txt"))
    assert not arrives_slowly(str(tmp_path / "missing.txt"))
    assert arrives_slowly(pipe[0])
    assert arrives_slowly("/dev/null")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_the_text_before_a_bad_byte_is_yielded_and_then_the_error_raised(encoding, tmp_path):
    bad = {"utf-16-le": b"\x00\xd8"}.get(encoding, b"\xff")
    (tmp_path / "text.txt").write_bytes("one\ntwo\ncut".encode(encoding) + bad + "x\n".encode(encoding))
    path, seen, lines = str(tmp_path / "text.txt"), [], []
    with pytest.raises(RnnError, match="line 3, byte"):
        seen.extend(read_blocks([path], encoding))
    assert "".join(seen) == "one\ntwo\ncut"
    with pytest.raises(RnnError, match="line 3, byte"):
        lines.extend(lines_that_come([path], encoding))
    assert lines == [["one", "two"]]  # not the line that is cut off


def test_lines_come_from_blocks_that_end_anywhere(monkeypatch):
    blocks = ["on", "e\ntw", "o\n", "\nthree\n"]
    monkeypatch.setattr("rnn_cli.text.arriving.read_blocks", lambda *arguments: iter(blocks))
    assert [*lines_that_come([])] == [["one"], ["two"], ["", "three"]]


def test_files_without_a_line_are_an_error_that_names_them(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b"\n")
    empty, blank = str(tmp_path / "a.txt"), str(tmp_path / "b.txt")
    with pytest.raises(RnnError, match=r"a\.txt: empty: there is no line in it"):
        list(lines_that_come([empty]))
    assert [*lines_that_come([empty, blank])] == [[""]]


@pytest.mark.parametrize(
    ("text", "marks", "read"),
    [
        (b"one\ntw\xff", True, ["one\ntw", f"{UNDECODED}\n"]),
        (b"one\ntw\xff", False, ["one\ntw"]),
        (b"one\n\xff", True, ["one\n"]),
        (b"one\n", True, ["one\n"]),
    ],
)
def test_an_error_can_wait_until_what_was_read_is_settled(text, marks, read, tmp_path):
    (tmp_path / "text.txt").write_bytes(text)
    blocks = Postponed(read_blocks([str(tmp_path / "text.txt")]), marks)
    assert [*blocks] == read
    assert [*blocks] == []
    if b"\xff" in text:
        with pytest.raises(RnnError, match="not UTF-8"):
            blocks.settle()
    else:
        blocks.settle()


def test_a_file_that_is_cut_while_it_is_read_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", 8)
    path = tmp_path / "text.txt"
    path.write_bytes(b"line\n" * 20)
    blocks = read_blocks([str(path)])
    assert next(blocks) == "line\nlin"
    with open(path, "r+b") as file:
        file.truncate(50)
    with pytest.raises(RnnError, match=r"text\.txt: was cut while it was read: 50 bytes of it are missing"):
        list(blocks)


def test_a_file_that_grows_while_it_is_read_is_read_on(tmp_path, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", 8)
    path = tmp_path / "text.txt"
    path.write_bytes(b"line\n" * 4)
    blocks = read_blocks([str(path)])
    next(blocks)
    with open(path, "ab") as file:
        file.write(b"more\n")
    assert "".join(blocks).endswith("line\nmore\n")
