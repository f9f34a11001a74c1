"""The hash of a large file is remembered, and never that of another content."""

import hashlib
import os

import pytest

from rnn_cli.text.store import hashes
from rnn_cli.text.store.hashes import memory_of, sha256

LONG_AGO = 1e9


@pytest.fixture
def read(monkeypatch):
    """The files that were read to be hashed."""
    found, of_file = [], hashes._hash
    monkeypatch.setattr(hashes, "_hash", lambda path: found.append(path.name) or of_file(path))
    monkeypatch.setattr(hashes, "LARGE", 10)
    return found


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(b"large enough")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def hashed(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_file_is_read_once(file, tmp_path, read):
    memory = memory_of(file, tmp_path)
    assert {sha256(file, memory) for _ in range(3)} == {hashed(file)}
    assert read == ["t.txt"]


@pytest.mark.parametrize("how", ["another size", "another time", "another file"])
def test_a_file_that_was_changed_is_read_again(how, file, tmp_path, read):
    memory = memory_of(file, tmp_path)
    sha256(file, memory)
    new = tmp_path / "new"
    new.write_bytes(b"large enough!" if how == "another size" else b"LARGE ENOUGH")
    time = LONG_AGO + 1 if how == "another time" else LONG_AGO
    if how == "another file":
        new.replace(file)
    else:
        file.write_bytes(new.read_bytes())
    os.utime(file, (time, time))
    assert sha256(file, memory) == hashed(file)
    assert len(read) == 2


def test_small_files_those_changed_just_now_and_those_without_a_memory_are_always_read(file, tmp_path, read):
    memory = memory_of(file, tmp_path)
    for _ in range(2):
        sha256(file)
    os.utime(file)
    for _ in range(2):
        sha256(file, memory)
    file.write_bytes(b"small")
    os.utime(file, (LONG_AGO, LONG_AGO))
    for _ in range(2):
        sha256(file, memory)
    assert len(read) == 6
    assert not memory.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"sha256": 1}'])
def test_a_memory_that_is_damaged_or_of_another_file_is_no_memory(content, file, tmp_path, read):
    memory = memory_of(file, tmp_path)
    memory.write_bytes(content)
    assert sha256(file, memory) == hashed(file)
    other = tmp_path / "other"
    other.write_bytes(b"large enough too")
    os.utime(other, (LONG_AGO, LONG_AGO))
    assert sha256(other, memory) == hashed(other)


def test_a_folder_that_cannot_be_written_remembers_nothing(file, tmp_path, read):
    assert sha256(file, tmp_path / "nowhere" / "memory") == hashed(file)
