"""Bytes to lines: what ends a line, which bytes are text, and what an error says."""

import codecs
import contextlib
import errno
import hashlib
import io
import os
import re
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.errors import RnnError
from rnn_cli.text import decoding, reading

CHINESE = "这个人是我们的国家的人，他说中文。\n你好，世界！\n"
TAIWANESE = "這個人是我們的國家的人，他說中文。\n你好，世界！\n"
FRENCH = "Le café était déjà fermé, hélas.\nOù êtes-vous, garçon ?\n"
ENGLISH = "plain English words in a line\n"
SAMPLES = [
    pytest.param("gb18030", CHINESE, id="gb18030"),
    pytest.param("big5", TAIWANESE, id="big5"),
    pytest.param("cp1252", FRENCH, id="latin-1"),
    pytest.param("utf-16-le", CHINESE, id="utf-16-le-chinese"),
    pytest.param("utf-16-be", CHINESE, id="utf-16-be-chinese"),
    pytest.param("utf-16-le", ENGLISH, id="utf-16-le-english"),
    pytest.param("utf-16-be", ENGLISH, id="utf-16-be-english"),
]
MARKS = [
    pytest.param(codecs.BOM_UTF8, "utf-8", id="utf-8"),
    pytest.param(codecs.BOM_UTF16_LE, "utf-16-le", id="utf-16-le"),
    pytest.param(codecs.BOM_UTF16_BE, "utf-16-be", id="utf-16-be"),
]

# Neither NUL nor U+FEFF, which mean something else at the head of a file.
line_ends = st.sampled_from(["\n", "\r", "\r\n"])
characters = st.one_of(
    st.sampled_from("ab，中文é\u2028\x0b\x0c\x85\x1c😀𠀀"),
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"),
)
texts = st.lists(st.one_of(characters, line_ends), max_size=30).map("".join)


def lines_of(data: bytes, encoding: str | None = None) -> list[str]:
    return list(reading.decode_lines(io.BytesIO(data), "poem.txt", encoding))


def error_of(data: bytes, encoding: str | None = None) -> str:
    with pytest.raises(RnnError) as caught:
        lines_of(data, encoding)
    message = str(caught.value)
    assert "\n" not in message
    return message


def split_by_hand(text: str) -> list[str]:
    lines = re.split("\r\n|\r|\n", text)
    return lines if lines[-1] else lines[:-1]


# Lines


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_ends_at_each_usual_line_end(end):
    assert lines_of(f"one{end}two{end}{end}four{end}".encode()) == ["one", "two", "", "four"]


def test_line_ends_may_be_mixed():
    assert lines_of(b"a\r\nb\rc\nd\n\re") == ["a", "b", "c", "d", "", "e"]


@pytest.mark.parametrize("character", "\u2028\u2029\x0b\x0c\x85\x1c\x1d\x1e")
def test_nothing_else_ends_a_line(character):
    assert lines_of(f"a{character}b\n".encode()) == [f"a{character}b"]


def test_a_missing_last_line_end_adds_nothing():
    assert lines_of(b"a\nb") == lines_of(b"a\nb\n") == ["a", "b"]


def test_blank_lines_are_lines_at_the_end_too():
    assert lines_of(b"\na\n\n\n") == ["", "a", "", ""]


def test_an_empty_file_has_no_lines():
    assert lines_of(b"") == []


def test_white_space_stays_where_it_is():
    assert lines_of(b"  a\t \n \n") == ["  a\t ", " "]


def test_nul_characters_inside_text_are_text():
    assert lines_of(b"some text\0with a NUL in it\n") == ["some text\0with a NUL in it"]


@settings(max_examples=100, deadline=None)
@given(texts, st.sampled_from(["utf-8", "gb18030", "utf-16-le", "utf-16-be"]))
def test_blocks_may_end_anywhere(text, encoding):
    data = text.encode(encoding)
    expected = split_by_hand(text)
    assert lines_of(data, encoding) == expected
    for size in (1, 2, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decoding, "BLOCK_BYTES", size)
            assert lines_of(data, encoding) == expected


def test_a_file_longer_than_a_block_is_read_whole():
    lines = ["春眠不觉晓，处处闻啼鸟。" * 30] * 1500
    data = "\r\n".join(lines).encode()
    assert len(data) > decoding.BLOCK_BYTES
    assert lines_of(data) == lines


# Byte order marks


@pytest.mark.parametrize(("mark", "encoding"), MARKS)
def test_a_byte_order_mark_names_the_encoding_and_is_dropped(mark, encoding, monkeypatch):
    data = mark + CHINESE.encode(encoding)
    assert lines_of(data) == CHINESE.splitlines()
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 3)
    assert lines_of(data) == CHINESE.splitlines()


def test_only_the_head_of_a_file_can_be_a_byte_order_mark():
    assert lines_of("\ufeff\ufeffa\n\ufeffb".encode()) == ["\ufeffa", "\ufeffb"]


def test_utf_32_is_not_taken_for_utf_16():
    with contextlib.suppress(RnnError):  # refused is as well as read
        assert lines_of(ENGLISH.encode("utf-32")) == [ENGLISH.strip()]


# What is not text in the encoding


def test_an_error_names_file_line_and_byte():
    assert error_of(b"abc\nde\xff\n").startswith("poem.txt: line 2, byte 3: not UTF-8 ")


@settings(max_examples=100, deadline=None)
@given(texts, st.sampled_from([1, 2, 3, 7, 1 << 20]))
def test_the_place_is_that_of_the_first_bad_byte_wherever_blocks_end(text, size):
    good = text.encode()
    line = 1 + len(re.findall("\r\n|\r|\n", text))
    byte = 1 + len(re.split("[\r\n]", text)[-1].encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", size)
        message = error_of(good + b"\xff\n more")
    assert message.startswith(f"poem.txt: line {line}, byte {byte}: not UTF-8 ")


@pytest.mark.parametrize("size", [4, 1 << 20])
def test_the_place_does_not_count_a_byte_order_mark(size, monkeypatch):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", size)
    assert "line 1, byte 5: not UTF-8 " in error_of(codecs.BOM_UTF8 + b"abcd\xff\n")


@pytest.mark.parametrize("size", [16, 1 << 20])
@pytest.mark.parametrize("asked_for", [None, "utf-16"])
@pytest.mark.parametrize(("mark", "encoding"), MARKS[1:])
def test_the_place_in_utf_16_is_right_in_every_block(mark, encoding, asked_for, size, monkeypatch):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", size)
    lone_surrogate = "\ud800".encode(encoding, "surrogatepass")
    data = mark + ("付款\n" * 20 + "付").encode(encoding) + lone_surrogate + "\n".encode(encoding)
    assert error_of(data, asked_for).startswith("poem.txt: line 21, byte 3: not UTF-16")


def test_a_character_cut_off_by_the_end_of_the_file_is_an_error():
    assert error_of("a\nb中".encode()[:-1]).startswith("poem.txt: line 2, byte 2: not UTF-8 ")


def test_a_first_good_line_is_yielded_before_a_later_block_fails(monkeypatch):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 4)
    lines = reading.decode_lines(io.BytesIO(b"abc\ndef\n\xff"), "poem.txt")
    assert next(lines) == "abc"


@pytest.mark.parametrize(("encoding", "text"), SAMPLES)
def test_the_encoding_an_error_proposes_reads_the_file(encoding, text):
    data = (text * 3).encode(encoding)
    message = error_of(data)
    assert message.endswith(f"(looks like {encoding.upper()}: try --encoding {encoding})")
    assert lines_of(data, encoding) == (text * 3).splitlines()


@pytest.mark.parametrize(("encoding", "text"), SAMPLES[:3])
@pytest.mark.parametrize("size", [5_000, 1 << 20])
def test_the_proposal_looks_at_the_bytes_that_are_wrong(encoding, text, size, monkeypatch):
    """Below 6,000 bytes of plain English, in the same block or in a later one."""
    monkeypatch.setattr(decoding, "BLOCK_BYTES", size)
    message = error_of((ENGLISH * 200 + text * 50).encode(encoding))
    assert message.startswith("poem.txt: line 201, byte ")
    assert message.endswith(f"try --encoding {encoding})")


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff"],
    ids=["all bytes", "png", "gzip"],
)
def test_binary_data_is_called_so(data):
    assert "looks like binary data; --encoding NAME" in error_of(data)


def test_mostly_nul_is_no_text_and_the_first_nul_is_named():
    assert error_of(b"\0" * 50).startswith("poem.txt: line 1, byte 1: not text in UTF-8 ")
    assert error_of(b"abc\nd" + b"\0" * 50).startswith("poem.txt: line 2, byte 2: not text in UTF-8 ")


def test_an_encoding_asked_for_is_the_one_the_error_names():
    assert error_of(CHINESE.encode("big5", "ignore"), "ascii").startswith(
        "poem.txt: line 1, byte 1: not ASCII "
    )


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "cp1252", "latin-1", "big5", "koi8-r", "gb18030"])
@pytest.mark.parametrize("text", ["老人喜欢月亮。\n", "Élève préféré\n", "Кошка\n", "\ufeff春眠不觉晓\n"])
@pytest.mark.parametrize("before", ["", "plain English\n" * 5])
def test_utf_8_that_is_read_as_another_encoding_is_called_so(encoding, text, before, monkeypatch):
    """Whether or not it decodes: as the other encoding it would be nonsense."""
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 64)
    assert (
        error_of((before + text).encode(), encoding)
        == f"poem.txt: is UTF-8, not {encoding.upper()}: drop --encoding"
    )


@pytest.mark.parametrize(
    ("text", "encoding"), [("é\n", "ascii"), ("a\nthe naïve\n", "ascii"), ("中。\n", "gbk")]
)
def test_a_little_utf_8_that_does_not_decode_is_called_so(text, encoding):
    assert error_of(text.encode(), encoding).endswith(
        f"not {encoding.upper()} (it is UTF-8: drop --encoding)"
    )


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "cp1252", "utf-16-le", "utf-16"])
def test_another_encoding_is_read_where_it_is_the_right_one(encoding):
    text = FRENCH if encoding == "cp1252" else TAIWANESE
    assert lines_of(text.encode(encoding), encoding) == text.splitlines()


def test_utf_8_but_for_a_byte_is_not_sent_to_another_encoding():
    message = error_of("L’été à Paris.\nCaf".encode() + b"\xe9 noir.\n")
    assert message.startswith("poem.txt: line 2, byte 4: not UTF-8 (it is UTF-8 except for this byte: ")
    assert "--encoding" not in message


@pytest.mark.parametrize("encoding", ["latin-1", "cp1251", "gb18030"])
def test_zeros_are_no_text_in_an_encoding_that_can_read_them(encoding):
    assert error_of(bytes(1000), encoding).startswith(
        f"poem.txt: line 1, byte 1: not text in {encoding.upper()} "
    )


# Lines of a string


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        *(("", []), ("a", ["a"]), ("a\r\n", ["a"]), ("a\rb\r\n\nc", ["a", "b", "", "c"]), ("\n\n", ["", ""])),
        *(("a ", ["a "]), ("a\u2028b\x0bc\x85", ["a\u2028b\x0bc\x85"]), ("\r", [""])),
    ],
)
def test_the_lines_of_a_string_are_those_of_a_file(text, lines):
    assert reading.normalize_lines(text) == lines == lines_of(text.encode())


def test_utf_16_asked_for_without_a_mark_is_an_error_of_the_file():
    """The codec `utf-16` wants a byte order mark; its complaint is no UnicodeDecodeError."""
    assert error_of(CHINESE.encode("utf-16-le"), "utf-16").startswith("poem.txt: ")


# Files


def test_files_are_read_in_order_as_one_text(tmp_path):
    first, second, third = (tmp_path / name for name in "bac")
    first.write_bytes(b"one\ntwo")
    second.write_bytes(b"")
    third.write_bytes(codecs.BOM_UTF8 + b"three\n")
    assert list(reading.read_lines(map(str, [first, second, third]))) == ["one", "two", "three"]


def test_each_file_may_have_a_mark_of_its_own(tmp_path):
    (tmp_path / "a").write_text("中\n", encoding="utf-16")
    (tmp_path / "b").write_text("文\n", encoding="utf-8")
    assert list(reading.read_lines([str(tmp_path / "a"), str(tmp_path / "b")])) == ["中", "文"]


def test_the_encoding_holds_for_every_file(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(CHINESE.encode("gb18030"))
    paths = [str(tmp_path / "a"), str(tmp_path / "b")]
    assert list(reading.read_lines(paths, "gb18030")) == 2 * CHINESE.splitlines()


def test_the_error_names_the_file_that_is_wrong(tmp_path):
    (tmp_path / "good.txt").write_bytes(b"a\nb\n")
    (tmp_path / "bad.txt").write_bytes(b"a\n\xff\n")
    bad = str(tmp_path / "bad.txt")
    with pytest.raises(RnnError, match=r"bad\.txt: line 2, byte 1: ") as caught:
        list(reading.read_lines([str(tmp_path / "good.txt"), bad]))
    assert str(caught.value).startswith(bad)


def test_a_dash_is_standard_input_and_leaves_it_open(tmp_path, monkeypatch):
    (tmp_path / "piped").write_bytes(b"b\r\nc")
    (tmp_path / "file").write_bytes(b"a\n")
    with open(tmp_path / "piped") as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert list(reading.read_lines([str(tmp_path / "file"), "-"])) == ["a", "b", "c"]
        os.fstat(piped.fileno())


def test_errors_call_standard_input_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "piped").write_bytes(b"ab\xff\n")
    with open(tmp_path / "piped") as piped:
        monkeypatch.setattr("sys.stdin", piped)
        with pytest.raises(RnnError, match=r"^standard input: line 1, byte 3: not UTF-8 "):
            list(reading.read_lines(["-"]))


def test_a_missing_file_is_named(tmp_path):
    path = str(tmp_path / "nowhere.txt")
    with pytest.raises(RnnError) as caught:
        list(reading.read_lines([path]))
    assert str(caught.value) == f"{path}: No such file or directory"


def test_a_directory_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(RnnError) as caught:
        list(reading.read_lines([str(tmp_path)]))
    assert str(caught.value) == f"{tmp_path}: is a directory (name the text files in it)"


# Blocks of whole lines


def part_at_commas(text: str) -> int:
    return text.rfind(",") + 1


def blocks_of(path, encoding=None, cuttable=part_at_commas) -> list[tuple[str, int]]:
    return list(reading.Source("poem.txt", path).blocks(encoding, cuttable))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "中", ",", "\n", "\r\n", "\r", "\u2028"]), max_size=40).map("".join),
    st.sampled_from([1, 2, 3, 5, 1 << 20]),
    st.sampled_from([0, 1, 4, 1 << 20]),
)
def test_blocks_are_the_text_and_end_with_a_line_or_where_a_long_one_may_be_parted(
    tmp_path_factory, text, size, longest
):
    path = tmp_path_factory.mktemp("blocks") / "poem.txt"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", size)
        patch.setattr(reading, "LONGEST", longest)
        blocks = [block for block, _ in blocks_of(path)]
    assert "".join(blocks) == "".join(f"{line}\n" for line in split_by_hand(text))
    for block in blocks:
        assert block.endswith("\n") or (block.endswith(",") and len(block.split("\n")) == 1)
    if longest == 1 << 20:
        assert all(block.endswith("\n") for block in blocks)


def test_a_long_line_comes_in_several_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr(reading, "LONGEST", 1 << 10)
    path = tmp_path / "long.txt"
    path.write_text("ab, " * (1 << 14))
    blocks = [block for block, _ in blocks_of(path)]
    assert max(map(len, blocks)) <= 1 << 11
    assert "".join(blocks) == "ab, " * (1 << 14) + "\n"
    (block,) = (block for block, _ in blocks_of(path, cuttable=lambda text: 0))
    assert block == "".join(blocks)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_block_comes_with_the_bytes_read_so_far(encoding, tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 16)
    path = tmp_path / "poem.txt"
    path.write_bytes((CHINESE * 9).encode(encoding))
    blocks = blocks_of(path)
    read = [read for _, read in blocks]
    assert read == sorted(read)
    assert read[-1] == path.stat().st_size
    assert max(b - a for a, b in zip([0, *read], read, strict=False)) <= 8 * 16
    assert "".join(block for block, _ in blocks) == CHINESE * 9


def test_a_block_that_is_no_text_is_named_by_line_and_byte_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 256)
    path = tmp_path / "poem.txt"
    path.write_bytes(b"some words\n" * 20 + (CHINESE * 3).encode("gb18030"))
    with pytest.raises(RnnError, match=r"^poem\.txt: line 21, byte 1: not UTF-8 \(.*--encoding gb18030\)$"):
        blocks_of(path)


def test_a_missing_source_is_named(tmp_path):
    source = reading.Source("poem.txt", tmp_path / "nowhere.txt")
    for read in (source.stamp, source.sha256, lambda: list(source.blocks(None, part_at_commas))):
        with pytest.raises(RnnError, match=r"^poem\.txt: No such file or directory$"):
            read()


def test_a_source_has_a_hash_and_a_stamp_that_changes_when_it_is_written_to(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text(CHINESE)
    source = reading.Source("poem.txt", path)
    assert source.sha256() == hashlib.sha256(CHINESE.encode()).hexdigest()
    before = source.stamp()
    assert source.stamp() == before
    assert before.size == len(CHINESE.encode())
    with open(path, "a") as file:
        file.write("more\n")
    assert source.stamp() != before


# What can be read only once


def test_a_file_is_not_copied(tmp_path):
    path, work = tmp_path / "poem.txt", tmp_path / "work"
    path.write_text(CHINESE)
    work.mkdir()
    assert reading.spool(str(path), work) == reading.Source(str(path), path)
    assert os.listdir(work) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_is_copied_once_and_keeps_its_name(tmp_path):
    fifo, work = tmp_path / "pipe", tmp_path / "work"
    os.mkfifo(fifo)
    work.mkdir()
    contents = [CHINESE.encode() * 999, b"a" * decoding.BLOCK_BYTES + b"\xff\n"]
    sources = []
    for content in contents:
        writer = threading.Thread(target=fifo.write_bytes, args=[content])
        writer.start()
        sources.append(reading.spool(str(fifo), work))
        writer.join()
    assert [source.path.read_bytes() for source in sources] == contents
    assert {source.path.parent for source in sources} == {work}
    assert sources[0].name == str(fifo)
    with pytest.raises(RnnError, match=f"^{fifo}: line 1, byte 1048577: not UTF-8 "):
        list(sources[1].blocks(None, part_at_commas))


def test_standard_input_is_copied_and_left_open(tmp_path, monkeypatch):
    (tmp_path / "piped").write_bytes(b"b\r\nc")
    with open(tmp_path / "piped") as piped:
        monkeypatch.setattr("sys.stdin", piped)
        source = reading.spool("-", tmp_path)
        os.fstat(piped.fileno())
    assert source.name == "standard input"
    assert source.path.read_bytes() == b"b\r\nc"


@pytest.mark.parametrize("name", ["nowhere.txt", "folder"])
def test_what_cannot_be_read_is_named(name, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(RnnError, match=f"^{tmp_path / name}: "):
        reading.spool(str(tmp_path / name), tmp_path)


class Endless(io.RawIOBase):
    """A stream of zeros without an end, which fails where more than a few blocks of it are read: a test must
    not fill the disk."""

    left = 3 * decoding.BLOCK_BYTES

    def read(self, size: int = -1) -> bytes:
        assert 0 <= size <= self.left, "read on and on"
        self.left -= size
        return bytes(size)


@pytest.mark.parametrize("encoding", [None, "latin-1"])
def test_a_pipe_without_end_that_is_no_text_is_refused_at_once(encoding, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_open", lambda path: Endless())
    with pytest.raises(
        RnnError, match=r"^standard input: line 1, byte 1: not text in .* \(looks like binary"
    ):
        reading.spool("-", tmp_path, encoding)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("head", [b"\xff" * 5000, "Кошка видит реку\n".encode("cp1251") * 99])
def test_what_is_no_text_by_its_head_is_refused_before_it_is_copied_or_hashed(head, tmp_path, monkeypatch):
    path, work = tmp_path / "poem.txt", tmp_path / "work"
    path.write_bytes(head)
    work.mkdir()
    with pytest.raises(RnnError, match=r"line 1, byte 1: not UTF-8 "):
        reading.spool(str(path), work)
    with open(path) as piped:
        monkeypatch.setattr("sys.stdin", piped)
        with pytest.raises(RnnError, match=r"^standard input: line 1, byte 1: not UTF-8 "):
            reading.spool("-", work)
    assert os.listdir(work) == []
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 1 << 20)
    assert reading.spool(str(path), work, "cp1251" if head[0] != 255 else "latin-1").path == path


def test_a_head_may_end_in_the_middle_of_a_character(tmp_path, monkeypatch):
    path = tmp_path / "poem.txt"
    path.write_text(CHINESE, "utf-8")
    for size in range(1, 9):
        monkeypatch.setattr(decoding, "BLOCK_BYTES", size)
        assert reading.spool(str(path), tmp_path).path == path


class FullDisk(io.BytesIO):
    def write(self, block: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_without_room_for_a_copy_is_named(tmp_path, monkeypatch):
    (tmp_path / "piped").write_bytes(b"text\n")
    with open(tmp_path / "piped") as piped:
        monkeypatch.setattr("sys.stdin", piped)
        opened = open
        monkeypatch.setattr(
            "builtins.open", lambda *args, **kw: FullDisk() if args[1:] == ("ab",) else opened(*args, **kw)
        )
        with pytest.raises(RnnError) as caught:
            reading.spool("-", tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: No space left on device: a copy of standard input ")
    assert "TMPDIR" in str(caught.value)


def test_a_pipe_that_breaks_is_named_and_not_the_disk(tmp_path, monkeypatch):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

    monkeypatch.setattr(decoding, "BLOCK_BYTES", 4)
    monkeypatch.setattr(reading, "_open", lambda path: Broken(b"some text\n"))
    with pytest.raises(RnnError, match=r"^standard input: Input/output error$"):
        reading.spool("-", tmp_path)
