"""rnn page: the file that it writes, and what it refuses."""

import re
from dataclasses import replace

import pytest

from rnn_cli import LanguageModel, storage


def test_a_page_is_written_and_its_size_told(rnn, models, folder):
    said = rnn("page", "--model", models["char"])
    page = (folder / "page.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "<h1>char</h1>" in page
    assert said.out == ""
    assert re.fullmatch(r"wrote page\.html: 0\.\d MB; open it in a browser\n", said.err)


def test_text_title_log_and_ngrams_stand_in_the_page(rnn, train, corpus, write, english, folder):
    train(corpus, "--log", "log.jsonl", "--batch", "4", "--bptt", "5", "--quiet")
    write("valid.txt", english[:9])
    options = ["--model", "m.npz", "--title", "Anna", "--text", corpus, "--valid", "valid.txt"]
    rnn("page", *options, "--log", "log.jsonl", "--out", "a.html")
    page = (folder / "a.html").read_text("utf-8")
    assert "<h1>Anna</h1>" in page
    for told in (english[0], '"gradient_norm":', '"sample":'):
        assert told in page
    assert re.search(r'"ngram":\d\.\d', page)


def test_an_exact_page_is_larger(rnn, train, corpus, folder):
    train(corpus, "--hidden", "400", "--epochs", "1", "--cell", "tanh", "--quiet")
    rnn("page", "--model", "m.npz", "--out", "a.html")
    rnn("page", "--model", "m.npz", "--out", "b.html", "--exact")
    rounded, whole = ((folder / name).stat().st_size for name in ("a.html", "b.html"))
    assert whole - rounded > 400 * 400


def test_nothing_is_overwritten_without_force(rnn, fails, models, folder):
    (folder / "page.html").write_text("mine")
    assert "page.html already exists" in fails(2, "page", "--model", models["char"])
    rnn("page", "--model", models["char"], "--force")
    assert (folder / "page.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("option", ["--text", "--log"])
def test_a_page_does_not_replace_what_it_is_made_of(option, fails, models, write):
    write("a.txt", ["a"])
    message = fails(2, "page", "--model", models["char"], option, "a.txt", "--out", "a.txt", "--force")
    assert "also read or written here" in message


def test_a_model_of_labels_has_a_page_without_what_is_of_language_models(rnn, fails, model_of_labels, corpus):
    rnn("page", "--model", model_of_labels)
    options = ["page", "--model", model_of_labels, "--out", "a.html", "--text", corpus]
    assert "--valid is for language models" in fails(2, *options, "--valid", corpus)
    assert "--top-words is for language models" in fails(2, *options, "--top-words", "9")


def test_an_n_gram_model_needs_a_text_to_count(fails, models, corpus):
    message = fails(2, "page", "--model", models["char"], "--valid", corpus)
    assert message == "--valid needs --text, to count the n-grams on"


def test_a_log_that_is_none_is_refused(fails, models, corpus):
    assert "not a log of rnn" in fails(1, "page", "--model", models["char"], "--log", corpus)


def test_epochs_after_the_best_are_in_the_page_where_the_training_state_is_there(rnn, models, folder):
    model = LanguageModel.load(models["char"])
    epochs = [{"train_loss": 3.25, "valid_loss": 3.5}]
    replace(model, history={"epoch": 1, "epochs": epochs}).save(folder / "m.npz")
    storage.save(folder / "m.state.npz", {}, {"position": {"curve": [[3.25, 3.5], [3.125, 3.75]]}})
    rnn("page", "--model", "m.npz")
    page = (folder / "page.html").read_text("utf-8")
    assert re.search(r'"epoch":2,"train_loss":3\.125,"valid_loss":3\.75.*"best":1', page)
