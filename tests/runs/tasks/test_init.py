"""--init for tasks on pairs: runs that begin from a language model, or from a model of the same task."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from few_pairs import TASKS

from rnn_cli import RnnError, Settings, Trainer, UsageError
from rnn_cli.models.loading import load
from rnn_cli.runs.events import Notice
from rnn_cli.text.vocabulary import SPECIAL

LANGUAGE = {"hidden": 6, "embedding": 5, "cell": "lstm", "layers": 2, "epochs": 1, "threads": 1, "batch": 8}
ENCODERS = ("classify", "rate", "tag", "translate")
STILL = {"lr": 0.0, "weight_decay": 0.0, "epochs": 1}  # the parameters stay as they begin


@pytest.fixture
def begin(folder):
    """Begin a run of a task on its few pairs or on other lines, and go on to its end; -> its notices."""

    def call(task, model="m.npz", lines=None, **settings):
        own, small = TASKS[task]
        small = {
            name: value for name, value in small.items() if name not in ("hidden", "embedding", "tokenizer")
        }
        settings = small | ({} if "init" in settings else TASKS[task][1]) | settings
        (folder / "p.tsv").write_text("\n".join(lines or own) + "\n", encoding="utf-8")
        events = [*Trainer.begin(Settings(corpus=["p.tsv"], task=task, **settings), model, force=True)]
        return [event.text for event in events if isinstance(event, Notice)]

    return call


@pytest.fixture
def language(folder):
    """Train lm.npz on the texts of the few pairs of a task."""

    def call(task, **settings):
        lines, _ = TASKS[task]
        column = 1 if task == "generate" else 0
        (folder / "t.txt").write_text("".join(f"{line.split(chr(9))[column]}\n" for line in lines))
        tokenizer = {"tokenizer": "char" if task == "generate" else "space"}
        [*Trainer.begin(Settings(corpus=["t.txt"], **LANGUAGE | tokenizer | settings), "lm.npz", force=True)]
        return load("lm.npz")

    return call


def encoder_of(model):
    return model.network.encoder


@pytest.mark.parametrize("task", ENCODERS)
def test_the_embedding_and_the_cells_of_a_language_model_are_those_of_the_encoder(task, begin, language):
    lm = language(task)
    begin(task, init="lm.npz", **STILL)
    model, encoder = load("m.npz"), encoder_of(load("m.npz"))
    assert (encoder.n, encoder.cell, encoder.layers, encoder.embedding) == (6, "lstm", 2, 5)
    assert model.lexicon.vocabulary == lm.lexicon.vocabulary
    for ours, theirs in (("C", "C"), ("U", "U"), ("W", "W"), ("W2", "W2"), ("W2_rev", "W2"), ("U_rev", "U")):
        assert np.array_equal(model.p[ours], lm.p[theirs]), ours


def test_a_model_of_texts_from_a_label_has_the_whole_language_model(begin, language):
    lm = language("generate", tie=True, embedding=None)
    begin("generate", init="lm.npz", **STILL)
    model = load("m.npz")
    assert all(np.array_equal(model.p[name], array) for name, array in lm.p.items())
    assert model.network.language.beside


@pytest.mark.parametrize("task", TASKS)
def test_a_model_of_the_same_task_goes_on_as_a_whole(task, begin):
    begin(task, "first.npz")
    begin(task, init="first.npz", **STILL)
    first, model = load("first.npz"), load("m.npz")
    assert model.p.keys() == first.p.keys()
    assert all(np.array_equal(model.p[name], array) for name, array in first.p.items())
    assert model.network == first.network
    assert model.lexicon == first.lexicon


@pytest.mark.parametrize("task", TASKS)
def test_the_vocabulary_grows_by_what_is_new_and_the_old_tokens_keep_their_weights(task, begin):
    begin(task, "first.npz")
    lines = TASKS[task][0]
    column = 1 if task == "generate" else 0
    new = [line.split("\t") for line in lines[:30]]
    for row in new:
        row[column] += " z" if task != "tag" else ""
        if task == "tag":
            row[0], row[1] = f"{row[0]} z", f"{row[1]} O"
        if task == "translate":
            row[1] = f"y {row[1]}"
    told = begin(task, init="first.npz", grow=True, lines=[*lines, *map("\t".join, new)], **STILL)
    first, model = load("first.npz"), load("m.npz")
    assert "z" in model.lexicon.vocabulary.ids
    assert any("the vocabulary of first.npz grows by" in line for line in told)
    assert (
        model.lexicon.vocabulary.tokens[: first.lexicon.vocabulary.size - 3]
        == first.lexicon.vocabulary.tokens
    )
    for name, old in first.p.items():
        new = model.p[name]
        assert np.array_equal(new[tuple(slice(length) for length in old.shape)], old), name
        if new.shape != old.shape and new.ndim == 2:  # a table, or V: the mean of the old tokens
            axis = int(new.shape[0] == old.shape[0])
            mean = old.take(range(SPECIAL, old.shape[axis]), axis).mean(axis)
            assert np.allclose(new.take(-1, axis), mean, atol=1e-6), name
    if task == "translate":
        assert "y" in model.target.vocabulary.ids


def test_a_run_from_a_language_model_goes_on_after_a_stop_without_its_file(begin, language, folder):
    language("classify")
    begin("classify", "whole.npz", init="lm.npz", epochs=2)
    trainer = Trainer.begin(
        Settings(
            corpus=["p.tsv"],
            task="classify",
            init="lm.npz",
            batch=8,
            epochs=2,
            threads=1,
            lr=0.02,
            dropout=0.1,
        )
    )
    for event in trainer:
        if type(event).__name__ == "StepDone" and event.step == 3:
            trainer.stop()
    (folder / "lm.npz").unlink()
    [*Trainer.resume()]
    whole, resumed = load("whole.npz"), load("model.npz")
    assert all(np.array_equal(whole.p[name], resumed.p[name]) for name in whole.p)


@pytest.mark.parametrize(
    ("task", "settings", "message"),
    [
        ("classify", {"cell": "gru"}, "--cell gru contradicts the model lm.npz, which has --cell lstm"),
        (
            "generate",
            {"output": "adaptive"},
            "--output adaptive contradicts the model lm.npz, which has --output",
        ),
        ("classify", {"hidden": 8}, "--hidden 8 contradicts the model lm.npz, which has --hidden 6"),
        ("tag", {"embedding": 8}, "which has --embedding 5"),
        ("translate", {"layers": 1}, "which has --layers 2"),
        ("classify", {"tokenizer": "char"}, "which has --tokenizer space"),
        ("classify", {"min_count": 2}, "--min-count and --init exclude each other"),
    ],
)
def test_what_contradicts_the_model_is_refused(task, settings, message, begin, language):
    language(task)
    with pytest.raises(UsageError, match=message):
        begin(task, init="lm.npz", **settings)


def test_the_hidden_size_of_a_translator_is_that_of_its_decoder(begin, language):
    language("translate")
    begin("translate", init="lm.npz", hidden=10, **STILL)
    network = load("m.npz").network
    assert (network.encoder.n, network.decoder.n) == (6, 10)


def test_a_model_that_knows_few_of_the_tokens_is_refused_unless_it_grows(begin, language):
    language("classify", tokenizer="char")
    with pytest.raises(RnnError, match=r"lm.npz: knows 0% of the tokens of p.tsv: --grow adds the others"):
        begin("tag", init="lm.npz", lines=[line.replace("a", "aa") for line in TASKS["tag"][0]])


def test_a_model_of_another_task_labels_or_scores_is_refused(begin):
    begin("classify", "c.npz")
    with pytest.raises(RnnError, match=r"^c\.npz: a model of labels"):
        begin("tag", init="c.npz")
    with pytest.raises(RnnError, match='the model has no label "maybe"'):
        begin("classify", init="c.npz", lines=["the film\tmaybe", "a film\tyes"] * 20)
    begin("rate", "r.npz")
    with pytest.raises(
        RnnError, match=r"^r\.npz: a model of scores from 1 to 6, and the text has scores from 1 to 9"
    ):
        begin("rate", init="r.npz", lines=[f"the film {k}\t{1 + 8 * (k % 2)}" for k in range(20)])
