"""rnn plot: draw learning curves."""

import itertools
from pathlib import Path
from typing import Annotated

import typer

from rnn_cli.cli.console import say, warn
from rnn_cli.cli.language import label
from rnn_cli.cli.progress import follow
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.curves import FORMATS, LOSSES, Curve, Words, draw, refuse_without_matplotlib
from rnn_cli.models.file import model_path
from rnn_cli.models.loading import load
from rnn_cli.printing import printable
from rnn_cli.runs.files import refuse_overwriting, try_writing, write_bytes
from rnn_cli.runs.later_epochs import with_later_epochs


def plot(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="Model files.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Write the picture here; its name ends in .svg, .png or .pdf.",
        ),
    ] = Path("loss.svg"),
    title: Annotated[str, typer.Option(help="The picture's title.", show_default=False)] = "",
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite --out.")] = False,
) -> None:
    """Draw the learning curves of one or more models together.

    A solid line is the validation loss of each epoch, a dashed one the training loss; a star marks the best
    epoch, that of the model. Later epochs are drawn if the training state still exists (m.state.npz beside
    m.npz). Losses can be compared only between models of the same task that split the text alike.
    """
    kind = out.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise UsageError(f"--out {out}: the name must end in {', '.join(f'.{name}' for name in FORMATS)}")
    refuse_overwriting(out, [model_path(model) for model in models], force, "--out")
    refuse_without_matplotlib()
    try_writing(out)
    curves: dict[str, Curve] = {}
    losses: set[str] = set()
    for model in models:
        loaded = load(model)
        losses.add(LOSSES[loaded.facts()["task"]])
        curve = Curve.of(follow(with_later_epochs(model, loaded.history)))
        if not curve.losses:
            raise RnnError(f"{model_path(model)}: no losses per epoch in its history")
        curves[_label(model, curves)] = curve
    loss = ", ".join([label("loss"), *map(label, losses if len(losses) == 1 else ())])
    drawn = draw(curves, kind, title, Words(label("epoch"), loss, label("training")))
    write_bytes(out, drawn.data)
    if drawn.undrawable:
        warn(
            f"no font has {printable(drawn.undrawable)}: they are drawn as boxes; a font such as Noto Sans "
            "CJK has Chinese characters"
        )
    say(f"wrote {out}")


def _label(model: Path, others: dict[str, Curve]) -> str:
    """Return the name of a model's file, with a number if another model has the same name."""
    stem = model_path(model).stem
    names = itertools.chain([stem], (f"{stem} ({number})" for number in itertools.count(2)))
    return next(name for name in names if name not in others)
