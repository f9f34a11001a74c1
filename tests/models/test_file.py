"""Model files: what comes back from one, and what is refused."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import LanguageModel, storage
from rnn_cli.errors import RnnError
from rnn_cli.network.gradcheck import combinations
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.vocabulary import START, UNK, Vocabulary

LETTERS = Vocabulary(("e", "a", "词", "b", " "), (9, 7, 3, 3, 1))
WORDS = Vocabulary(("the", "cat", "sat"), (5, 2, 1))
KINDS = [*combinations(LETTERS.size, 8)]
VERSION_1 = Path(__file__).parents[1] / "data" / "version_1.npz"


def model(seed=0, vocabulary=LETTERS, tokenizer="char", carry_state=False, network=None):
    """A model of random weights."""
    network = network or Network(vocabulary.size, 8)
    rng = np.random.default_rng(seed)
    p = network.lay_out({name: rng.normal(0, 1, shape) for name, shape in network.shapes.items()})
    lexicon = Lexicon(TOKENIZERS[tokenizer], vocabulary, Spelling.count(["dog", "词"]))
    return LanguageModel(lexicon, network, p, carry_state, {"epoch": 3, "text": "词"})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.npz"


@pytest.mark.parametrize("network", KINDS, ids=lambda one: "-".join(map(str, asdict(one).values())))
@pytest.mark.parametrize("carry_state", [True, False])
def test_a_model_comes_back_from_its_file_as_it_was(path, network, carry_state):
    saved = model(network=network, carry_state=carry_state)
    saved.save(path)
    loaded = LanguageModel.load(str(path))
    for name in ("lexicon", "network", "carry_state", "history"):
        assert getattr(loaded, name) == getattr(saved, name), name
    for name, array in saved.p.items():
        np.testing.assert_array_equal(loaded.p[name], array)
        assert loaded.p[name].dtype == np.float32
        assert loaded.p[name].strides == array.strides
        assert loaded.p[name].flags.writeable
    texts = loaded.sample("a", num=3, length=40, seed=5)
    assert texts == saved.sample("a", num=3, length=40, seed=5)
    assert loaded == saved
    assert all(set(text) <= {*LETTERS.tokens, "\n"} for text in texts)


def test_the_settings_of_the_tokenizer_come_back_from_the_file_and_hold_for_prompts(path):
    words = Vocabulary(("云计算", "学", "é"), (3, 2, 1))
    tokenizer = make_tokenizer("jieba", {"normalize": "nfkc", "user_dict": [["云计算", None]]})
    plain = model(vocabulary=words, tokenizer="jieba")
    replace(plain, lexicon=plain.lexicon._replace(tokenizer=tokenizer)).save(path)
    loaded = LanguageModel.load(path)
    assert loaded.lexicon.tokenizer == tokenizer
    assert loaded.encode("学云计算\ne\u0301").tolist() == [START, 4, 3, START, 5]
    assert loaded.unknown("Ａ云计算") == ["A"]
    assert set(plain.encode("学云计算\ne\u0301").tolist()) == {START, UNK}


@pytest.mark.parametrize(
    "said", [{"normalize": "NFC"}, {"normalize": 5}, {"user_dict": 5}, {"words": []}, {"name": ["char"]}]
)
def test_a_tokenizer_with_settings_that_are_none_is_one_line(path, said):
    model().save(path)
    arrays, header = storage.load(path)
    header["tokenizer"].update(said)
    storage.save(path, arrays, header)
    with pytest.raises(RnnError, match=r"damaged: |newer") as caught:
        LanguageModel.load(path)
    assert "\n" not in str(caught.value)


def test_a_model_of_the_first_version_is_read_and_predicts_as_it_did():
    first = LanguageModel.load(VERSION_1)
    assert storage.load(VERSION_1)[1]["version"] == 1
    assert first.network == Network(242, 8, "tanh", "softmax", layers=1, embedding=0, tie=False)
    assert first.lexicon.spelling == Spelling({})
    state = first.network.zero_state(1)
    # A sample that rnn 0.1.0 drew of it, and the logits that it then had for " ", "e", "t" and "o".
    for id in first.encode(
        "  e二lm学   wlsx  t an nd  e  uen一是haa n 奶 aetni h 他ahiawe   w    wosnl但wee  "
    ):
        logits, state = first.network.step(first.p, np.array([id]), state)
    ids = [first.lexicon.vocabulary.ids[token] for token in " eto"]
    np.testing.assert_allclose(logits[0, ids], [-2.0087, -2.8105, -2.8573, -2.8956], atol=2e-3)


def test_a_model_of_the_first_version_is_saved_as_one_of_this(path):
    first = LanguageModel.load(VERSION_1)
    first.save(path)
    assert storage.load(path)[1]["version"] == 2
    again = LanguageModel.load(path)
    assert (again.network, again.history) == (first.network, first.history)
    assert again.sample(num=2, seed=3) == first.sample(num=2, seed=3)


def test_the_file_holds_the_weights_under_the_tutorials_names_and_shapes(path):
    saved = model()
    saved.save(path)
    with np.load(path, allow_pickle=False) as file:
        shapes = {name: file[name].shape for name in file.files if name != "header"}
        header = json.loads(bytes(file["header"]))
        np.testing.assert_array_equal(file["U"], saved.p["U"])
    assert shapes == {"U": (8, 8), "W": (8, 8), "b_a": (8,), "V": (8, 8), "b_y": (8,)}
    assert header["vocabulary"][0] == ["e", 9]


def spoil(path, **model_options):
    """A model's arrays and header, to be changed and saved again."""
    model(vocabulary=WORDS, tokenizer="space", **model_options).save(path)
    return storage.load(path)


def refused(path):
    with pytest.raises(RnnError) as caught:
        LanguageModel.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"U": np.zeros((6, 8), np.float32)}, "U has the shape (6, 8), not (8, 6)"),  # transposed
        ({"V": np.zeros((8, 6), np.float32)}, "V has the shape (8, 6), not (6, 8)"),
        ({"b_y": np.zeros((6, 1), np.float32)}, "b_y has the shape (6, 1), not (6,)"),
        ({"W": None}, "holds arrays U, b_a, V, b_y, not U, W, b_a, V, b_y"),
        ({"X": np.zeros(1, np.float32)}, "holds arrays U, W, b_a, V, b_y, X, not U, W, b_a, V, b_y"),
        ({"W": np.full((8, 8), np.nan, np.float32)}, "W holds values that are not finite"),
        ({"b_a": np.full(8, -np.inf, np.float32)}, "b_a holds values that are not finite"),
        ({"V": np.zeros((6, 8))}, "V holds values that are not finite float32"),
        ({"V": np.zeros((6, 8), np.int32)}, "V holds values that are not finite float32"),
    ],
)
def test_an_array_that_is_wrong_is_told(path, change, told):
    arrays, header = spoil(path)
    arrays = {name: array for name, array in (arrays | change).items() if array is not None}
    storage.save(path, arrays, header)
    assert told in refused(path)


NETWORK = {"m": 6, "n": 8, "cell": "tanh", "output": "softmax"}
NETWORK |= {"layers": 1, "embedding": 0, "tie": False, "cutoffs": []}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"network": NETWORK | {"m": 7}}, "m is 7 but the vocabulary's size 6"),
        ({"network": NETWORK | {"m": "6"}}, ""),
        ({"network": NETWORK | {"n": 9}}, "U has the shape (8, 6), not (9, 6)"),
        ({"network": NETWORK | {"n": 8.0}}, ""),
        ({"network": NETWORK | {"n": None}}, ""),
        ({"network": NETWORK | {"cell": "lstm9"}}, "'lstm9'"),
        ({"network": NETWORK | {"cell": []}}, ""),
        ({"network": NETWORK | {"output": "tree"}}, "'tree'"),
        ({"network": NETWORK | {"depth": 2}}, "depth"),
        ({"network": NETWORK | {"layers": 2}}, "holds arrays"),
        ({"network": NETWORK | {"layers": "2"}}, "positive integer"),
        ({"network": NETWORK | {"embedding": 3}}, "holds arrays"),
        ({"network": NETWORK | {"tie": True}}, "embedding is tied"),
        ({"network": NETWORK | {"cutoffs": [3]}}, "cutoffs"),
        ({"network": NETWORK | {"cutoffs": None}}, ""),
        ({"network": NETWORK | {"output": "adaptive"}}, "cutoffs"),
        ({"network": NETWORK | {"output": "adaptive", "cutoffs": [3]}}, "holds arrays"),
        ({"network": {"m": 6}}, "'n'"),
        ({"network": None}, ""),
        ({"tokenizer": {"name": "chars"}}, "chars"),
        ({"tokenizer": {"name": []}}, ""),
        ({"tokenizer": "char"}, ""),
        ({"tokenizer": {}}, "name"),
        ({"vocabulary": [["the", 5], ["cat", 2], ["the", 1]]}, "different tokens"),
        ({"vocabulary": [["the", 5], ["cat", 2], [3, 1]]}, '["token", count]'),
        ({"vocabulary": [["the", 5], ["cat", 2], [None, 1]]}, '["token", count]'),
        ({"vocabulary": [["the", 5], ["cat", 2], ["sat"]]}, ""),
        ({"vocabulary": [["the", 5], ["cat", 2]]}, "vocabulary's size 5"),
        ({"vocabulary": ["the5", "cat2", "sat1"]}, ""),
        ({"vocabulary": [["the", 5], ["cat", 2.5], ["sat", 1]]}, ""),
        ({"vocabulary": []}, ""),
        ({"vocabulary": None}, ""),
        ({"history": None}, ""),
        ({"spelling": []}, "{character: count}"),
        ({"version": 3}, "newer"),
        ({"version": "1"}, "version '1'"),
        ({"format": "rnn vocabulary"}, "not a model file of rnn, but 'rnn vocabulary'"),
        ({"format": None}, "not a model file"),
        *[({name: ...}, name) for name in ["tokenizer", "vocabulary", "network", "carry_state", "history"]],
        ({"version": ...}, "version"),
        ({"format": ...}, "not a model file of rnn, but something else"),
    ],
    ids=str,
)
def test_a_header_that_is_wrong_is_told(path, change, told):
    arrays, header = spoil(path)
    assert header["network"] == NETWORK
    header = {name: value for name, value in (header | change).items() if value is not ...}
    storage.save(path, arrays, header)
    assert told in refused(path)


def test_a_training_state_is_told_from_a_model(path):
    storage.save(path, {"p.W": np.zeros((2, 2))}, {"format": "rnn training state", "version": 1})
    assert "not a model file of rnn, but 'rnn training state'" in refused(path)


def test_no_model_at_all_is_told(path):
    assert "no such file" in refused(path)
    path.write_text("hello")
    refused(path)


def test_a_save_that_fails_leaves_the_old_model(path, monkeypatch):
    model(seed=1).save(path)

    def full(*arguments, **others):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        model(seed=2).save(path)
    np.testing.assert_array_equal(LanguageModel.load(path).p["W"], model(seed=1).p["W"])
