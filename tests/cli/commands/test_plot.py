"""rnn plot: learning curves as a picture."""

import sys
from types import ModuleType

import pytest

from rnn_cli import storage


def test_curves_of_several_models_are_one_picture(rnn, models, folder):
    pytest.importorskip("matplotlib")
    said = rnn("plot", models["char"], models["chinese"], "--out", "曲线.svg", "--title", "学习曲线")
    assert said.err.endswith("wrote 曲线.svg\n")
    assert (folder / "曲线.svg").read_bytes().startswith(b"<?xml")
    rnn("plot", models["char"], "--out", "loss.png")
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_two_models_of_one_name_are_both_drawn(rnn, models, folder):
    pytest.importorskip("matplotlib")
    (folder / "char.npz").write_bytes(models["lstm"].read_bytes())
    rnn("plot", models["char"], "char.npz", "--out", "both.svg")
    rnn("plot", models["char"], "--out", "one.svg")
    second_colour = b"#ff7f0e"
    assert second_colour in (folder / "both.svg").read_bytes()
    assert second_colour not in (folder / "one.svg").read_bytes()


def test_what_cannot_be_drawn_is_refused(fails, models, read_npz, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", ModuleType("matplotlib"))  # nothing gets so far
    assert ".svg, .png, .pdf" in fails(2, "plot", models["char"], "--out", "loss.txt")
    assert fails(1, "plot", "none.npz").startswith("none.npz: no such file")
    header, arrays = read_npz(models["char"])
    storage.save(folder / "m.npz", arrays, header | {"history": {}})
    assert "no losses" in fails(1, "plot", "m.npz")
    (folder / "loss.svg").write_text("mine")
    assert "--force" in fails(2, "plot", models["char"])


def test_without_matplotlib_one_line_says_what_to_install(fails, models, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = fails(2, "plot", models["char"], "none.npz")  # before a model is read
    assert line == "rnn plot needs matplotlib: pip install 'rnn-cli[plot]'"
