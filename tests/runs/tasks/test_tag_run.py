"""Tags of tokens: runs that learn them, go on bit for bit, and say what is wrong."""

import numpy as np
import pytest

from rnn_cli import RnnError, Settings, Trainer, UsageError
from rnn_cli.models.encoded import sentences
from rnn_cli.models.tagger import Tagger
from rnn_cli.runs.tasks.tag_hiding import LEFT_OUT
from rnn_cli.text.vocabulary import UNK

KINDS = {"D": ("the", "a"), "N": ("cat", "dog", "bird"), "V": ("sees", "likes", "eats")}
SMALL = {
    "hidden": 8,
    "embedding": 8,
    "batch": 8,
    "epochs": 6,
    "threads": 1,
    "lr": 0.02,
    "dropout": 0.0,
    "min_count": 1,
}


def tagged(number=60):
    """Lines of tokens and tags that follow from them, a few of them words that occur once."""
    rng = np.random.default_rng(0)
    for k in range(number):
        tags = ["D", "N", "V", "D", "N"][: 2 + k % 4]
        tokens = [rng.choice(KINDS[tag]) for tag in tags]
        if k % 5 == 0:
            tokens[1] = f"n{k}ing"
        yield f"{' '.join(tokens)}\t{' '.join(tags)}"


def segmented(number=40):
    """Lines of characters in words of one or two: the letters ab and cd are words, and e."""
    rng = np.random.default_rng(1)
    for _ in range(number):
        words = rng.choice(["ab", "cd", "e"], 4)
        tags = ["BE" if len(word) == 2 else "S" for word in words]
        yield f"{' '.join(''.join(words))}\t{' '.join(''.join(tags))}"


@pytest.fixture
def train(trains):
    return trains(**SMALL, task="tag")


def test_tags_that_can_be_known_are_learned(train):
    train(tagged(), epochs=20)
    (said,) = Tagger.load("m.npz").predict(["the dog likes a cat"])
    assert said.tags == ["D", "N", "V", "D", "N"]


def test_the_end_of_a_word_tells_what_an_unknown_one_is(train):
    lines = [
        f"{stem}{end}\t{tag}" for stem in "abcdefghijklmnop" for end, tag in (("ing", "V"), ("ness", "N"))
    ]
    train(lines, epochs=40, valid_fraction=0.0)
    found = [each.tags[0] for each in Tagger.load("m.npz").predict(["xxing", "xxness"])]
    assert found == ["V", "N"]


def test_words_are_found_by_the_tags_of_their_characters(train):
    train(segmented(), epochs=30)
    model = Tagger.load("m.npz")
    assert model.is_legal
    assert model.reads_characters
    (said,) = model.predict(["abcdeabe"])
    assert said.words == ["ab", "cd", "e", "ab", "e"]


def test_tags_that_are_often_illegal_are_predicted_as_they_are_learned(train):
    lines = [f"{'x ' * 3}y\t{tags}" for tags in ("I O B B", "O I O O", "B I I O", "I I O I")] * 10  # IOB1
    train(lines)
    assert not Tagger.load("m.npz").is_legal


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threads": 2, "batch": 16},
        {"affixes": False, "cell": "lstm", "layers": 2, "embedding": 0},
        {"bidirectional": False, "dropout": 0.3, "variational": True},
    ],
    ids=["usual", "two processes", "without affixes", "one direction"],
)
@pytest.mark.parametrize("stop_after", [1, 7, 20])
def test_a_run_that_was_stopped_ends_as_the_one_that_never_was(train, settings, stop_after):
    train(tagged(), "whole.npz", **settings)
    train(tagged(), "m.npz", stop_after=stop_after, **settings)
    for _ in Trainer.resume("m.npz"):
        pass
    whole, resumed = Tagger.load("whole.npz"), Tagger.load("m.npz")
    assert whole.p.keys() == resumed.p.keys()
    assert all(np.array_equal(whole.p[name], resumed.p[name]) for name in whole.p)
    assert whole.pack()[1]["tags"] == resumed.pack()[1]["tags"]


def test_a_long_sentence_is_learned_in_parts(train, monkeypatch):
    monkeypatch.setattr(sentences, "LONGEST", 3)
    trainer = train(tagged(), valid_fraction=0.0)
    data = trainer.run.data
    assert data.sentences.types.lengths.max() == 3
    assert data.targets == sum(2 + k % 4 for k in range(60))
    assert data.texts == 60


def test_the_validation_text_may_be_a_file_of_its_own(train, folder):
    (folder / "v.tsv").write_text("the wolf\tD N\na cat eats\tD N V\n")
    run = train(tagged(), valid="v.tsv").run
    assert run.data.valid_targets == 5
    tokens = {text for batch in run.valid_windows() for text in run.spell(batch)}
    assert tokens == {"the <unk>", "a cat eats"}


def test_conll_columns_are_read_too(train, folder):
    (folder / "c.conll").write_text("the D\ncat N\n\na D\ndog N\nsees V\n\n" * 30)
    trainer = train([], corpus=["c.conll"])
    assert trainer.run.data.texts == 30  # of 60: equal ones stay together, and one of two is held out
    assert trainer.run.network.tags == 3


def test_equal_sentences_are_all_learned_or_all_validated(train):
    run = train([*tagged(30)] * 2).run
    keys = np.tile(np.arange(30), 2)
    assert not set(keys[run.data.train]) & set(keys[run.data.valid])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokenizer": "char"}, "--tokenizer is for --task language"),
        ({"carry_state": True}, "--carry-state is for --task language"),
        ({"ngrams": True}, "--ngrams is for --task classify or rate"),
        ({"task": "classify", "affixes": True}, "--affixes is for --task tag"),
    ],
)
def test_a_setting_of_another_task_is_refused_before_a_file_is_touched(folder, settings, message):
    with pytest.raises(UsageError, match=message):
        Trainer.begin(Settings(**{"task": "tag", "corpus": ["nowhere.tsv"]} | settings), "m.npz")
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a film\tN N", "no tab here"], r"^p\.tsv: line 2: no tab in it"),
        (["a film\tN N", "another one\tN"], r"^p\.tsv: line 2: 2 tokens and 1 tag"),
        (["a film\tN N", "another\tN"], r"^p\.tsv: the only label is \"N\""),
    ],
)
def test_what_is_wrong_with_the_sentences_is_told_with_its_line(train, lines, message):
    with pytest.raises(RnnError, match=message):
        train(lines)


def test_each_epoch_hides_rare_tokens_and_some_affixes_and_validation_none(train):
    run = train(tagged(), epochs=1).run

    def shares(windows):
        batches = [windows[index] for index in range(len(windows))]
        real = np.concatenate([batch.x[batch.real > 0] for batch in batches])
        return np.mean(real == UNK), sum(len(batch.affixes) for batch in batches)

    unknown, affixes = zip(*(shares(run.epoch_windows(epoch)) for epoch in (0, 0, 1)), strict=True)
    assert unknown[0] == unknown[1]
    assert affixes[0] == affixes[1] != affixes[2]
    assert 0 < unknown[0] < 0.2
    whole = [run.data.sentences.batch(np.array([row]), run.data.y) for row in run.data.train]
    most = sum(len(batch.affixes) for batch in whole)
    assert affixes[0] == pytest.approx((1 - LEFT_OUT) * most, rel=0.1)
    valid = run.valid_windows()
    again = [run.data.sentences.batch(np.array([row]), run.data.y) for row in run.data.valid]
    assert shares(valid)[1] == sum(len(batch.affixes) for batch in again)
    first, again, other = (run.hidden(epoch).thinned(whole[0], 0) for epoch in (0, 0, 1))
    assert np.array_equal(first.starts, again.starts)
    assert not np.array_equal(first.starts, other.starts)
