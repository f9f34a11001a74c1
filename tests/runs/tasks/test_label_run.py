"""Labels and scores of texts: runs that learn them, go on bit for bit, and say what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from rnn_cli import Resources, RnnError, Settings, Trainer, UsageError
from rnn_cli.models.classifier import Classifier
from rnn_cli.runs.events import Begun, Notice
from rnn_cli.runs.plan import plan

WORDS = ("good", "fine", "nice", "bad", "poor", "awful")
SMALL = {
    "hidden": 8,
    "embedding": 8,
    "batch": 8,
    "epochs": 6,
    "threads": 1,
    "tokenizer": "space",
    "lr": 0.02,
    "dropout": 0.0,
}


def pairs(label, number=60):
    """Lines of a text and what `label` makes of its word."""
    rng = np.random.default_rng(0)
    for k in range(number):
        word = WORDS[k % len(WORDS)]
        rest = " ".join(rng.choice(["the", "film", "was", "a", "very"], 1 + k % 5))
        yield f"{rest} {word}\t{label(word, k)}"


def mood(word, k):
    return "yes" if WORDS.index(word) < 3 else "no"


@pytest.fixture
def train(trains):
    return trains(**SMALL, task="classify")


def test_labels_that_can_be_known_are_learned(train):
    train(pairs(mood), ngrams=False, epochs=20)
    model = Classifier.load("m.npz")
    found = [prediction.labels[0][0] for prediction in model.predict(f"the film was {w}" for w in WORDS)]
    assert found == ["yes"] * 3 + ["no"] * 3


def test_texts_that_are_not_read_to_their_end_are_counted_in_both_parts(folder):
    long = "good " * 401 + "\tyes"
    (folder / "p.tsv").write_text("\n".join([*pairs(mood, 12), long]) + "\n")
    (folder / "v.tsv").write_text("\n".join([*pairs(mood, 12), long]) + "\n")
    settings = Settings(corpus=["p.tsv"], valid="v.tsv", task="classify", **SMALL)
    said = [each.text for each in Trainer.begin(settings, "m.npz") if isinstance(each, Notice)]
    assert "2 of 26 texts have more than 400 tokens: the network reads their first 400" in said


def test_ngrams_alone_would_do_too(train):
    train(pairs(mood), epochs=20, hidden=1)
    found = [each.labels[0][0] for each in Classifier.load("m.npz").predict(WORDS)]
    assert found == ["yes"] * 3 + ["no"] * 3


def orders(number=160):
    """Lines whose label is the order of two words, which n-grams of such length do not tell."""
    rng = np.random.default_rng(0)
    for k in range(number):
        between = " ".join(rng.choice(["x", "y", "z"], 3))
        yield f"a {between} b\tfirst" if k % 2 else f"b {between} a\tsecond"


@pytest.mark.parametrize(("lines", "states_count"), [(orders, True), (lambda: pairs(mood), False)])
def test_how_much_the_states_count_is_fitted_to_what_is_held_out(train, lines, states_count):
    train(lines(), "m.npz", epochs=12 if states_count else 2, hidden=16 if states_count else 1)
    (mix,) = Classifier.load("m.npz").p["mix"]
    assert (mix > 0.5) == states_count
    train(lines(), "all.npz", epochs=2, valid_fraction=0.0)
    assert Classifier.load("all.npz").p["mix"].tolist() == [0.5]


@pytest.mark.parametrize(("labels", "buckets"), [(2, 4096), (3000, 1024)])
def test_many_labels_have_fewer_buckets_of_ngrams(train, labels, buckets):
    train([f"text {k}\tl{k % labels}" for k in range(max(60, labels))], stop_after=1, valid_fraction=0.0)
    assert Classifier.load("m.npz").network.buckets == buckets


def test_several_labels_a_text(train):
    lines = (
        f"__label__{mood(w, k)} __label__{w[0]} a {w} film {k}" for k in range(60) for w in [WORDS[k % 6]]
    )
    train(lines, task=None, epochs=30)
    model = Classifier.load("m.npz")
    assert model.is_multi
    (said,) = model.predict(["a good film"])
    assert {name for name, p in said.labels if p > 0.5} == {"yes", "g"}


@pytest.mark.parametrize("asked", [{"metric": "micro_f1"}, {"ngrams": False}])
def test_settings_of_labels_go_with_lines_of_fasttext_without_a_task(folder, finished, monkeypatch, asked):
    monkeypatch.setattr("rnn_cli.runs.plan.CALIBRATION", 0.01)
    lines = [f"__label__x good {k}\n__label__y __label__z bad {k}\n" for k in range(20)]
    (folder / "p.txt").write_text("".join(lines))
    settings = Settings(corpus=["p.txt"], epochs=1, hidden=2, **asked)
    with Trainer.begin(settings, "m.npz") as trainer:
        next(event for event in trainer if isinstance(event, Begun))
        assert trainer.run.settings.task == "classify"
    assert finished(plan(settings, Path("m.npz"), Resources()))[1].run.settings.task == "classify"
    for useless in ({"unit": "paragraph"}, {"metric": "bleu"}):
        with pytest.raises(UsageError, match=f"{next(iter(useless))}.* is for --task"):
            Trainer.begin(Settings(corpus=["p.txt"], **useless), "m.npz", force=True)


def test_a_text_without_labels_among_those_of_fasttext_is_refused_and_not_learned_as_a_language(train):
    with pytest.raises(RnnError, match="line 1: no label before the text"):
        train(["a first line", *["__label__x good", "__label__y bad"] * 8], task=None)


def test_a_score_is_in_the_range_that_was_seen(train):
    train(pairs(lambda word, k: f"{2 + WORDS.index(word):.1f}"), task="rate", epochs=40)
    model = Classifier.load("m.npz")
    scores = [each.score for each in model.predict(WORDS)]
    assert all(2 <= score <= 7 for score in scores)
    assert np.corrcoef(scores, range(6))[0, 1] > 0.9


def test_one_score_to_learn_from_is_refused(train):
    with pytest.raises(RnnError, match=r"^p\.tsv: every score to learn from is [19]: give more texts"):
        train(["the film\t1", "a film\t9"] * 30, task="rate")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threads": 2, "batch": 16},
        {"ngrams": False, "cell": "lstm", "layers": 2},
        {"bidirectional": False},
    ],
    ids=["usual", "two processes", "without n-grams", "one direction"],
)
@pytest.mark.parametrize("stop_after", [1, 7, 20])
def test_a_run_that_was_stopped_ends_as_the_one_that_never_was(train, settings, stop_after):
    train(pairs(mood), "whole.npz", **settings)
    train(pairs(mood), "m.npz", stop_after=stop_after, **settings)
    for _ in Trainer.resume("m.npz"):
        pass
    whole, resumed = Classifier.load("whole.npz"), Classifier.load("m.npz")
    assert whole.p.keys() == resumed.p.keys()
    assert all(np.array_equal(whole.p[name], resumed.p[name]) for name in whole.p)


def test_with_balanced_weights_a_seldom_label_counts_as_much_as_another(train):
    lines = [f"film {k}\t{'yes' if k % 6 == 0 else 'no'}" for k in range(60)]  # nothing tells them apart
    said = {}
    for class_weight in (None, "balanced"):
        train(lines, class_weight=class_weight, ngrams=False, epochs=30, valid_fraction=0.0)
        (prediction,) = Classifier.load("m.npz").predict(["film"])
        said[class_weight] = dict(prediction.labels)["yes"]
    assert said[None] < 0.3
    assert 0.3 < said["balanced"] < 0.7


def test_class_weights_are_for_one_label_a_text(train):
    with pytest.raises(UsageError, match="--class-weight is for texts that have one label each"):
        train(pairs(lambda word, k: "1" if k % 2 else "2"), task="rate", class_weight="balanced")


def test_the_validation_text_may_be_a_file_of_its_own(train, folder):
    (folder / "v.tsv").write_text("a good film\tyes\na bad film\tno\n")
    trainer = train(pairs(mood), valid="v.tsv")
    assert trainer.run.data.valid_targets == 2
    assert len(trainer.run.data.train) == 60


def test_equal_texts_are_all_learned_or_all_validated(train):
    trainer = train([*pairs(mood, 30)] * 2)
    keys = np.tile(np.arange(30), 2)
    assert not set(keys[trainer.run.data.train]) & set(keys[trainer.run.data.valid])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"carry_state": True}, "--carry-state is for --task language"),
        ({"task": "language", "ngrams": True}, "--ngrams is for --task classify or rate"),
        ({"columns": "text"}, "--columns text: two names are needed, with a comma between"),
        ({"columns": "text,text"}, "--columns text,text: two different names are needed"),
        ({"task": None, "bidirectional": True}, "--bidirectional is for --task classify, rate, "),
    ],
)
def test_a_setting_of_another_task_is_refused_before_a_file_is_touched(folder, settings, message):
    with pytest.raises(UsageError, match=message):
        Trainer.begin(Settings(**{"task": "classify", "corpus": ["nowhere.tsv"]} | settings), "m.npz")
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a film\tyes", "no tab here"], r"^p\.tsv: line 2: no tab in it"),
        (["a film\tyes", "another\tyes"], r"^p\.tsv: the only label is \"yes\""),
        (["a film\tyes", "another\t"], r"^p\.tsv: line 2: "),
    ],
)
def test_what_is_wrong_with_the_pairs_is_told_with_its_line(train, lines, message):
    with pytest.raises(RnnError, match=message):
        train(lines)
