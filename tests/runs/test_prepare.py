"""A text becomes ids once, is found again, and is never taken for another."""

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
from rnn_cli.runs import prepare as module
from rnn_cli.runs.prepare import Cutting, Means, prepare
from rnn_cli.text.store.cache import Cache
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer

CHAR = Cutting(TOKENIZERS["char"], None, False)
FILES = ["ids", "starts", "characters", "header.json"]


@pytest.fixture
def means(cache_folder):
    return Means(Cache(cache_folder), processes=1)


@pytest.fixture
def without(means):
    return means._replace(cache=None)


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """The system's folder for temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def times_cut(monkeypatch):
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


def test_a_text_is_cut_once(times_cut, means, without, corpus, cache_folder):
    first, second, plain = (prepare([corpus], CHAR, how)[0] for how in (means, means, without))
    assert len(times_cut) == 2
    assert same(first, second)
    assert same(first, plain)
    assert len(kept(cache_folder)) == 1


def test_a_text_is_known_by_its_content_under_any_name_and_from_a_pipe(
    times_cut, means, corpus, folder, monkeypatch
):
    first, _ = prepare([corpus], CHAR, means)
    shutil.copy(corpus, folder / "copy.md")
    os.utime(folder / "copy.md", (1, 1))
    assert same(prepare(["copy.md"], CHAR, means)[0], first)
    with open(corpus) as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert same(prepare(["-"], CHAR, means)[0], first)
    assert len(times_cut) == 1


CHANGES = {
    "another tokenizer": lambda cutting, files: (cutting._replace(tokenizer=TOKENIZERS["space"]), files),
    "an encoding": lambda cutting, files: (cutting._replace(encoding="utf-8"), files),
    "blank lines": lambda cutting, files: (cutting._replace(keep_blank=True), files),
    "settings": lambda cutting, files: (
        cutting._replace(tokenizer=make_tokenizer("char", {"normalize": "nfkc"})),
        files,
    ),
    "another order": lambda cutting, files: (cutting, files[::-1]),
    "a file less": lambda cutting, files: (cutting, files[:1]),
    "a file more": lambda cutting, files: (cutting, [*files, files[0]]),
    "other content": lambda cutting, files: (cutting, [files[0], "c.txt"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_the_ids_changes_what_is_found(change, times_cut, means, without, write):
    write("a.txt", ["one ﬁne day", "", "two"])
    write("b.txt", ["three", " "])
    write("c.txt", ["thref", " "])
    cutting, files = CHAR, ["a.txt", "b.txt"]
    prepare(files, cutting, means)
    changed, others = change(cutting, files)
    text, _ = prepare(others, changed, means)
    assert len(times_cut) == 2
    assert same(text, prepare(others, changed, without)[0])


def test_words_of_a_users_change_what_is_found(times_cut, means, write):
    write("corpus.txt", ["他在云计算公司"])
    tokenizers = [TOKENIZERS["jieba"], make_tokenizer("jieba", {"user_dict": [["云计算", None]]})]
    texts = [
        prepare(["corpus.txt"], CHAR._replace(tokenizer=tokenizer), means)[0] for tokenizer in tokenizers
    ]
    assert len(times_cut) == 2
    assert [("云计算" in text.types) for text in texts] == [False, True]


# Nothing but whole texts stays


def test_where_nothing_is_to_be_kept_nothing_is(without, corpus, cache_folder, temporary, english):
    text, _ = prepare([corpus], CHAR, without)
    assert kept(cache_folder) == []
    assert os.listdir(temporary) == []
    assert (
        "".join(text.types[id - 3] if id > 2 else "\n" for id in text.corpus.ids).split()
        == " ".join(english).split()
    )


@pytest.mark.parametrize("content", [b"good\nb\xffd\n", b"", b" \n"])
def test_of_a_text_that_will_not_do_no_work_stays(content, means, without, folder, cache_folder, temporary):
    (folder / "corpus.txt").write_bytes(content)
    for how in (means, without):
        with pytest.raises(RnnError, match=r"^corpus\.txt: "):
            prepare(["corpus.txt"], CHAR, how)
    assert list(cache_folder.glob("work-*")) == []
    assert os.listdir(temporary) == []


def test_a_file_that_changes_while_it_is_read_is_an_error_and_not_kept(
    means, without, corpus, english, cache_folder, monkeypatch
):
    cut_all = module.cut_all

    def slow(tokenizer, blocks, *rest):
        for number, cut in enumerate(cut_all(tokenizer, blocks, *rest)):
            if number == 0:
                with open(corpus, "a") as file:
                    file.write("more\n")
            yield cut

    monkeypatch.setattr(module, "cut_all", slow)
    for how in (means, without):
        with pytest.raises(RnnError, match=r"^corpus\.txt: changed while it was read: try again$"):
            prepare([corpus], CHAR, how)
    assert kept(cache_folder) == []
    monkeypatch.setattr(module, "cut_all", cut_all)
    text, _ = prepare([corpus], CHAR, means)
    assert text.corpus.lines == len(english) + 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_is_read_once_and_its_copy_does_not_stay(means, corpus, folder, cache_folder):
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=[Path(corpus).read_bytes()])
    writer.start()
    text, _ = prepare(["pipe"], CHAR, means)
    writer.join()
    assert same(text, prepare([corpus], CHAR, means)[0])
    assert sorted(os.listdir(*kept(cache_folder))) == sorted(FILES)


def test_of_a_text_of_which_the_beginning_is_enough_no_more_is_read(
    means, write, english, cache_folder, monkeypatch
):
    monkeypatch.setattr("rnn_cli.text.reading.BLOCK_BYTES", 100)
    size = write("corpus.txt", english).stat().st_size
    text, share = prepare(["corpus.txt"], CHAR, means._replace(most=300))
    assert share == pytest.approx(300 / size)
    assert 250 <= text.characters <= 400
    assert text.corpus.characters.tolist() == [len(line) + 1 for line in english[: text.corpus.lines]]
    assert kept(cache_folder) == []
    text, share = prepare(["corpus.txt"], CHAR, means._replace(most=size))
    assert (text.corpus.lines, share) == (len(english), 1)
    assert len(kept(cache_folder)) == 1


def test_of_a_long_line_the_beginning_is_a_line(means, write, monkeypatch):
    for name in ("BLOCK_BYTES", "LONGEST"):
        monkeypatch.setattr(f"rnn_cli.text.reading.{name}", 100)
    write("corpus.txt", ["word " * 1000])
    text, _ = prepare(["corpus.txt"], CHAR, means._replace(most=1000))
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
def test_a_damaged_text_is_told_in_a_line_and_made_anew(name, damage, means, corpus, cache_folder, capsys):
    before, _ = prepare([corpus], CHAR, means)
    (folder,) = kept(cache_folder)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    damage(folder / name)
    after, _ = prepare([corpus], CHAR, means)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{folder}: ")
    assert line.endswith(": the text is read anew")
    assert kept(cache_folder) == [folder]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert same(prepare([corpus], CHAR, means)[0], after)
    assert capsys.readouterr().err == ""
    assert after.counts.tolist() == before.counts.tolist()


def test_an_empty_folder_in_place_of_a_text_is_made_anew(means, corpus, cache_folder, capsys):
    before, _ = prepare([corpus], CHAR, means)
    (folder,) = kept(cache_folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert same(prepare([corpus], CHAR, means)[0], before)
    assert len(capsys.readouterr().err.splitlines()) == 1


# A cache that cannot be used


@pytest.mark.parametrize("place", ["itself", "above"])
def test_a_cache_that_cannot_be_written_is_told_in_a_warning_and_done_without(
    place, means, without, corpus, cache_folder, capsys, temporary
):
    file = cache_folder if place == "itself" else cache_folder.parent
    if place == "above":
        file.rmdir()
    file.write_text("a file")
    text, _ = prepare([corpus], CHAR, means)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"rnn: warning: {cache_folder}: ")
    assert "--cache-dir" in line
    assert same(text, prepare([corpus], CHAR, without)[0])
    assert file.read_text() == "a file"
    assert os.listdir(temporary) == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="a folder that root may not write"
)
def test_a_folder_without_the_right_to_write_is_done_without(means, corpus, cache_folder, capsys):
    cache_folder.mkdir()
    cache_folder.chmod(0o500)
    prepare([corpus], CHAR, means)
    assert "Permission denied: the text is not kept" in capsys.readouterr().err


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
    message = one_line(done.stderr)
    assert message.startswith(str(cache_folder))
    assert "File too large" in message
    assert "--cache-dir" in message
    assert kept(cache_folder) == []
