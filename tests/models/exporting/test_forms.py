"""Models in the forms of other programs: these compute the same, to 1e-5, by the lines that are printed."""

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import Classifier, LanguageModel
from rnn_cli.errors import UsageError
from rnn_cli.models.exporting.forms import FORMS, export
from rnn_cli.models.exporting.pytorch import state_dict
from rnn_cli.models.looking.derivatives import noisy_model
from rnn_cli.network.cells import CELLS

CORPUS = Path(__file__).parents[3] / "corpora" / "chinese.txt"
CHOICES = {
    "one-hot": {},
    "two layers": {"embedding": 4, "layers": 2},
    "tied": {"tie": True},
    "adaptive": {"output": "adaptive"},
    "classes": {"output": "classes", "tie": True},
}
NEEDS = {
    "torch": ["torch"],
    "safetensors": ["torch", "safetensors"],
    "onnx": ["onnx", "onnxruntime"],
}


@pytest.fixture(scope="module")
def lines():
    """Real text."""
    return CORPUS.read_text(encoding="utf-8").splitlines()[:12]


def libraries(form):
    for name in NEEDS[form]:
        pytest.importorskip(name, reason=f"{form} is compared with {name}, which is not installed")


def run(model, form, folder, monkeypatch):
    """Write a model, and run the lines of Python that go with it; -> what they leave."""
    monkeypatch.chdir(folder)
    found = export(model, form, "m.out")
    Path("m.out").write_bytes(found.data)
    Path("m.out.json").write_bytes(found.about)
    left = {}
    exec(found.code, left)
    return left


def log_o(left, form, ids):
    """The logarithms of the probabilities after each of some ids, as the lines compute them."""
    if form == "onnx":
        for s in left["states"].values():
            s[...] = 0
        return np.array([left["log_o"](id) for id in ids])
    torch = left["torch"]
    with torch.no_grad():
        return left["log_o"](torch.tensor(ids))[0].numpy()


@pytest.mark.parametrize("form", NEEDS)
@pytest.mark.parametrize(("cell", "choices"), [*product(CELLS, CHOICES)])
def test_the_other_library_computes_the_same_on_real_text(
    form, cell, choices, lines, tmp_path, monkeypatch, capsys
):
    libraries(form)
    model = noisy_model("\n".join(lines), 4, CHOICES[choices] | {"cell": cell}, 0)
    left = run(model, form, tmp_path, monkeypatch)
    for line in lines[:4]:
        ids = model.encode(line)
        expected = model.network.log_o(model.p, model.network.states(model.p, ids))
        np.testing.assert_allclose(log_o(left, form, ids.tolist()), expected, atol=1e-5)
    assert capsys.readouterr().out.count(" -> ") == 6


@pytest.mark.parametrize("form", NEEDS)
@pytest.mark.parametrize("kind", ["char", "lstm", "gru", "adaptive"])
def test_a_trained_model_scores_a_text_as_rnn_does(
    form, kind, models, english, chinese, tmp_path, monkeypatch
):
    libraries(form)
    model = LanguageModel.load(models[kind])
    left = run(model, form, tmp_path, monkeypatch)
    for line in (chinese if kind == "adaptive" else english)[:3]:
        (scored,) = model.score([line]).lines
        ids = model.encode(line).tolist()
        nats = -log_o(left, form, ids)[np.arange(len(ids)), [*ids[1:], 1]]
        assert nats == pytest.approx(scored.nats, abs=1e-5)


def test_the_second_file_has_the_tokens_by_id(models):
    pytest.importorskip("onnx")
    model = LanguageModel.load(models["chinese"])
    about = json.loads(export(model, "onnx", "m.onnx").about)
    assert about["tokens"] == ["<start>", "<end>", "<unk>", *model.lexicon.vocabulary.tokens]
    assert about["tokenizer"]["name"] == "char"
    assert (about["cell"], about["hidden"], about["carry_state"]) == ("tanh", 8, False)


@pytest.mark.parametrize("kind", ["char", "tied", "adaptive"])
def test_word_vectors_are_those_of_the_tokens(kind, models, tmp_path):
    model = LanguageModel.load(models[kind])
    found = export(model, "word2vec", "v.txt")
    head, *rows = found.data.decode().splitlines()
    tokens = model.lexicon.vocabulary.tokens
    d = model.network.embedding or model.network.n
    assert head == f"{len(tokens)} {d}"
    assert found.about is None
    p = model.p
    table = p["V"] if model.network.tie else p[model.network.input.table].T
    for token, row, vector in zip(tokens, rows, table[3:], strict=True):
        name, *numbers = row.split(" ")
        assert name == token.replace(" ", "▁")
        np.testing.assert_array_equal(np.array(numbers, np.float32), vector)


def test_gensim_reads_the_word_vectors(models, tmp_path, monkeypatch):
    gensim = pytest.importorskip("gensim.models")
    monkeypatch.chdir(tmp_path)
    model = LanguageModel.load(models["tied"])
    Path("v.txt").write_bytes(export(model, "word2vec", "v.txt").data)
    read = gensim.KeyedVectors.load_word2vec_format("v.txt")
    assert tuple(read.index_to_key) == model.lexicon.vocabulary.tokens
    np.testing.assert_allclose(read.vectors, model.p["V"][3:], atol=1e-6)


def test_a_model_of_labels_has_word_vectors_alone(model_of_labels):
    model = Classifier.load(model_of_labels)
    assert export(model, "word2vec", "v.txt").data.startswith(b"5 8\n")
    with pytest.raises(UsageError, match="language model"):
        export(model, "torch", "m.pt")


@pytest.mark.parametrize(
    ("form", "library"), [("torch", "torch"), ("safetensors", "safetensors"), ("onnx", "onnx")]
)
def test_where_a_library_is_missing_the_way_out_is_named(form, library, models, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, f"{library}.numpy", None)
    with pytest.raises(UsageError, match=rf"pip install 'rnn-cli\[{form}\]'"):
        export(LanguageModel.load(models["char"]), form, "m.out")


@pytest.mark.parametrize("form", FORMS)
def test_any_name_of_a_file_can_stand_in_the_lines(form, models):
    for name in NEEDS.get(form, []):
        pytest.importorskip(name)
    compile(export(LanguageModel.load(models["char"]), form, 'a "b" \\ 词\n.pt').code, "lines", "exec")


@pytest.mark.parametrize(("cell", "output"), [*((cell, "softmax") for cell in CELLS), ("lstm", "classes")])
def test_safetensors_alone_finds_the_arrays_of_the_state_dict(cell, output, lines, tmp_path):
    """Where there is no PyTorch to load them."""
    safetensors = pytest.importorskip("safetensors.numpy", reason="there is no safetensors")
    choices = {"cell": cell, "layers": 2, "embedding": 4, "output": output}
    model = noisy_model(lines[0], 3, choices, seed=1)
    found = safetensors.load(export(model, "safetensors", "m.out").data)
    expected = state_dict(model.network, model.p)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
