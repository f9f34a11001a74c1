import itertools
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import LanguageModel, storage
from rnn_cli.errors import RnnError
from rnn_cli.network.gradcheck import combinations
from rnn_cli.network.network import Network
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary

LETTERS = Vocabulary(("e", "a", "词", "b", " "), (9, 7, 3, 3, 1))
WORDS = Vocabulary(("the", "cat", "sat"), (5, 2, 1))
SPELLING = Spelling.count(["dog", "词"])
VERSION_1 = Path(__file__).parents[1] / "data" / "version_1.npz"


def model(seed=0, vocabulary=LETTERS, tokenizer="char", cell="tanh", carry_state=False, network=None, **b_y):
    """A model of random weights, large enough to make its texts wander; b_y favours ids by name."""
    network = network or Network(vocabulary.size, 8, cell)
    rng = np.random.default_rng(seed)
    p = {name: rng.normal(0, 1, shape) for name, shape in network.shapes.items()}
    if cell == "relu":
        p["W"] *= 0.3  # or the states of so random a network grow beyond all bounds
    for name, value in b_y.items():
        p["b_y"][{"START": START, "END": END, "UNK": UNK}[name]] = value
    history = {"epoch": 3, "text": "词"}
    p = network.lay_out(p)
    return LanguageModel(TOKENIZERS[tokenizer], vocabulary, SPELLING, network, p, carry_state, history)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.npz"


# The file.


KINDS = [*combinations(LETTERS.size, 8)]


@pytest.mark.parametrize("network", KINDS, ids=lambda one: "-".join(map(str, asdict(one).values())))
@pytest.mark.parametrize("carry_state", [True, False])
def test_a_model_comes_back_from_its_file_as_it_was(path, network, carry_state):
    saved = model(network=network, carry_state=carry_state)
    saved.save(path)
    loaded = LanguageModel.load(str(path))
    for name in ("tokenizer", "vocabulary", "spelling", "network", "carry_state", "history"):
        assert getattr(loaded, name) == getattr(saved, name), name
    for name, array in saved.p.items():
        np.testing.assert_array_equal(loaded.p[name], array)
        assert loaded.p[name].dtype == np.float32
        assert loaded.p[name].strides == array.strides
        assert loaded.p[name].flags.writeable
    texts = loaded.sample("a", num=3, length=40, seed=5)
    assert texts == saved.sample("a", num=3, length=40, seed=5)
    assert all(set(text) <= {*LETTERS.tokens, "\n"} for text in texts)


def test_the_settings_of_the_tokenizer_come_back_from_the_file_and_hold_for_prompts(path):
    words = Vocabulary(("云计算", "学", "é"), (3, 2, 1))
    tokenizer = make_tokenizer("jieba", {"normalize": "nfkc", "user_dict": [["云计算", None]]})
    replace(model(vocabulary=words, tokenizer="jieba"), tokenizer=tokenizer).save(path)
    loaded = LanguageModel.load(path)
    assert loaded.tokenizer == tokenizer
    assert loaded.encode("学云计算\ne\u0301").tolist() == [START, 4, 3, START, 5]
    assert loaded.unknown("Ａ云计算") == ["A"]
    plain = model(vocabulary=words, tokenizer="jieba")
    assert set(plain.encode("学云计算\ne\u0301").tolist()) == {START, UNK}


@pytest.mark.parametrize(
    "said", [{"normalize": "NFC"}, {"normalize": 5}, {"user_dict": 5}, {"words": []}, {"name": ["char"]}]
)
def test_a_tokenizer_with_settings_that_are_none_is_one_line(path, said):
    model().save(path)
    arrays, header = storage.load(path)
    header["tokenizer"].update(said)
    storage.save(path, arrays, header)
    with pytest.raises(RnnError, match="damaged: ") as caught:
        LanguageModel.load(path)
    assert "\n" not in str(caught.value)


def test_a_model_of_the_first_version_is_read_and_predicts_as_it_did():
    first = LanguageModel.load(VERSION_1)
    assert storage.load(VERSION_1)[1]["version"] == 1
    assert first.network == Network(242, 8, "tanh", "softmax", layers=1, embedding=0, tie=False)
    assert first.spelling == Spelling({})
    state = first.network.zero_state(1)
    # A sample that rnn 0.1.0 drew of it, and the logits that it then had for " ", "e", "t" and "o".
    for id in first.encode(
        "  e二lm学   wlsx  t an nd  e  uen一是haa n 奶 aetni h 他ahiawe   w    wosnl但wee  "
    ):
        logits, state = first.network.step(first.p, np.array([id]), state)
    ids = [first.vocabulary.ids[token] for token in " eto"]
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
    assert "No such file" in refused(path)
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


# What a text becomes.


def test_a_text_becomes_START_and_the_ids_of_each_line():
    assert model().encode("ab\ne").tolist() == [START, 4, 6, START, 3]
    assert model().encode("").tolist() == [START]
    assert model().encode("a\n").tolist() == [START, 4, START]
    assert model().encode("aXb").tolist() == [START, 4, UNK, 6]


def test_unknown_tokens_are_listed_each_once_as_they_come():
    assert model().unknown("zaXz\nbY") == ["z", "X", "Y"]
    assert model().unknown("ab 词") == []
    words = model(vocabulary=WORDS, tokenizer="space")
    assert words.unknown("the <unk> dog sat\n dog ran") == ["dog", "ran"]


# Samples.


def test_the_same_seed_gives_the_same_text():
    texts = [model(END=-9).sample("a", num=2, length=40, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("temperature", [0, 1.0, 5.0])
def test_START_and_UNK_are_never_drawn_however_likely(carry_state, temperature):
    drawn = model(carry_state=carry_state, START=60, UNK=60).generate(num=20, temperature=temperature)
    ids = np.array([*itertools.islice(drawn, 50)])
    assert not np.isin(ids, [START, UNK]).any()


@pytest.mark.parametrize("network", KINDS, ids=lambda one: "-".join(map(str, asdict(one).values())))
def test_START_and_UNK_are_never_drawn_by_a_network_of_any_kind(network):
    counts = np.full(LETTERS.size, 100)
    counts[[START, UNK]] = 10**6
    p = network.initialise(np.random.default_rng(0), counts)
    drawn = replace(model(network=network, carry_state=True), p=p).generate(num=20, length=20)
    assert set(np.unique([*drawn])) == set(range(LETTERS.size)) - {START, UNK}


def test_a_sample_stops_at_END():
    assert model(END=60).sample("ab", num=2) == ["ab", "ab"]
    many = model(END=0).sample(num=50, length=200)
    assert len({len(text) for text in many}) > 3
    assert all(len(text) < 200 for text in many)
    assert not any("\n" in text for text in many)


def test_samples_side_by_side_end_each_at_its_own_END_and_then_repeat_it():
    steps = np.array([*model(END=0).generate(num=10, length=500)])
    ends = [int(np.argmax(column == END)) for column in steps.T]
    assert len(set(ends)) > 2
    for column, end in zip(steps.T, ends, strict=True):
        assert column[end] == END
        assert (column[end:] == END).all()
    assert len(steps) == 1 + max(ends)  # and all stops with the last


def test_a_model_that_carries_its_state_goes_on_over_line_ends():
    text = model(carry_state=True, END=1.5).sample("a", length=120, seed=1)[0]
    assert len(text) == 1 + 120
    assert text.count("\n") > 3
    assert len(set(text)) > 3


def test_the_state_is_carried_over_a_line_end_or_it_is_not():
    # The greedy line after "…\n" depends on what stood before only where the state is carried.
    def following(carry_state, seed):
        one = model(seed, carry_state=carry_state, END=-60)
        return {
            one.sample(f"{line}\n", length=12, temperature=0)[0].split("\n")[1]
            for line in ("bbb", "ea", " 词")
        }

    assert all(len(following(False, seed)) == 1 for seed in range(5))
    assert any(len(following(True, seed)) > 1 for seed in range(5))


@pytest.mark.parametrize("length", [0, 1, 17])
@pytest.mark.parametrize("carry_state", [True, False])
def test_length_bounds_what_is_drawn_beyond_the_prompt(length, carry_state):
    texts = model(carry_state=carry_state, END=-60).sample("ab", num=3, length=length)
    assert [len(text) for text in texts] == [2 + length] * 3
    assert all(text.startswith("ab") for text in texts)


def test_side_by_side_samples_differ_and_greedy_ones_do_not():
    assert len(set(model(END=-60).sample("a", num=6, length=30))) == 6
    assert len(set(model(END=-60).sample("a", num=6, length=30, temperature=0))) == 1


@pytest.mark.parametrize("prompt", ["", "ab", "XYZ", "a X\nb", "词\n", "a\n\nb"])
@pytest.mark.parametrize("carry_state", [True, False])
def test_the_prompt_is_kept_as_it_was_typed(prompt, carry_state):
    texts = model(carry_state=carry_state).sample(prompt, num=3, length=10)
    assert all(text.startswith(prompt) for text in texts)


@pytest.mark.parametrize(("tokenizer", "vocabulary"), [("char", LETTERS), ("space", WORDS)])
@pytest.mark.parametrize("carry_state", [True, False])
def test_a_stream_is_a_single_sample_in_pieces(tokenizer, vocabulary, carry_state):
    one = model(1, vocabulary, tokenizer, carry_state=carry_state, END=1)
    for seed, prompt in enumerate(["", "the", "a b", "cat\n", "X"]):
        options = {"length": 30, "temperature": 0.9, "top_k": 5, "top_p": 0.95, "seed": seed}
        pieces = list(one.stream(prompt, **options))
        assert pieces[0] == prompt
        assert "".join(pieces) == one.sample(prompt, num=1, **options)[0]


def test_words_are_parted_by_spaces_and_lines_begin_without():
    words = model(2, WORDS, "space", carry_state=True, END=1)
    text = words.sample("the dog", length=40)[0]
    assert text.startswith("the dog")
    assert text.count("\n") > 2
    drawn = text.removeprefix("the dog").split("\n")
    assert all(line == "" or line.startswith(" ") for line in drawn[:1])
    for line in drawn[1:]:
        assert line == " ".join(line.split())
        assert set(line.split()) <= set(WORDS.tokens)
    assert not words.sample(length=5)[0].startswith(" ")


def naive_greedy(p, ids, length, carry_state, g1):
    """The likeliest continuation, by the tutorial's equations on one-hot column vectors in float64."""
    U, W, V, b_a, b_y = (np.float64(p[name]) for name in ("U", "W", "V", "b_a", "b_y"))
    s, drawn = np.zeros(len(b_a)), []

    def step(id, s):
        x = np.zeros(len(b_y))
        x[id] = 1
        s = g1(U @ x + W @ (s * 0 if id == START and not carry_state else s) + b_a)
        return V @ s + b_y, s

    for id in ids:
        logits, s = step(id, s)
    while len(drawn) < length:
        allowed = [id for id in range(len(b_y)) if id not in (START, UNK)]
        best = max(allowed, key=lambda id: logits[id])
        drawn.append(best)
        if best == END and not carry_state:
            break
        logits, s = step(START if best == END else best, s)
    return drawn


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("cell", ["tanh", "relu"])
def test_a_greedy_sample_is_the_tutorial_step_by_step(path, cell, carry_state):
    g1 = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}[cell]
    lengths = set()
    for seed in range(12):
        one = model(seed, cell=cell, carry_state=carry_state)
        one.save(path)
        with np.load(path) as p:
            ids = naive_greedy(p, [START, 4, UNK, START, 6, 3], 25, carry_state, g1)
        expected = "".join("\n" if id == END else LETTERS.token(id) for id in ids)
        if not carry_state:
            expected = expected.removesuffix("\n")
        lengths.add(len(set(expected)))
        assert one.sample("aX\nbe", length=25, temperature=0)[0] == f"aX\nbe{expected}"
    assert max(lengths) > 2  # they do wander


def test_a_text_is_drawn_as_often_as_the_network_says():
    one = model(4)
    logits, _ = one.network.step(one.p, np.array([START]), one.network.zero_state(1))
    logits[0, [START, UNK]] = -np.inf
    o = np.exp(logits[0] - logits.max())
    o /= o.sum()
    first = next(iter(one.generate(num=20_000, seed=3)))
    np.testing.assert_allclose(np.bincount(first, minlength=len(o)) / 20_000, o, atol=0.015)
