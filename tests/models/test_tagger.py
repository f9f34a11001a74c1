"""A model of tags in memory and in its file."""

from pathlib import Path

import numpy as np
import pytest

from rnn_cli import LanguageModel, RnnError, storage
from rnn_cli.models.loading import load
from rnn_cli.models.tagger import ROWS, Tagger
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.tagger import Tagger as Network
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary

VERSION_3 = Path(__file__).parents[1] / "data" / "tagger_version_3.npz"
WORDS = ("the", "cat", "sees", "a", "dog")


def made(tokens=WORDS, tags=("N", "V", "D"), is_legal=False):
    """A model of random weights."""
    vocabulary, affixes = Vocabulary(tokens, (1,) * len(tokens)), Affixes(2, 64)
    encoder = Encoder(vocabulary.size, 6, "gru", 1, 5, True, beside=4)
    network = Network(encoder, len(tags), affixes.buckets, affixes.count)
    p = network.initialise(np.random.default_rng(0), np.ones(len(tags)))
    p["V"] *= 10
    lexicon = Lexicon(TOKENIZERS["space"], vocabulary, Spelling({}))
    return Tagger(lexicon, network, p, Labels(tags, (1,) * len(tags)), affixes, is_legal)


@pytest.fixture
def model():
    return made()


@pytest.fixture
def segmenter():
    return made(tuple("我妈不想喝牛奶。"), tuple("SBEM"), is_legal=True)


def texts(number, tokens=WORDS, separator=" "):
    rng = np.random.default_rng(1)
    return [separator.join(rng.choice([*tokens, "cats"], rng.integers(0, 12))) for _ in range(number)]


def test_what_is_said_of_a_text_does_not_depend_on_those_beside_it(model):
    lines = texts(3 * ROWS)
    together = [*model.predict(lines)]
    alone = [next(model.predict([line])) for line in lines]
    for a, b in zip(together, alone, strict=True):
        assert (a.tokens, a.tags, a.is_unknown) == (b.tokens, b.tags, b.is_unknown)
        assert a.p == pytest.approx(b.p, abs=1e-6)


def test_each_token_has_the_likeliest_tag_and_its_probability(model):
    (said,) = model.predict(["the cat sees"])
    assert said.tokens == ["the", "cat", "sees"]
    assert len(said.tags) == len(said.p) == 3
    assert all(1 / 3 <= p <= 1 for p in said.p)
    assert said.words is None


def test_the_affixes_of_an_unknown_token_matter(model):
    first, second = model.predict(["the cats sees", "the dogx sees"])
    assert first.p != second.p


@pytest.mark.parametrize(
    ("text", "is_unknown"), [("", True), ("  ", True), ("dogs <unk>", True), ("a x", False)]
)
def test_a_text_of_nothing_known_is_answered_and_marked(model, text, is_unknown):
    (said,) = model.predict([text])
    assert said.is_unknown == is_unknown
    assert said.tokens == text.split()
    assert len(said.tags) == len(said.tokens)


def test_only_legal_tags_are_predicted(segmenter):
    for said in segmenter.predict(text.replace("cats", "") for text in texts(200, "我妈不想喝牛奶。", "")):
        assert "".join(said.words) == "".join(said.tokens)
        assert all(len(word) == sum(tag != "" for tag in word) for word in said.words)
        marked = "".join(said.tags)
        assert marked.replace("S", "").replace("M", "").replace("BE", "") == ""
        assert len(said.words) == marked.count("S") + marked.count("B")


def test_a_text_is_characters_where_tokens_are_and_white_space_ends_words(segmenter):
    assert segmenter.reads_characters
    plain, spaced, parted = segmenter.predict(["我妈不想", "我 妈 不 想", "我妈 不想"])
    assert plain.tokens == spaced.tokens == parted.tokens == [*"我妈不想"]
    assert plain.words == spaced.words
    assert not any("妈不" in word for word in parted.words)


def test_a_text_is_scored_with_a_tag_for_each_character(segmenter):
    parted, plain = segmenter.score([("我 妈", ["B", "E"]), ("我妈", ["B", "E"])]).nats
    assert parted == plain


def test_tags_that_mark_words_of_longer_tokens_have_tokens_with_spaces_between():
    model = made(("ab", "cd"), tuple("SBE"), is_legal=True)
    assert not model.reads_characters
    (said,) = model.predict(["ab cd ab"])
    assert said.tokens == ["ab", "cd", "ab"]
    assert "".join(said.words) == "abcdab"


def test_letters_that_a_segmenter_does_not_know_stay_together(segmenter):
    (said,) = segmenter.predict(["我hello妈2026 abc奶ab，é"])
    assert all(any(run in word for word in said.words) for run in ("hello", "2026", "abc", "ab"))
    assert not any("2026a" in word for word in said.words)


def test_a_long_text_is_read_in_parts(model):
    (said,) = model.predict([" ".join(WORDS * 500)])
    assert len(said.tags) == 2500


def test_a_file_holds_all_of_it(tmp_path, model, segmenter):
    for one in (model, segmenter):
        one.save(tmp_path / "m.npz")
        for again in (Tagger.load(tmp_path / "m.npz"), load(tmp_path / "m.npz")):
            assert isinstance(again, Tagger)
            assert again.is_legal == one.is_legal
            assert [*again.predict(texts(20))] == [*one.predict(texts(20))]


def test_a_model_of_version_3_is_read_and_predicts_as_it_did():
    (said,) = Tagger.load(VERSION_3).predict(["我妈想喝牛奶。"])
    assert said.words == ["我", "妈想喝牛", "奶", "。"]
    assert said.p == pytest.approx([0.0604, 0.4282, 0.6579, 0.6055, 0.3142, 0.4293, 0.6595], abs=1e-3)


def test_a_model_of_another_task_names_the_command_that_reads_it(model, tmp_path):
    model.save(tmp_path / "m.npz")
    with pytest.raises(RnnError, match="a model of tags: rnn predict, test and score read it"):
        LanguageModel.load(tmp_path / "m.npz")


@pytest.mark.parametrize(
    "change",
    [
        {"tags": {"names": [["x", 1]]}},
        {"tags": {"names": [["x", 1], ["x", 1], ["z", 1]]}},
        {"tags": {"names": [["x", 1], ["y", 1], ["z", 1]], "multi": True}},
        {"tags": None},
        {"legal": True},
        {"legal": 1},
        {"affixes": {"most": 2}},
        {"affixes": {"most": 3, "buckets": 64}},
        {"affixes": {"most": 2, "buckets": 65}},
        {"tokenizer": {"name": "char"}},
        {"network": [1, 2]},
        {"network": {"encoder": 3}},
        {"history": 3},
        {"vocabulary": [["a", 1]]},
        {"task": "classify"},
        {"version": 4},
    ],
    ids=str,
)
def test_a_header_that_no_run_has_written_is_refused_in_one_line(model, tmp_path, change):
    arrays, header = model.pack()
    storage.save(tmp_path / "m.npz", arrays, header | change)
    with pytest.raises(RnnError) as caught:
        Tagger.load(tmp_path / "m.npz")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "m.npz"))


@pytest.mark.parametrize("name", ["affixes", "legal", "tags"])
def test_a_header_that_lacks_an_entry_is_refused(model, tmp_path, name):
    arrays, header = model.pack()
    del header[name]
    storage.save(tmp_path / "m.npz", arrays, header)
    with pytest.raises(RnnError, match="damaged"):
        Tagger.load(tmp_path / "m.npz")


@pytest.mark.parametrize("size", ["n", "layers", "m", "embedding", "beside"])
def test_a_size_that_the_arrays_do_not_have_takes_no_memory(model, tmp_path, size):
    arrays, header = model.pack()
    header["network"]["encoder"][size] = 1 << 28
    storage.save(tmp_path / "m.npz", arrays, header)
    with pytest.raises(RnnError, match="damaged"):
        Tagger.load(tmp_path / "m.npz")
