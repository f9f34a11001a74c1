"""Learning curves: the losses of each epoch in a model's history, and a plot of those of several models.

The plot needs matplotlib (`pip install 'rnn-cli[plot]'`). Its text uses fonts of this machine.
"""

import io
import math
import re
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from rnn_cli.errors import UsageError
from rnn_cli.models import file

FORMATS = ("svg", "png", "pdf")
FONTS = (  # with Chinese characters
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK TC", "Source Han Sans SC", "Source Han Sans CN"),
    *("Noto Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB"),
    *("Heiti SC", "STHeiti", "Songti SC", "Microsoft YaHei", "SimHei", "SimSun", "Arial Unicode MS"),
    *("Noto Serif CJK SC", "Noto Serif CJK JP", "AR PL UMing CN", "Droid Sans Fallback"),
)
MISSING = re.compile(r"Glyph (\d+) .*missing from")  # a warning of matplotlib
SIZE = (8.0, 5.0)  # inches
DOTS = 150  # per inch, for png
FEW = 30  # with at most this many epochs, each has a marker


LOSSES = {  # the meaning of each task's loss
    file.LANGUAGE: "nats a token",
    "generate": "nats a token",
    "translate": "nats a token",
    "classify": "nats a text",
    "tag": "nats a tag",
    "rate": "squared error of scores from 0 to 1",
}
WITH_PERPLEXITY = frozenset(
    {file.LANGUAGE, "generate", "translate"}
)  # tasks that predict texts token by token


class Curve(NamedTuple):
    """The losses of each epoch; None where one is missing.

    best: the epoch of the model, counted from 1; None if unknown.
    """

    train: list[float | None]
    valid: list[float | None]
    best: int | None = None

    @classmethod
    def of(cls, history: dict[str, Any]) -> Self:
        """Return the curve in a model's history, which may be any JSON; without epochs if it holds none."""
        epochs = history.get("epochs")
        rows = [row if isinstance(row, dict) else {} for row in epochs] if isinstance(epochs, list) else []
        train, valid = ([_number(row.get(name)) for row in rows] for name in ("train_loss", "valid_loss"))
        best = history.get("epoch")
        return cls(train, valid, best if isinstance(best, int) else None)

    @property
    def losses(self) -> list[float]:
        """All losses that are present."""
        return [loss for loss in (*self.train, *self.valid) if loss is not None]


class Words(NamedTuple):
    """The words in a plot, in the reader's language. loss: the label of the loss axis. training: added to a
    model's name for its training losses."""

    epoch: str = "epoch"
    loss: str = "loss"
    training: str = "training"


ENGLISH = Words()


class Drawn(NamedTuple):
    """A plot. undrawable: the characters of its labels that no font of the machine has."""

    data: bytes
    undrawable: str


def refuse_without_matplotlib() -> None:
    """Raise UsageError if matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UsageError("rnn plot needs matplotlib: pip install 'rnn-cli[plot]'") from error


def draw(curves: dict[str, Curve], kind: str, title: str = "", words: Words = ENGLISH) -> Drawn:
    """Return a plot of curves, each under its label. kind: one of FORMATS.

    Raises UsageError if matplotlib is not installed.
    """
    refuse_without_matplotlib()
    import matplotlib
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    there = {font.name for font in font_manager.fontManager.ttflist}
    fonts = ["DejaVu Sans", *(name for name in FONTS if name in there)]
    settings = {"font.family": fonts, "svg.fonttype": "path", "svg.hashsalt": "rnn"}
    with matplotlib.rc_context(settings), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        _fill(axes, curves, title, words)
        written = io.BytesIO()
        figure.savefig(written, format=kind, dpi=DOTS, metadata={"Date": None} if kind == "svg" else None)
    found = (MISSING.match(str(warning.message)) for warning in caught)
    undrawable = dict.fromkeys(chr(int(each[1])) for each in found if each)
    return Drawn(written.getvalue(), "".join(undrawable))


def _fill(axes: Any, curves: dict[str, Curve], title: str, words: Words) -> None:
    """Draw the validation losses as solid lines, the training losses dashed in the same colour."""
    longest = max(len(curve.train) for curve in curves.values())
    marker = "o" if longest <= FEW else None
    for number, (label, curve) in enumerate(curves.items()):
        colour, epochs = f"C{number % 10}", range(1, len(curve.train) + 1)
        has_valid = any(loss is not None for loss in curve.valid)
        name = _plain(label)
        if has_valid:
            axes.plot(epochs, _gaps(curve.valid), color=colour, marker=marker, ms=3, label=name)
        train = f"{name} ({words.training})" if has_valid else name
        axes.plot(epochs, _gaps(curve.train), color=colour, ls="--", lw=1, alpha=0.8, label=train)
        if has_valid and curve.best and curve.best <= len(curve.valid) and curve.valid[curve.best - 1]:
            axes.plot([curve.best], [curve.valid[curve.best - 1]], color=colour, marker="*", ms=11)
    axes.set_xlabel(words.epoch)
    axes.set_ylabel(words.loss)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend()
    if title:
        axes.set_title(_plain(title))


def _plain(text: str) -> str:
    """Return a text escaped so that matplotlib sees no formula; a legend would omit labels that begin with
    _."""
    text = text.replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def _gaps(losses: Sequence[float | None]) -> list[float]:
    return [math.nan if loss is None else loss for loss in losses]


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None
