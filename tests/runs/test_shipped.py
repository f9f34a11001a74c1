"""The texts that come with rnn, and which of them a run reads."""

from pathlib import Path

import pytest

from rnn_cli import Resources, Settings
from rnn_cli.runs.beginning import prepare
from rnn_cli.runs.events import Notice
from rnn_cli.runs.shipped import LOCALE, corpus_paths, shipped_corpora, usual_corpus


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
