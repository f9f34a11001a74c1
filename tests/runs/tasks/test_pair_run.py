"""Targets of sources: runs that learn them, go on bit for bit, and say what is wrong."""

import numpy as np
import pytest

from rnn_cli import RnnError, Settings, Trainer, UsageError
from rnn_cli.models.translator import Translator
from rnn_cli.runs.plan import plan
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.tasks.pair_data import tokenizer_for

SMALL = {
    "task": "translate",
    "corpus": ["p.tsv"],
    "hidden": 16,
    "embedding": 8,
    "batch": 8,
    "epochs": 3,
    "threads": 1,
    "lr": 0.02,
    "dropout": 0.1,
}


def reversals(number=60):
    """Lines of letters, and the same from the end."""
    rng = np.random.default_rng(0)
    for k in range(number):
        letters = rng.choice([*"abcd"], 1 + k % 4).tolist()
        yield f"{' '.join(letters)}\t{' '.join(letters[::-1])}"


@pytest.fixture
def train(trains):
    return trains(**SMALL)


def test_sequences_are_learned_to_be_reversed(train):
    train(reversals(600), epochs=12, hidden=32, dropout=0.0, lr=0.01)
    model = Translator.load("m.npz")
    sources = ["a b c d", "d c", "b"]
    assert [each.targets[0].text for each in model.predict(sources)] == ["d c b a", "c d", "b"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threads": 2, "batch": 16},
        {"attention": "bahdanau", "cell": "lstm", "layers": 2},
        {"bidirectional": False, "cell": "tanh"},
    ],
    ids=["usual", "two processes", "additive attention", "one direction"],
)
@pytest.mark.parametrize("stop_after", [1, 12])
def test_a_run_that_was_stopped_ends_as_the_one_that_never_was(train, settings, stop_after):
    train(reversals(), "whole.npz", **settings)
    train(reversals(), "m.npz", stop_after=stop_after, **settings)
    for _ in Trainer.resume("m.npz"):
        pass
    whole, resumed = Translator.load("whole.npz"), Translator.load("m.npz")
    assert whole.p.keys() == resumed.p.keys()
    assert all(np.array_equal(whole.p[name], resumed.p[name]) for name in whole.p)
    assert whole.network == resumed.network


@pytest.mark.parametrize("settings", [{"valid": "v.tsv"}, {"valid_fraction": 0.3}, {"valid_fraction": 0.0}])
def test_a_resumed_run_finds_the_same_pairs_to_validate_on(train, folder, settings):
    (folder / "v.tsv").write_text("a b\tb a\n")
    begun = train(reversals(), stop_after=3, **settings)
    resumed = Trainer.resume("m.npz")
    for _ in resumed:
        pass
    assert np.array_equal(begun.run.data.valid, resumed.run.data.valid)
    assert begun.run.data.fingerprint == resumed.run.data.fingerprint


def test_of_many_pairs_some_are_held_out_and_the_same_when_the_run_goes_on(train, monkeypatch):
    monkeypatch.setattr("rnn_cli.runs.tasks.pair_data.MOST_VALID", 3)
    begun = train(reversals(), stop_after=3)
    assert len(begun.run.data.valid) < 6
    resumed = Trainer.resume("m.npz")
    for _ in resumed:
        pass
    assert np.array_equal(begun.run.data.valid, resumed.run.data.valid)


def test_another_target_is_another_text(train, folder):
    train(reversals(), stop_after=3)
    lines = [*reversals()]
    lines[0] = lines[0].split("\t")[0] + "\td d d"
    (folder / "p.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(RnnError, match="not the text that the run in"):
        [*Trainer.resume("m.npz")]


def test_rows_of_one_source_are_all_learned_or_all_validated(train):
    trainer = train([f"{k} x\t{k} {y}" for k in range(40) for y in "ab"], epochs=1)
    train_rows, valid_rows = trainer.run.data.train, trainer.run.data.valid
    assert len(valid_rows)
    assert not set((train_rows // 2).tolist()) & set((valid_rows // 2).tolist())


def test_an_epoch_shows_a_target(train):
    trainer = train(reversals(), epochs=1)
    assert trainer.sample() == trainer.sample()
    assert " → " in trainer.sample()


def test_a_run_may_be_given_a_time(train, short_seconds):
    trainer = train(reversals(), epochs=None, time="2s")
    assert trainer.state.step
    assert trainer.state.seconds < 2


def test_a_plan_is_made_without_a_file(folder):
    (folder / "p.tsv").write_text("\n".join(reversals()) + "\n")
    planning = plan(Settings(**SMALL), folder / "m.npz", Resources.of_user())
    found = None
    while found is None:
        try:
            next(planning)
        except StopIteration as end:
            found = end.value
    assert found.demand.total > 0
    assert found.run.sizes(1.0)["pairs"] == len(found.run.data.train)
    assert [*folder.iterdir()] == [folder / "p.tsv"]


def test_pairs_that_are_too_long_are_left_out(train):
    long = " ".join(["a"] * 401)
    trainer = train([*reversals(), f"{long}\ta", f"a\t{long}"], valid_fraction=0.0, epochs=1)
    assert len(trainer.run.data.train) == 60
    with pytest.raises(RnnError, match=r"^p\.tsv: every pair is longer than 400 tokens: split them"):
        train([f"{long}\ta"])


@pytest.mark.parametrize(
    ("texts", "tokenizer"),
    [
        (["a b a d i", "a b"], "space"),
        (["12 7 40 3", "5 6"], "space"),
        (["26/07/1996", "Monday 27 Apr 2015"], "char"),
        (["1996-07-26"], "char"),
        (["我们那时是孩子。"], "char"),
        (["Smith", "Brown"], "char"),
        (["We were kids then.", "It's late."], "jieba"),
        ([f"je dis {a}{b}" for a in map(chr, range(97, 123)) for b in map(chr, range(97, 139))], "jieba"),
    ],
)
def test_texts_are_split_as_they_look(texts, tokenizer):
    assert tokenizer_for(texts) == tokenizer


def test_a_tokenizer_that_is_given_is_that_of_both_sides_unless_the_targets_have_their_own(train):
    trainer = train(reversals(), epochs=1, tokenizer="char")
    assert [side.tokenizer.name for side in trainer.run.data.known[:2]] == ["char", "char"]
    trainer = train(reversals(), epochs=1, tokenizer="char", target_tokenizer="space")
    assert [side.tokenizer.name for side in trainer.run.data.known[:2]] == ["char", "space"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ngrams": True}, "--ngrams is for --task classify or rate"),
        ({"carry_state": True}, "--carry-state is for --task language"),
        ({"task": "classify", "attention": "luong"}, "--attention is for --task translate"),
        ({"task": None, "target_tokenizer": "char"}, "--target-tokenizer is for --task translate"),
    ],
)
def test_a_setting_of_another_task_is_refused_before_a_file_is_touched(folder, settings, message):
    with pytest.raises(UsageError, match=message):
        Trainer.begin(Settings(**{"task": "translate", "corpus": ["nowhere.tsv"]} | settings), "m.npz")
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a b\tb a", "no tab here"], r"^p\.tsv: line 2: no tab in it"),
        (["a b\tb a", "a\t"], r"^p\.tsv: line 2: "),
    ],
)
def test_what_is_wrong_with_the_pairs_is_told_with_its_line(train, lines, message):
    with pytest.raises(RnnError, match=message):
        train(lines)


def test_what_is_seen_a_few_times_only_is_dropped_less_unless_it_is_asked_for(train):
    rates = []
    for epochs in (5, 20, 40):
        run = train(reversals(), stop_after=1, epochs=epochs, dropout=None).run
        rates.append(run.recipe.dropout)
    assert 0 < rates[0] < rates[1] == rates[2]
    assert train(reversals(), stop_after=1, epochs=1, dropout=0.5).run.recipe.dropout == 0.5


def test_few_pairs_make_small_batches(train):
    assert train(reversals(), stop_after=1, batch=None).run.rows == 8
    run = train(reversals(1500), stop_after=1, batch=None).run
    assert run.rows == len(run.data.train) // 32 > 8
    assert train(reversals(), stop_after=1, batch=16).run.rows == 16
