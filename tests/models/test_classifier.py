"""A model of labels in memory and in its file."""

import numpy as np
import pytest

from rnn_cli import LanguageModel, RnnError, storage
from rnn_cli.models.classifier import ROWS, Classifier
from rnn_cli.models.loading import load
from rnn_cli.network.classifier import Classifier as Network
from rnn_cli.network.encoder import Encoder
from rnn_cli.text.features import Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary


@pytest.fixture
def model():
    """A model of random weights."""
    vocabulary = Vocabulary(tuple("abcdefgh "), (1,) * 9)
    grams = Grams(buckets=64)
    network = Network(Encoder(vocabulary.size, 6, "gru", 1, 5, True), 3, "softmax", "last+max+mean", 64, 500)
    p = network.initialise(np.random.default_rng(0), np.array([0.5, 0.3, 0.2]))
    p["V"] *= 10
    lexicon = Lexicon(TOKENIZERS["char"], vocabulary, Spelling({}))
    return Classifier(lexicon, network, p, Labels(("x", "y", "z"), (5, 3, 2)), None, grams)


def texts(number):
    rng = np.random.default_rng(1)
    return ["".join(rng.choice(list("abcdefgh "), rng.integers(0, 30))) for _ in range(number)]


def test_what_is_said_of_a_text_does_not_depend_on_those_beside_it(model):
    lines = texts(3 * ROWS)
    together = [*model.predict(lines)]
    alone = [next(model.predict([line])) for line in lines]
    assert [a.labels[0][0] for a in together] == [b.labels[0][0] for b in alone]
    for a, b in zip(together, alone, strict=True):
        assert dict(a.labels) == pytest.approx(dict(b.labels), abs=1e-6)


def test_probabilities_are_those_of_the_network_row_by_row(model):
    line = "abc de"
    (said,) = model.predict([line])
    assert sum(p for _, p in said.labels) == pytest.approx(1, abs=1e-6)
    assert [p for _, p in said.labels] == sorted((p for _, p in said.labels), reverse=True)


@pytest.mark.parametrize(("text", "is_unknown"), [("", True), ("   ", True), ("漢字", True), ("漢a", False)])
def test_a_text_of_nothing_known_is_answered_and_marked(model, text, is_unknown):
    (said,) = model.predict([text])
    assert said.is_unknown == is_unknown
    assert len(said.labels) == 3


def test_a_file_holds_all_of_it(model, tmp_path):
    model.save(tmp_path / "m.npz")
    for again in (Classifier.load(tmp_path / "m.npz"), load(tmp_path / "m.npz")):
        assert isinstance(again, Classifier)
        assert [*again.predict(texts(20))] == [*model.predict(texts(20))]


def test_a_model_of_another_task_names_the_command_that_reads_it(model, tmp_path):
    model.save(tmp_path / "m.npz")
    with pytest.raises(RnnError, match="a model of labels: rnn predict, test and score read it"):
        LanguageModel.load(tmp_path / "m.npz")


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"names": [["x", 1]]}},
        {"labels": {"names": [["x", 1], ["x", 1], ["z", 1]]}},
        {"labels": None},
        {"task": "rate"},
        {"grams": {"words": 2}},
        {"network": [1, 2]},
        {"network": {"encoder": 3}},
        {"history": 3},
        {"vocabulary": [["a", 1]]},
        {"task": "sing"},
        {"task": ["classify"]},
        {"version": 4},
        {"version": True},
    ],
    ids=str,
)
def test_a_header_that_no_run_has_written_is_refused_in_one_line(model, tmp_path, change):
    arrays, header = model.pack()
    storage.save(tmp_path / "m.npz", arrays, header | change)
    with pytest.raises(RnnError) as caught:
        Classifier.load(tmp_path / "m.npz")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "m.npz"))


@pytest.mark.parametrize("size", ["n", "layers", "m", "embedding"])
def test_a_size_that_the_arrays_do_not_have_takes_no_memory(model, tmp_path, size):
    arrays, header = model.pack()
    header["network"]["encoder"][size] = 1 << 28
    storage.save(tmp_path / "m.npz", arrays, header)
    with pytest.raises(RnnError, match="damaged"):
        Classifier.load(tmp_path / "m.npz")
