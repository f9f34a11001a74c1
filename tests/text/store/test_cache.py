"""The folder of stored texts: found again by their keys, whole or not at all."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnn_cli.locking import has_locks
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.cache import LOCK, WORK, Cache, default_folder
from rnn_cli.text.store.cutting import Cut

A, B, C = (hashlib.sha256(name).hexdigest() for name in (b"a", b"b", b"c"))
DAY = 24 * 3600


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "made when needed" / "rnn")


def write(folder: Path, token: str = "a") -> Path:
    """A stored text of one token."""
    folder.mkdir()
    with stored.Writer(folder, {"text": [token]}) as writer:
        writer.add(Cut((token,), np.array([3, 1], np.int32), np.array([2, 0])))
    return folder


def keep(cache: Cache, key: str, token: str = "a") -> Path:
    with cache.work() as work:
        return cache.keep(write(work / "text", token), key)


def aged(path: Path, seconds: float) -> Path:
    now = path.stat().st_mtime
    os.utime(path, (now - seconds, now - seconds))
    return path


# Where it is


def test_the_folder_is_the_users_as_the_system_has_it(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.abspath("caches"))
    assert default_folder() == Path("caches/rnn").absolute()


@pytest.mark.parametrize("own", ["", "caches", "./caches", None])
def test_what_is_no_absolute_path_is_no_folder_for_caches(own, monkeypatch, tmp_path):
    """As the XDG Base Directory Specification says."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if own is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", own)
    assert default_folder() == tmp_path / ".cache" / "rnn"


def test_it_is_made_when_it_is_needed_and_is_for_the_user_alone(cache):
    assert cache.entries() == []
    assert cache.clear() == 0
    assert cache.find(A) is None
    assert not cache.folder.parent.exists()
    keep(cache, A)
    assert os.name == "nt" or cache.folder.stat().st_mode & 0o077 == 0


# Work


SWEEP = """
import sys
from pathlib import Path
from rnn_cli.text.store.cache import Cache
with Cache(Path(sys.argv[1])).work():
    pass
"""


@pytest.mark.skipif(not has_locks(), reason="no locks here")
@pytest.mark.parametrize("age", [2 * DAY, 50 * 365 * DAY], ids=["two days", "since a clock has jumped"])
def test_a_live_runs_folder_is_never_swept_however_old_it_looks(cache, age):
    with cache.work() as work:
        aged(work, age)
        subprocess.run([sys.executable, "-c", SWEEP, str(cache.folder)], check=True)
        with cache.work():
            pass
        assert work.is_dir()
        killed = cache.folder / f"{WORK}killed"
        killed.mkdir()
        (killed / LOCK).touch()
        aged(killed, age)
        subprocess.run([sys.executable, "-c", SWEEP, str(cache.folder)], check=True)
        assert not killed.exists()
    assert os.listdir(cache.folder) == []


def test_what_is_kept_is_found_and_nothing_else_stays(cache):
    with cache.work() as work:
        write(work / "text")
        (work / "spooled-0").write_bytes(b"a\n")
        folder = cache.keep(work / "text", A)
        assert cache.find(A) == folder
    assert cache.find(A) == folder
    assert cache.find(B) is None
    assert stored.load(folder).types == ("a",)
    assert os.listdir(cache.folder) == [A]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_the_work_of_a_run_that_fails_is_gone(error, cache):
    def fail():
        with cache.work() as work:
            write(work / "text")
            raise error

    with pytest.raises(error):
        fail()
    assert os.listdir(cache.folder) == []


def test_runs_work_side_by_side(cache):
    with cache.work() as first, cache.work() as second:
        write(first / "text", "a")
        write(second / "text", "b")
        cache.keep(second / "text", B)
        cache.keep(first / "text", A)
    assert [stored.load(cache.find(key)).types for key in (A, B)] == [("a",), ("b",)]


def test_where_another_run_was_faster_its_text_stays(cache):
    with cache.work() as work:
        slow = write(work / "text")
        first = keep(cache, A)
        before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in first.iterdir()}
        assert cache.keep(slow, A) == first
    assert {path.name: (path.stat().st_ino, path.read_bytes()) for path in first.iterdir()} == before
    assert os.listdir(cache.folder) == [A]


def test_a_text_that_cannot_be_kept_is_an_error(cache):
    with cache.work() as work, pytest.raises(OSError, match="No such file"):
        cache.keep(work / "nowhere", A)


def test_what_a_killed_run_left_is_swept_after_a_day(cache):
    keep(cache, A)
    for name, age in {"work-old": 2 * DAY, "work-new": 60, "notes": 2 * DAY}.items():
        folder = cache.folder / name
        folder.mkdir()
        (folder / "spooled-0").write_bytes(b"a\n")
        aged(folder, age)
    aged(cache.folder / A, 400 * DAY)
    with cache.work() as work:
        assert set(os.listdir(cache.folder)) == {A, "work-new", "notes", work.name}
    aged(cache.folder / "work-new", 2 * DAY)
    cache.clear()
    assert os.listdir(cache.folder) == ["notes"]


# What is there


def test_texts_are_listed_with_their_size_the_last_used_first(cache):
    for key, days in ((A, 3), (B, 2), (C, 1)):
        aged(keep(cache, key, key[:3]), days * DAY)
    entries = cache.entries()
    assert [entry.folder.name for entry in entries] == [C, B, A]
    assert [entry.header["text"] for entry in entries] == [[C[:3]], [B[:3]], [A[:3]]]
    for entry in entries:
        assert entry.size == sum(path.stat().st_size for path in entry.folder.iterdir())
        assert entry.used == entry.folder.stat().st_mtime
    cache.find(A)
    assert [entry.folder.name for entry in cache.entries()] == [A, C, B]


def test_a_text_can_be_removed(cache):
    keep(cache, A)
    cache.drop(A)
    cache.drop(B)
    assert cache.find(A) is None
    keep(cache, A)
    assert stored.load(cache.find(A)).types == ("a",)


@pytest.mark.parametrize("damage", [lambda f: f.write_text("{"), lambda f: f.write_text("{}"), Path.unlink])
def test_a_damaged_text_is_listed_and_found_and_can_be_cleared(damage, cache):
    folder = keep(cache, A)
    damage(folder / "header.json")
    (entry,) = cache.entries()
    assert entry.header == {}
    with pytest.raises(stored.Damaged):
        stored.load(cache.find(A))
    cache.clear()
    assert cache.find(A) is None


def test_clearing_returns_what_it_freed_and_leaves_what_is_no_text(cache):
    """Someone may name a folder that holds more than texts, or something else altogether."""
    for key in (A, B):
        keep(cache, key)
    size = sum(entry.size for entry in cache.entries())
    project = cache.folder / "project"
    shutil.copytree(cache.folder / A, project)
    (cache.folder / "header.json").write_text("{}")
    assert {entry.folder.name for entry in cache.entries()} == {A, B}
    assert cache.clear() == size
    assert set(os.listdir(cache.folder)) == {"project", "header.json"}
    assert len(os.listdir(project)) == 4
