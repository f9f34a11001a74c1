"""Texts from labels: runs that learn them, go on bit for bit, and say what is wrong."""

import math

import numpy as np
import pytest

from rnn_cli import RnnError, Settings, Trainer, UsageError
from rnn_cli.models.conditional import Conditional
from rnn_cli.runs.events import EpochDone
from rnn_cli.runs.tasks import text_data as generate_data
from rnn_cli.training.demand import BatchShape

SMALL = {
    "preset": "tiny",
    "hidden": 12,
    "batch": 8,
    "epochs": 6,
    "threads": 1,
    "lr": 0.02,
}


def names(number=60):
    """Lines of a label and a name that has its letters."""
    rng = np.random.default_rng(0)
    for k in range(number):
        label, letters = ("ab", "ab") if k % 3 else ("cd", "cd")
        yield f"{label}\t{''.join(rng.choice([*letters], 2 + k % 4))}"


@pytest.fixture
def train(trains):
    return trains(**SMALL, task="generate")


def test_each_label_has_texts_of_its_own(train):
    train(names(), epochs=15)
    model = Conditional.load("m.npz")
    for label in ("ab", "cd"):
        texts = model.sample(label, num=30, seed=1, length=10)
        own = sum(character in label for text in texts for character in text)
        assert own > 0.9 * len("".join(texts))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threads": 2, "batch": 16},
        {"cell": "lstm", "layers": 2, "embedding": 6, "dropout": 0.3},
        {"tokenizer": "space", "tie": True, "embedding": 12, "min_count": 1},
    ],
    ids=["usual", "two processes", "deep", "tied words"],
)
@pytest.mark.parametrize("stop_after", [1, 7, 20])
def test_a_run_that_was_stopped_ends_as_the_one_that_never_was(train, settings, stop_after):
    train(names(), "whole.npz", **settings)
    train(names(), "m.npz", stop_after=stop_after, **settings)
    for _ in Trainer.resume("m.npz"):
        pass
    whole, resumed = Conditional.load("whole.npz"), Conditional.load("m.npz")
    assert whole.p.keys() == resumed.p.keys()
    assert all(np.array_equal(whole.p[name], resumed.p[name]) for name in whole.p)
    assert whole.labels == resumed.labels


def test_the_loss_is_that_of_each_text_with_its_label(train, folder):
    (folder / "v.tsv").write_text("cd\tcd\nab\tabba\n")
    trainer = train(names(), valid="v.tsv", epochs=1)
    model, nats, targets = trainer.run.trained(trainer.state), 0.0, 0
    for label, text in (("cd", "cd"), ("ab", "abba")):
        of_label = model.of(label)
        for k in range(len(text) + 1):
            following = dict(of_label.next(text[:k], 10))
            nats -= math.log(following[(*text, "<end>")[k]])
            targets += 1
    assert trainer.run.data.valid_targets == targets == 8
    assert trainer.state.curve[-1][1] == pytest.approx(nats / targets, rel=1e-4)
    assert trainer.run.bits_per_character(nats / targets) == pytest.approx(nats / 8 / math.log(2), rel=1e-4)


def test_unknown_characters_are_charged_for_their_spelling(train, folder):
    (folder / "v.tsv").write_text("cd\tcqd\n")
    run = train(names(), valid="v.tsv", epochs=1).run
    spelled = run.data.known.lexicon.spelling.nats("q")
    assert run.bits_per_character(1.5) == pytest.approx((4 * 1.5 + spelled) / 4 / math.log(2))


def test_an_epoch_shows_perplexity_and_a_text(train):
    trainer = train(names(), epochs=1)
    perplexity, bits = trainer.run.about_loss(trainer.state, 0.5, is_valid=True)
    assert perplexity == "perplexity 1.65"
    assert bits.startswith("bits/char ")
    assert trainer.sample().startswith("ab: ")
    assert trainer.run.try_it == "sample --label ab"
    assert trainer.sample() == trainer.sample()
    assert EpochDone  # an event like a language's


def test_short_texts_are_split_into_characters_and_others_into_words(train):
    assert train(names(), epochs=1).run.data.known.lexicon.tokenizer.name == "char"
    lines = [f"{label}\tthe film was {label}" for label in ("good", "bad")] * 10
    assert train(lines, epochs=1).run.data.known.lexicon.tokenizer.name == "jieba"


def test_a_long_text_is_learned_as_far_as_it_is_read(train, monkeypatch):
    monkeypatch.setattr(generate_data, "LONGEST", 3)
    monkeypatch.setattr("rnn_cli.runs.tasks.text_run.LONGEST", 3)
    trainer = train(names(), valid_fraction=0.0)
    assert trainer.run.data.texts.y.lengths.max() == 3
    assert trainer.run.data.cut == 45


def test_memory_is_lowered_by_batch_and_hidden_size(train):
    shape = train(names(), epochs=1).run.shape
    assert isinstance(shape, BatchShape)
    for name in shape.sizes:
        size, smaller = shape.halved(name)
        assert size < 12
        assert smaller.demand(0).total <= shape.demand(0).total


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"carry_state": True}, "--carry-state is for --task language"),
        ({"bidirectional": True}, "--bidirectional is for --task classify"),
        ({"ngrams": True}, "--ngrams is for --task classify or rate"),
        ({"bptt": 3}, "--bptt is for --task language"),
    ],
)
def test_a_setting_of_another_task_is_refused_before_a_file_is_touched(folder, settings, message):
    with pytest.raises(UsageError, match=message):
        Trainer.begin(Settings(**{"task": "generate", "corpus": ["nowhere.tsv"]} | settings), "m.npz")
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["x\tab", "no tab here"], r"^p\.tsv: line 2: no tab in it"),
        (["x\tab", "\tcd"], r"^p\.tsv: line 2: the label: nothing in it"),
        (["x\tab", "x\tcd"], r"^p\.tsv: the only label is \"x\""),
    ],
)
def test_what_is_wrong_with_the_texts_is_told_with_its_line(train, lines, message):
    with pytest.raises(RnnError, match=message):
        train(lines)
