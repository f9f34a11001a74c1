"""A text becomes ids once, is found again, and is never taken for another."""

import errno
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from rnn_cli.errors import RnnError
from rnn_cli.machine import available_threads
from rnn_cli.runs import prepare as module
from rnn_cli.runs.events import Notice, Reading
from rnn_cli.runs.prepare import Resources, Splitting, prepare
from rnn_cli.text import decoding
from rnn_cli.text.store.cache import LOCK, Cache
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer

CHAR = Splitting(TOKENIZERS["char"], None, False)
FILES = ["ids", "starts", "characters", "header.json"]


@pytest.fixture
def resources(cache_folder):
    return Resources(Cache(cache_folder), processes=1)


@pytest.fixture
def without():
    return Resources(cache=None)


@pytest.fixture
def prepared(finished):
    """A text, the share of it that was read, and the notices that came with it; nothing is printed."""

    def call(*arguments):
        events, (text, share) = finished(prepare(*arguments))
        assert {type(event) for event in events} <= {Notice, Reading}
        return text, share, [event for event in events if isinstance(event, Notice)]

    return call


@pytest.fixture
def text_of(prepared, capfd):
    """A text, of which there is nothing to be said."""

    def call(*arguments):
        text, _, notices = prepared(*arguments)
        assert notices == []
        assert capfd.readouterr() == ("", "")
        return text

    return call


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """The system's folder for temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def times_split(monkeypatch):
    """A list that grows whenever a text is cut."""
    cut_all, times = module.cut_all, []

    def counting(*arguments):
        times.append(arguments)
        return cut_all(*arguments)

    monkeypatch.setattr(module, "cut_all", counting)
    return times


def same(a, b) -> bool:
    arrays = zip((*vars(a.corpus).values(), a.counts), (*vars(b.corpus).values(), b.counts), strict=True)
    return a[1:2] + a[3:] == b[1:2] + b[3:] and all(np.array_equal(*pair) for pair in arrays)


def kept(cache_folder: Path) -> list[Path]:
    """The texts in a cache, in which nothing else may be."""
    folders = sorted(cache_folder.iterdir()) if cache_folder.exists() else []
    assert all(re.fullmatch("[0-9a-f]{64}", folder.name) for folder in folders)
    return folders


# Once


def test_a_text_is_cut_once(times_split, resources, without, corpus, cache_folder, text_of):
    first, second, plain = (text_of([corpus], CHAR, how) for how in (resources, resources, without))
    assert len(times_split) == 2
    assert same(first, second)
    assert same(first, plain)
    assert len(kept(cache_folder)) == 1


def test_a_text_is_known_by_its_content_under_any_name_and_from_a_pipe(
    times_split, resources, corpus, folder, monkeypatch, text_of
):
    first = text_of([corpus], CHAR, resources)
    shutil.copy(corpus, folder / "copy.md")
    os.utime(folder / "copy.md", (1, 1))
    assert same(text_of(["copy.md"], CHAR, resources), first)
    with open(corpus) as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert same(text_of(["-"], CHAR, resources), first)
    assert len(times_split) == 1


CHANGES = {
    "another tokenizer": lambda splitting, files: (splitting._replace(tokenizer=TOKENIZERS["space"]), files),
    "an encoding": lambda splitting, files: (splitting._replace(encoding="utf-8"), files),
    "blank lines": lambda splitting, files: (splitting._replace(keep_blank=True), files),
    "settings": lambda splitting, files: (
        splitting._replace(tokenizer=make_tokenizer("char", {"normalize": "nfkc"})),
        files,
    ),
    "another order": lambda splitting, files: (splitting, files[::-1]),
    "a file less": lambda splitting, files: (splitting, files[:1]),
    "a file more": lambda splitting, files: (splitting, [*files, files[0]]),
    "other content": lambda splitting, files: (splitting, [files[0], "c.txt"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_the_ids_changes_what_is_found(change, times_split, resources, without, write, text_of):
    write("a.txt", ["one ﬁne day", "", "two"])
    write("b.txt", ["three", " "])
    write("c.txt", ["thref", " "])
    splitting, files = CHAR, ["a.txt", "b.txt"]
    text_of(files, splitting, resources)
    changed, others = change(splitting, files)
    text = text_of(others, changed, resources)
    assert len(times_split) == 2
    assert same(text, text_of(others, changed, without))


def test_words_of_a_users_change_what_is_found(times_split, resources, write, text_of):
    write("corpus.txt", ["他在云计算公司"])
    tokenizers = [TOKENIZERS["jieba"], make_tokenizer("jieba", {"user_dict": [["云计算", None]]})]
    texts = [
        text_of(["corpus.txt"], CHAR._replace(tokenizer=tokenizer), resources) for tokenizer in tokenizers
    ]
    assert len(times_split) == 2
    assert [("云计算" in text.types) for text in texts] == [False, True]


# Nothing but whole texts stays


def test_where_nothing_is_to_be_kept_nothing_is(without, corpus, cache_folder, temporary, english, text_of):
    text = text_of([corpus], CHAR, without)
    assert kept(cache_folder) == []
    assert os.listdir(temporary) == []
    assert (
        "".join(text.types[id - 3] if id > 2 else "\n" for id in text.corpus.ids).split()
        == " ".join(english).split()
    )


@pytest.mark.parametrize("content", [b"good\nb\xffd\n", b"", b" \n"])
def test_of_a_text_that_will_not_do_no_work_stays(
    content, resources, without, folder, cache_folder, temporary, text_of
):
    (folder / "corpus.txt").write_bytes(content)
    for how in (resources, without):
        with pytest.raises(RnnError, match=r"^corpus\.txt: "):
            text_of(["corpus.txt"], CHAR, how)
    assert list(cache_folder.glob("work-*")) == []
    assert os.listdir(temporary) == []


def test_a_file_that_changes_while_it_is_read_is_an_error_and_not_kept(
    resources, without, corpus, english, cache_folder, monkeypatch, text_of
):
    cut_all = module.cut_all

    def slow(tokenizer, blocks, *rest):
        for number, cut in enumerate(cut_all(tokenizer, blocks, *rest)):
            if number == 0:
                with open(corpus, "a") as file:
                    file.write("more\n")
            yield cut

    monkeypatch.setattr(module, "cut_all", slow)
    for how in (resources, without):
        with pytest.raises(RnnError, match=r"^corpus\.txt: changed while it was read: try again$"):
            text_of([corpus], CHAR, how)
    assert kept(cache_folder) == []
    monkeypatch.setattr(module, "cut_all", cut_all)
    text = text_of([corpus], CHAR, resources)
    assert text.corpus.lines == len(english) + 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_is_read_once_and_its_copy_does_not_stay(resources, corpus, folder, cache_folder, text_of):
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=[Path(corpus).read_bytes()])
    writer.start()
    text = text_of(["pipe"], CHAR, resources)
    writer.join()
    assert same(text, text_of([corpus], CHAR, resources))
    assert sorted(os.listdir(*kept(cache_folder))) == sorted(FILES)


def test_of_a_text_of_which_the_beginning_is_enough_no_more_is_read(
    resources, write, english, cache_folder, monkeypatch, prepared
):
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", 100)
    size = write("corpus.txt", english).stat().st_size
    text, share, _ = prepared(["corpus.txt"], CHAR, resources, 300)
    assert share == pytest.approx(300 / size)
    assert 250 <= text.characters <= 400
    assert text.corpus.characters.tolist() == [len(line) + 1 for line in english[: text.corpus.lines]]
    assert kept(cache_folder) == []
    text, share, _ = prepared(["corpus.txt"], CHAR, resources, size)
    assert (text.corpus.lines, share) == (len(english), 1)
    assert len(kept(cache_folder)) == 1


def test_of_a_long_line_the_beginning_is_a_line(resources, write, monkeypatch, text_of):
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", 100)
    monkeypatch.setattr("rnn_cli.text.reading.LONGEST", 100)
    write("corpus.txt", ["word " * 1000])
    text = text_of(["corpus.txt"], CHAR, resources, 1000)
    assert text.corpus.lines == 1
    assert text.corpus.starts[-1] == len(text.corpus.ids) == text.longest
    assert 1000 <= text.characters <= 1300


def test_runs_at_the_same_time_do_not_disturb_each_other(process, rnn, corpus, cache_folder):
    said = []
    runs = [
        threading.Thread(target=lambda: said.append(process("vocab", corpus, "--tokenizer", "char")))
        for _ in range(2)
    ]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert {(each.returncode, each.stderr) for each in said} == {(0, "")}
    assert {each.stdout for each in said} == {rnn("vocab", corpus, "--tokenizer", "char").out}
    assert len(kept(cache_folder)) == 1


# Damage


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, shorten, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_text_is_told_in_a_line_and_read_again(
    name, damage, resources, corpus, cache_folder, prepared, text_of
):
    before = text_of([corpus], CHAR, resources)
    (folder,) = kept(cache_folder)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    damage(folder / name)
    after, _, (notice,) = prepared([corpus], CHAR, resources)
    assert notice.text.startswith(f"{folder}: ")
    assert notice.text.endswith(": the text is read again")
    assert notice.is_warning
    assert kept(cache_folder) == [folder]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert same(text_of([corpus], CHAR, resources), after)
    assert after.counts.tolist() == before.counts.tolist()


def test_an_empty_folder_in_place_of_a_text_is_read_again(resources, corpus, cache_folder, prepared, text_of):
    before = text_of([corpus], CHAR, resources)
    (folder,) = kept(cache_folder)
    shutil.rmtree(folder)
    folder.mkdir()
    after, _, notices = prepared([corpus], CHAR, resources)
    assert same(after, before)
    assert len(notices) == 1


# A cache that cannot be used


@pytest.mark.parametrize("place", ["itself", "above"])
def test_a_cache_that_cannot_be_written_is_told_in_a_warning_and_done_without(
    place, resources, without, corpus, cache_folder, prepared, text_of, temporary
):
    file = cache_folder if place == "itself" else cache_folder.parent
    if place == "above":
        file.rmdir()
    file.write_text("a file")
    text, _, (notice,) = prepared([corpus], CHAR, resources)
    assert notice.text.startswith(f"{cache_folder}: ")
    assert "--cache-dir" in notice.text
    assert notice.is_warning
    assert same(text, text_of([corpus], CHAR, without))
    assert file.read_text() == "a file"
    assert os.listdir(temporary) == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="a folder that root may not write"
)
def test_a_folder_without_the_right_to_write_is_done_without(resources, corpus, cache_folder, prepared):
    cache_folder.mkdir()
    cache_folder.chmod(0o500)
    _, _, (notice,) = prepared([corpus], CHAR, resources)
    assert "Permission denied: the text is not kept" in notice.text


LITTLE_ROOM = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from rnn_cli.cli.app import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit here")
def test_where_there_is_no_room_for_the_text_that_is_said(write, english, cache_folder, one_line):
    write("corpus.txt", english * 10)
    command = [sys.executable, "-c", LITTLE_ROOM, "vocab", "corpus.txt", "--tokenizer", "char"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    warning, error = done.stderr.splitlines()
    assert warning.startswith(f"rnn: warning: {cache_folder}: File too large: the text is not kept (")
    message = one_line(error + "\n")
    assert "File too large: no place for the text as ids" in message
    assert "--cache-dir or TMPDIR" in message
    assert kept(cache_folder) == []


def full_below(monkeypatch, folder, count):
    """Let the disk of a folder be full after so many writes there."""
    written = [0]

    class Full(io.FileIO):
        def write(self, data):
            written[0] += 1
            if written[0] > count:
                super().write(memoryview(data)[:1])  # as a disk does that is nearly full
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    real = open

    def opened(path, mode="r", *rest, **more):
        is_there = str(path).startswith(str(folder)) and os.path.basename(path) != LOCK
        return (
            Full(path, mode) if is_there and ("w" in mode or "a" in mode) else real(path, mode, *rest, **more)
        )

    monkeypatch.setattr("builtins.open", opened)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
@pytest.mark.parametrize("is_piped", [False, True], ids=["a file", "a pipe"])
def test_a_cache_whose_disk_is_full_is_told_in_a_warning_and_done_without(
    count, is_piped, resources, without, corpus, cache_folder, prepared, text_of, temporary, monkeypatch
):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 100)
    expected = text_of([corpus], CHAR, without)
    paths = ["-"] if is_piped else [corpus]
    with open(corpus) as piped, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", piped)
        full_below(patch, cache_folder, count)
        text, _, (notice,) = prepared(paths, CHAR, resources)
        assert same(text, expected)
    assert notice.text == (
        f"{cache_folder}: No space left on device: the text is not kept (--cache-dir names a folder)"
    )
    assert notice.is_warning
    assert os.listdir(cache_folder) == os.listdir(temporary) == []


def test_progress_and_the_part_that_is_enough_are_counted_anew_where_the_cache_fails(
    resources, without, corpus, cache_folder, finished, monkeypatch
):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 100)
    size = os.path.getsize(corpus)
    for limit in (None, size // 2):
        with monkeypatch.context() as patch:
            full_below(patch, cache_folder, 5)
            events, (text, _) = finished(prepare([corpus], CHAR, resources, limit))
        done = [event.done for event in events if isinstance(event, Reading)]
        assert done[-1] <= size
        assert same(text, finished(prepare([corpus], CHAR, without, limit))[1][0])


def test_reading_is_told_by_the_bytes_that_are_read(finished, without, write, english, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", 100)
    size = write("corpus.txt", english).stat().st_size
    events, _ = finished(prepare(["corpus.txt"], CHAR, without))
    done = [event.done for event in events]
    assert len(done) > 2
    assert done == sorted(done)
    assert done[-1] == size
    assert {event.total for event in events} == {size}


def test_a_terminal_is_told_that_it_is_read(prepared, without, corpus, monkeypatch):
    with open(corpus) as typed:
        monkeypatch.setattr("sys.stdin", typed)
        monkeypatch.setattr(typed, "isatty", lambda: True, raising=False)
        _, _, (notice,) = prepared(["-"], CHAR, without)
    assert notice == Notice("reading standard input; Ctrl-D ends it")


def test_the_resources_of_a_user_are_the_cache_and_all_cores(cache_folder, tmp_path):
    usual = Resources.of_user()
    assert usual.cache.folder == cache_folder
    assert usual.processes == available_threads()
    assert usual.max_memory is None
    other = Resources.of_user(tmp_path / "there", threads=3, max_memory=1 << 30)
    assert (other.cache.folder, other.processes, other.max_memory) == (tmp_path / "there", 3, 1 << 30)
    assert Resources.of_user(use_cache=False).cache is None
