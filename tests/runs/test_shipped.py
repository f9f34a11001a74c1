"""The texts that come with rnn, and which of them a run reads."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_cli import Resources, Settings
from rnn_cli.errors import RnnError
from rnn_cli.runs.beginning import prepare
from rnn_cli.runs.events import Notice
from rnn_cli.runs.shipped import LOCALE, corpus_paths, refuse_misspelled, shipped_corpora, usual_corpus


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "chinese"),
        ({"LANG": "zh_TW"}, "chinese"),
        ({"LANG": "ZH_cn"}, "chinese"),
        ({"LANGUAGE": "zh:en"}, "chinese"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "chinese"),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "chinese"),  # what is empty is not set
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "english"),
        ({"LC_ALL": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN", "LANGUAGE": "zh"}, "english"),
        ({"LC_CTYPE": "zh_CN.UTF-8"}, "english"),  # how bytes are read is not a language
        ({"LANG": "C.UTF-8"}, "english"),
        ({"LANG": "de_DE.UTF-8"}, "english"),
        ({"RNN_LANG": "zh", "LANG": "C.UTF-8"}, "chinese"),  # as the messages
        ({"RNN_LANG": "en", "LANG": "zh_CN.UTF-8"}, "english"),
        ({}, "english"),
    ],
)
def test_the_text_is_in_the_language_of_the_locale(environment, name):
    assert usual_corpus(environment) == name
    assert corpus_paths([], environment) == [shipped_corpora()[name]]


def test_each_that_comes_with_rnn_goes_by_its_name():
    shipped = shipped_corpora()
    assert list(shipped) == ["chinese", "english"]
    assert corpus_paths(["english", "chinese"]) == [shipped["english"], shipped["chinese"]]
    assert all(Path(path).is_file() for path in shipped.values())


def test_a_file_a_folder_or_a_broken_link_of_such_a_name_wins():
    Path("chinese").write_text("mine\n", encoding="utf-8")
    Path("english").mkdir()
    assert corpus_paths(["chinese", "english"]) == ["chinese", "english"]
    Path("chinese").unlink()
    Path("chinese").symlink_to("nowhere")
    assert corpus_paths(["chinese"]) == ["chinese"]


@pytest.mark.parametrize("path", ["-", "", "chinese.txt", "corpora/english", "./english", "Chinese", "other"])
def test_no_other_name_means_one(path):
    assert corpus_paths([path]) == [path]


@pytest.mark.parametrize("name", ["chinese", "english"])
def test_each_is_of_the_size_that_the_preset_small_is_for_and_nearly_all_of_it_is_known(name, finished):
    _, beginning = finished(prepare(Path("m.npz"), Settings(corpus=[name]), Resources()))
    run = beginning.run
    assert run.settings.preset == "small"  # the recipe of its size is enough: nothing is special about it
    assert 8000 < run.data.train.lines + run.data.valid.lines < 10_000
    assert run.data.train.unknown / run.data.train.tokens < 0.005


@pytest.mark.parametrize(("name", "letters"), [("chinese", "[\u4e00-\u9fff]"), ("english", "[A-Za-z]")])
def test_each_is_one_language_in_whole_sentences(name, letters):
    lines = Path(shipped_corpora()[name]).read_text(encoding="utf-8").splitlines()
    sentence = re.compile(rf"({letters}|[ ,'，。！？!?.])+[.!?。！？]")
    assert [line for line in lines if not sentence.fullmatch(line)] == []
    assert max(map(len, lines)) < 120


def test_a_run_holds_the_text_that_it_began_with_whatever_the_locale_is_later(monkeypatch, finished):
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    events, beginning = finished(prepare(Path("m.npz"), Settings(), Resources(), limit=4000))
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert beginning.run.settings.corpus == (shipped_corpora()["chinese"],)
    [said] = [each.text for each in events if isinstance(each, Notice)]
    assert "chinese" in said
    assert "rnn train english" in said


def test_nothing_is_said_of_a_text_that_was_named(finished):
    events, beginning = finished(
        prepare(Path("m.npz"), Settings(corpus=["english"]), Resources(), limit=4000)
    )
    assert not [each for each in events if isinstance(each, Notice)]
    assert beginning.run.settings.corpus == (shipped_corpora()["english"],)


@pytest.mark.parametrize(
    ("name", "meant"), [("englsh", "english"), ("chinse", "chinese"), ("a/english.txt", "english")]
)
def test_a_misspelled_name_is_refused_with_the_right_one(name, meant, folder):
    with pytest.raises(RnnError, match=f"{name}: no such file .did you mean {meant}"):
        refuse_misspelled([name])
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("a file of this name\n")
    refuse_misspelled([name, "english", "-", "book.txt"])


def test_a_misspelled_file_is_refused_with_the_one_in_its_folder(folder):
    (folder / "texts").mkdir()
    (folder / "texts" / "shop.txt").write_text("a\n")
    with pytest.raises(RnnError, match=r"texts/shoop.txt: no such file .did you mean texts/shop.txt\?"):
        refuse_misspelled(["texts/shoop.txt"])
    refuse_misspelled(["texts/another.txt", "nowhere/shop.txt", "texts/shop.txt"])


def test_a_python_that_was_started_in_a_clone_finds_the_texts_of_the_clone(tmp_path):
    root = Path(__file__).parents[2]
    shutil.copytree(root / "rnn_cli", tmp_path / "rnn_cli")
    shutil.copytree(root / "corpora", tmp_path / "corpora")
    program = (
        "import sys; sys.meta_path = [each for each in sys.meta_path if 'Editable' not in str(each)]; "
        "from rnn_cli.runs.shipped import shipped_corpora; print(shipped_corpora())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert f"'english': '{tmp_path}/corpora/english.txt'" in done.stdout, done.stderr
