"""rnn cache, and what --cache-dir and --no-cache do: a run is the same with and without what was kept."""

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest

CHAR = ("--tokenizer", "char")


@pytest.fixture
def same(read_npz):
    """Whether two models are the same, number for number."""

    def call(*names: str) -> bool:
        a, b = map(read_npz, names)
        return a.header["vocabulary"] == b.header["vocabulary"] and all(
            np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays
        )

    return call


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# A run and what was kept


@pytest.mark.parametrize("carry", [(), ("--carry-state",)])
def test_a_model_is_the_same_from_a_kept_text_from_a_damaged_one_and_without(
    carry, train, corpus, same, cache_folder
):
    options = [corpus, "--log", "log.jsonl", *carry]
    first = train(*options, model="first.npz")
    again = train(*options, model="again.npz")
    (ids,) = cache_folder.glob("*/ids")
    ids.write_bytes(ids.read_bytes()[::-1])
    damaged = train(*options, "--quiet", model="damaged.npz")
    without = train(*options, "--quiet", "--no-cache", model="without.npz")
    assert same("first.npz", "again.npz")
    assert same("first.npz", "damaged.npz")
    assert same("first.npz", "without.npz")
    told = [re.sub(r"\d[\d,.]*", "1", said.err).replace("again.npz", "first.npz") for said in (first, again)]
    assert told[0] == told[1]
    assert [len(said.err.splitlines()) for said in (damaged, without)] == [1, 0]
    assert "the text is read again" in damaged.err


@pytest.mark.parametrize("options", [(), ("--no-cache",)])
def test_a_run_goes_on_when_its_text_is_no_longer_kept(options, train, rnn, corpus, same):
    train(corpus, "--quiet", model="kept.npz")
    train(corpus, "--quiet", model="cleared.npz")
    train("--resume", "--epochs", "3", "--quiet", model="kept.npz")
    rnn("cache", "--clear")
    train("--resume", "--epochs", "3", "--quiet", *options, model="cleared.npz")
    assert same("kept.npz", "cleared.npz")


def test_one_text_serves_runs_of_many_kinds(train, rnn, corpus, cache_folder):
    train(corpus, "--quiet", "--hidden", "4")
    train(corpus, "--quiet", "--force", "--seed", "7", "--min-count", "9", "--valid-fraction", "0.3")
    rnn("vocab", corpus, *CHAR)
    assert len(list(cache_folder.iterdir())) == 1
    train(corpus, "--quiet", "--force", "--carry-state")
    assert len(list(cache_folder.iterdir())) == 2


def test_a_text_to_validate_on_is_kept_too(train, write, corpus, english, cache_folder):
    write("valid.txt", english[:5])
    train(corpus, "--valid", "valid.txt", "--quiet")
    assert len(list(cache_folder.iterdir())) == 2


@pytest.mark.parametrize("command", [("vocab",), ("train", "--epochs", "1", "--hidden", "4", "--quiet")])
def test_without_a_cache_nothing_stays(command, rnn, corpus, folder, cache_folder, tmp_path_factory):
    home = cache_folder.parent
    rnn(*command, corpus, *CHAR, "--no-cache")
    rnn(*command, corpus, *CHAR, "--no-cache", "--cache-dir", "kept", *(("--force",) * ("train" in command)))
    assert files_below(home) == []
    assert not (folder / "kept").exists()


def test_the_cache_can_be_elsewhere(rnn, corpus, folder, cache_folder):
    rnn("vocab", corpus, *CHAR, "--cache-dir", "of/mine")
    assert not cache_folder.exists()
    assert len(files_below(folder / "of" / "mine")) == 4
    assert "corpus.txt" in rnn("cache", "--cache-dir", "of/mine").out
    assert rnn("cache").out == ""


def test_a_cache_that_cannot_be_used_costs_a_warning(train, corpus, folder, same):
    (folder / "file").write_text("a file")
    said = train(corpus, "--quiet", "--cache-dir", "file")
    assert said.err.startswith("rnn: warning: file: ")
    assert len(said.err.splitlines()) == 1
    train(corpus, "--quiet", model="plain.npz")
    assert same("m.npz", "plain.npz")


def test_without_a_folder_for_caches_it_is_in_the_users_home(rnn, corpus, monkeypatch, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(home))
    rnn("vocab", corpus, *CHAR)
    assert len(files_below(home / ".cache" / "rnn")) == 4
    assert str(home / ".cache" / "rnn") in rnn("cache").err


def test_a_user_without_a_home_keeps_nothing(rnn, fails, corpus, folder, monkeypatch):
    def home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", home)
    assert rnn("vocab", corpus, *CHAR).err == ""
    assert "--cache-dir" in fails(1, "cache")
    rnn("vocab", corpus, *CHAR, "--cache-dir", "kept")
    assert len(files_below(folder / "kept")) == 4


# rnn cache


def test_the_texts_are_listed_the_last_used_first(rnn, write, corpus, english, cache_folder):
    write("诗.txt", ["床前明月光"])
    write("a b.txt", ["more"])
    rnn("vocab", corpus, *CHAR)
    rnn("vocab", "诗.txt", "a b.txt", "--tokenizer", "space", "--min-count", "1")
    for entry in cache_folder.iterdir():
        os.utime(entry, (1, 1) if b"corpus" in (entry / "header.json").read_bytes() else None)
    said = rnn("cache")
    first, second = said.out.splitlines()
    assert re.fullmatch(r" +0\.0 MB  \d{4}-\d\d-\d\d \d\d:\d\d  space   诗\.txt, a b\.txt", first)
    assert re.fullmatch(r" +0\.0 MB  (1969|1970)-\d\d-\d\d \d\d:\d\d  char    corpus\.txt", second)
    assert said.err.startswith(f"{cache_folder}: 2 texts, 0.0 MB")
    rnn("vocab", corpus, *CHAR)
    assert rnn("cache").out.splitlines()[0].endswith("corpus.txt")
    assert time.strftime("%Y-%m-%d") in rnn("cache").out.splitlines()[0]


def test_clearing_deletes_the_texts_and_tells_how_much(rnn, write, corpus, cache_folder):
    write("long.txt", ["word " * 100_000])
    rnn("vocab", "long.txt", *CHAR)
    (cache_folder / "notes").write_text("mine")
    said = rnn("cache", "--clear")
    assert (said.out, said.err) == ("", f"{cache_folder}: 1.0 MB deleted\n")
    assert files_below(cache_folder) == ["notes"]
    said = rnn("cache")
    assert (said.out, said.err) == ("", f"{cache_folder}: 0 texts, 0.0 MB\n")


def test_a_cache_that_is_not_there_yet_is_empty(rnn, cache_folder):
    assert rnn("cache").out == ""
    assert rnn("cache", "--clear").err == f"{cache_folder}: 0.0 MB deleted\n"
    assert not cache_folder.exists()


def test_a_damaged_text_is_listed_as_such_and_can_be_cleared(rnn, corpus, cache_folder):
    for damage in ("{}", "[]", "{", '{"text": 3, "tokenizer": []}', None):
        rnn("vocab", corpus, *CHAR)
        (header,) = cache_folder.glob("*/header.json")
        if damage is None:
            header.unlink()
        else:
            header.write_text(damage)
        assert rnn("cache").out.endswith("  damaged\n")
    rnn("cache", "--clear")
    assert files_below(cache_folder) == []


def test_names_of_files_cannot_command_the_terminal(rnn, write):
    write("a\x1b[31m\n.txt", ["text of more words"])
    rnn("vocab", "a\x1b[31m\n.txt", *CHAR)
    (line,) = rnn("cache").out.splitlines()
    assert line.endswith(r"a\x1b[31m\n.txt")
