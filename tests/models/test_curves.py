"""Learning curves: what a history holds, and pictures of them."""

import sys

import pytest

from rnn_cli.errors import UsageError
from rnn_cli.models.curves import Curve, draw

FALLING = Curve([3.0, 2.0, 1.5], [3.1, 2.2, 2.1], 3)


def test_a_curve_has_the_losses_of_each_epoch():
    epochs = [{"train_loss": 3.5, "valid_loss": None}, {"train_loss": 2, "valid_loss": 1.0}]
    curve = Curve.of({"epochs": epochs, "epoch": 2})
    assert curve == ([3.5, 2.0], [None, 1.0], 2)
    assert curve.losses == [3.5, 2.0, 1.0]


@pytest.mark.parametrize(
    "history",
    [
        {},
        {"epochs": 5},
        {"epochs": [3, {}]},
        {"epochs": [{"train_loss": "low"}]},
        {"epochs": None, "epoch": "x"},
    ],
    ids=str,
)
def test_a_history_may_be_any(history):
    assert Curve.of(history).losses == []


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_picture_is_drawn(kind, begins):
    pytest.importorskip("matplotlib")
    curves = {"唐诗": FALLING, "_under$core": Curve([3.0], [None], None)}
    drawn = draw(curves, kind, "学习曲线")
    assert drawn.data.startswith(begins)
    if kind == "svg":
        assert draw(curves, kind, "学习曲线") == drawn  # no date in it
        assert b"<path" in drawn.data


def test_characters_that_no_font_has_are_named():
    pytest.importorskip("matplotlib")
    assert draw({"a": FALLING}, "png", "x\U00013000").undrawable == "\U00013000"
    assert draw({"a": FALLING}, "png", "x").undrawable == ""


def test_without_matplotlib_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="pip install"):
        draw({"a": FALLING}, "svg")
