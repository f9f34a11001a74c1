"""rnn export: a model in the form of another program."""

import json
import sys

import pytest

from rnn_cli import LanguageModel
from rnn_cli.models.exporting.forms import export


def test_word_vectors_are_written_and_their_lines_printed(rnn, models, folder):
    said = rnn("export", models["tied"], "--to", "word2vec", "--out", "vectors.txt")
    expected = export(LanguageModel.load(models["tied"]), "word2vec", "vectors.txt")
    assert (folder / "vectors.txt").read_bytes() == expected.data
    assert said.out == expected.code
    assert said.err == "wrote vectors.txt; the lines above load and run it\n"
    assert [path.name for path in folder.iterdir()] == ["vectors.txt"]


def test_the_lines_run_as_they_are_printed(rnn, models, process, folder):
    pytest.importorskip("torch")
    said = rnn("export", models["lstm"], "--to", "torch", "--out", "m.pt")
    assert json.loads((folder / "m.pt.json").read_text(encoding="utf-8"))["cell"] == "lstm"
    assert "torch.nn.LSTM(" in said.out
    exec(said.out, {})


def test_nothing_is_overwritten_unless_it_is_said(fails, rnn, models, folder):
    (folder / "m.onnx.json").write_text("mine")
    assert "--force" in fails(2, "export", models["char"], "--to", "onnx", "--out", "m.onnx")
    (folder / "v.txt").write_text("mine")
    assert "--force" in fails(2, "export", models["char"], "--to", "word2vec", "--out", "v.txt")
    rnn("export", models["char"], "--to", "word2vec", "--out", "v.txt", "--force")
    assert (folder / "v.txt").read_text(encoding="utf-8").count("\n") > 9


def test_what_cannot_be_written_is_refused(fails, models, model_of_labels, monkeypatch):
    assert "not one of" in fails(2, "export", models["char"], "--to", "keras", "--out", "m.out")
    assert fails(1, "export", "none", "--to", "word2vec", "--out", "v").startswith("none.npz: no such file")
    assert "task is classify" in fails(2, "export", model_of_labels, "--to", "torch", "--out", "m.pt")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert fails(2, "export", models["char"], "--to", "onnx", "--out", "m.onnx") == (
        "--to onnx needs its library: pip install 'rnn-cli[onnx]'"
    )
