"""Shares of a text: each byte in one, none that parts a line, all of about the same size."""

import random

import pytest

from rnn_cli.text.shares import after_line_end, is_partable, share_of


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("sizes", [[100], [30, 0, 50, 20], [1, 1, 1], [0], [], [997, 3]])
def test_each_byte_is_in_one_share_and_shares_are_even(sizes, count):
    shares = [share_of(sizes, k, count, lambda file, place: place) for k in range(count)]
    stretches = [stretch for share in shares for stretch in share]
    assert [(file, byte) for file, begin, end in stretches for byte in range(begin, end)] == [
        (file, byte) for file, size in enumerate(sizes) for byte in range(size)
    ]
    held = [sum(end - begin for _, begin, end in share) for share in shares]
    assert max(held) - min(held) <= 1


def test_shares_end_with_a_line_and_a_long_line_is_in_one(tmp_path):
    rng = random.Random(0)
    lines = [b"x" * rng.choice([0, 1, 5, 300]) + rng.choice([b"\n", b"\r\n"]) for _ in range(60)]
    content = b"".join(lines) + b"the last has no end"
    path = tmp_path / "t.txt"
    path.write_bytes(content)
    for count in (1, 2, 5, 100):
        shares = [
            share_of([len(content)], k, count, lambda _, place: after_line_end(path, place))
            for k in range(count)
        ]
        pieces = [content[begin:end] for share in shares for _, begin, end in share]
        assert b"".join(pieces) == content
        assert all(piece.endswith(b"\n") for piece in pieces[:-1])


def test_a_line_end_is_found_beyond_what_is_looked_at_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.shares.SCANNED", 3)
    path = tmp_path / "t.txt"
    path.write_bytes(b"ab\ncdefghij\nkl")
    assert [after_line_end(path, place) for place in (1, 3, 4, 12, 13)] == [3, 3, 12, 12, 14]


@pytest.mark.parametrize(
    ("encoding", "head", "expected"),
    [
        (None, b"a", True),
        (None, "a".encode("utf-8-sig"), True),
        (None, "a".encode("utf-16"), False),
        ("utf-8", b"a", True),
        ("gb18030", b"a", True),
        ("shift_jis", b"a", True),
        ("latin-1", b"a", True),
        ("utf-16-le", b"a", False),
        ("utf-7", b"a", False),
        ("iso2022_jp", b"a", False),
        ("cp037", b"a", False),  # of IBM, whose line end is another byte
    ],
)
def test_a_file_is_parted_only_where_the_byte_of_a_line_end_is_one(encoding, head, expected, tmp_path):
    (tmp_path / "t.txt").write_bytes(head)
    assert is_partable(tmp_path / "t.txt", encoding) == expected
