"""The encoding that a message proposes for bytes that do not decode (test_reading.py has whole messages)."""

import pytest

from rnn_cli.text.guessing import SAMPLE_BYTES, guess, guess_around

CHINESE = "这个人是我们的国家的人，他说中文。\n你好，世界！\n"
BINARY = "looks like binary data; --encoding NAME reads other encodings"


def failure(data: bytes) -> UnicodeDecodeError:
    with pytest.raises(UnicodeDecodeError) as caught:
        data.decode()
    return caught.value


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16-le", "utf-16-be"])
def test_the_encoding_whose_text_has_the_most_frequent_characters_is_proposed(encoding):
    proposal = f"looks like {encoding.upper()}: try --encoding {encoding}"
    assert guess(CHINESE.encode(encoding)) == proposal
    assert guess((CHINESE * 1000).encode(encoding)) == proposal


@pytest.mark.parametrize("data", [b"", bytes(range(256)), b"\x89PNG\r\n\x1a\n\0\0"])
def test_where_no_encoding_gives_text_the_bytes_are_binary(data):
    assert guess(data) == BINARY


def test_the_bytes_near_the_first_bad_one_are_looked_at():
    plain = b"plain words " * SAMPLE_BYTES
    assert guess_around(failure(plain + CHINESE.encode("gb18030"))).endswith("try --encoding gb18030")


def test_a_character_cut_off_at_the_end_is_called_so():
    assert guess_around(failure("中".encode()[:-1])) == "it ends in the middle of a character"
