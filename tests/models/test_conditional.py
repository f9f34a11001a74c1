"""A model of text from a label in memory and in its file."""

from pathlib import Path

import numpy as np
import pytest

from rnn_cli import LanguageModel, RnnError, UsageError, storage
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.loading import load
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.writers import load_writer
from rnn_cli.network.conditional import Conditional as Network
from rnn_cli.network.conditional import Guided, Labelled
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, START, Vocabulary

VERSION_3 = Path(__file__).parents[1] / "data" / "conditional_version_3.npz"
LABELS = ("x", "y", "z")


def made(cell="gru", **choices):
    """A model of random weights, large enough to make labels matter."""
    vocabulary = Vocabulary(tuple("abcdefgh"), (1,) * 8)
    network = Network(Guided(vocabulary.size, 6, cell, beside=4, **choices), 3)
    p = network.initialise(np.random.default_rng(0), np.ones(network.m))
    p["L"] *= 4
    if not choices.get("output"):
        p["V"] *= 4
    lexicon = Lexicon(TOKENIZERS["char"], vocabulary, Spelling({}))
    return Conditional(lexicon, network, p, Labels(LABELS, (6, 3, 1)))


@pytest.fixture
def model():
    return made()


@pytest.mark.parametrize(
    "choices",
    [{}, {"cell": "lstm", "layers": 2}, {"cell": "tanh", "embedding": 5}, {"embedding": 6, "tie": True}],
    ids=str,
)
@pytest.mark.parametrize("label", range(3))
def test_the_language_model_of_a_label_is_the_network_with_that_label(choices, label):
    model = made(**choices)
    text = [3, 4, 7, 3]
    batch = Labelled(
        np.array([[START, *text]]).T,
        np.array([[*text, END]]).T,
        np.ones((5, 1), np.float32),
        np.array([label]),
    )
    nats = model.network.nats(model.p, batch, Workspace(np.float32)).ravel()
    of_label = model.of(LABELS[label])
    state = of_label.network.zero_state(1)
    for x, y, expected in zip([START, *text], [*text, END], nats, strict=True):
        logits, state = of_label.network.step(of_label.p, np.array([x]), state)
        z = logits[0].astype(float)
        assert np.log(np.exp(z).sum()) - z[y] == pytest.approx(expected, abs=1e-5)


def test_labels_write_differently_and_each_seed_its_own(model):
    texts = {label: model.sample(label, num=20, seed=1, length=9) for label in LABELS}
    assert texts["x"] != texts["y"] != texts["z"]
    assert texts["x"] == model.sample("x", num=20, seed=1, length=9)
    assert texts["x"] != model.sample("x", num=20, seed=2, length=9)
    assert all(text.startswith("ab") for text in model.sample("y", "ab", num=4))


def test_lines_of_a_text_each_begin_from_the_label(model):
    long = model.of("x").sample(lines=2, seed=5, length=40)[0]
    assert long.count("\n") >= 1
    first, second = model.of("x").next("", 11), model.of("x").next(long.split("\n")[0] + "\n", 11)
    assert [token for token, _ in first] == [token for token, _ in second]
    assert [p for _, p in first] == pytest.approx([p for _, p in second], abs=1e-6)


def test_without_a_label_labels_come_as_often_as_in_training(model):
    samples = [*model.draw([""], 400, Sampling(seed=3, length=2))]
    counts = [sum(sample.label == label for sample in samples) for label in LABELS]
    assert counts == pytest.approx([240, 120, 40], abs=30)
    again = [*model.draw([""], 400, Sampling(seed=3, length=2))]
    assert samples == again


def test_labels_that_write_alike_do_not_write_the_same(model):
    model.p["L"][:] = 0
    samples = [*model.draw([""], 60, Sampling(seed=3, length=6, temperature=3))]
    of_labels = [[sample.text for sample in samples if sample.label == label][:5] for label in ("x", "y")]
    assert of_labels[0] != of_labels[1]


def test_samples_of_several_prompts_stand_in_their_order(model):
    samples = [*model.draw(["a", "b"], 3, Sampling(seed=3, length=4))]
    assert [sample.prompt for sample in samples] == ["a"] * 3 + ["b"] * 3
    assert all(sample.text.startswith(sample.prompt) for sample in samples)


def test_a_beam_search_needs_a_label(model):
    with pytest.raises(UsageError, match="a beam search needs a label"):
        next(model.draw([""], 1, Sampling(beam=2)))
    assert len(model.sample("x", num=2, beam=3)) == 2


def test_a_label_that_the_model_does_not_know_names_those_that_it_has(model):
    with pytest.raises(UsageError, match="the model has no label 'w': it has x, y, z"):
        model.of("w")


def test_a_file_holds_all_of_it(model, tmp_path):
    model.save(tmp_path / "m.npz")
    for again in (
        Conditional.load(tmp_path / "m.npz"),
        load(tmp_path / "m.npz"),
        load_writer(tmp_path / "m.npz"),
    ):
        assert isinstance(again, Conditional)
        assert again.labels == model.labels
        assert again.sample("y", num=3, seed=1) == model.sample("y", num=3, seed=1)
    of_label = load_writer(tmp_path / "m.npz", "y")
    assert of_label.sample(num=3, seed=1) == model.sample("y", num=3, seed=1)


def test_a_model_of_version_3_is_read_and_predicts_as_it_did():
    following = Conditional.load(VERSION_3).of("y").next("a", top=3)
    tokens, p = zip(*following, strict=True)
    assert tokens == ("h", "g", "e")
    assert p == pytest.approx((0.2495, 0.2307, 0.1076), abs=1e-3)


def test_a_language_model_has_no_labels(untrained, tmp_path):
    untrained(("a", "b")).save(tmp_path / "m.npz")
    assert isinstance(load_writer(tmp_path / "m.npz"), LanguageModel)
    with pytest.raises(UsageError, match="--label is for a model of text from a label"):
        load_writer(tmp_path / "m.npz", "x")


def test_a_model_of_another_task_names_the_command_that_reads_it(model, tmp_path):
    model.save(tmp_path / "m.npz")
    with pytest.raises(RnnError, match="a model of text from a label: rnn sample --label, test"):
        LanguageModel.load(tmp_path / "m.npz")


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"names": [["x", 1]]}},
        {"labels": {"names": [["x", 1], ["x", 1], ["z", 1]]}},
        {"labels": {"names": [["x", 1], ["y", 1], ["z", 1]], "multi": True}},
        {"labels": None},
        {"network": [1, 2]},
        {"network": {"language": 3}},
        {"history": 3},
        {"vocabulary": [["a", 1]]},
        {"task": "language"},
        {"version": 4},
    ],
    ids=str,
)
def test_a_header_that_no_run_has_written_is_refused_in_one_line(model, tmp_path, change):
    arrays, header = model.pack()
    storage.save(tmp_path / "m.npz", arrays, header | change)
    for read in (Conditional.load, load_writer):
        with pytest.raises(RnnError) as caught:
            read(tmp_path / "m.npz")
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(str(tmp_path / "m.npz"))


@pytest.mark.parametrize("size", ["n", "layers", "m", "embedding", "beside", "tie"])
def test_a_size_that_the_arrays_do_not_have_takes_no_memory(model, tmp_path, size):
    arrays, header = model.pack()
    header["network"]["language"][size] = 1 << 28
    storage.save(tmp_path / "m.npz", arrays, header)
    with pytest.raises(RnnError, match="damaged"):
        Conditional.load(tmp_path / "m.npz")
