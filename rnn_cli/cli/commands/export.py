"""rnn export: write a model in the format of another program."""

from pathlib import Path
from typing import Annotated

import typer

from rnn_cli.cli.console import say, write_text
from rnn_cli.cli.options.common import a_file, one_of
from rnn_cli.models.exporting.forms import FORMS
from rnn_cli.models.exporting.forms import export as exported
from rnn_cli.models.file import model_path
from rnn_cli.models.loading import load
from rnn_cli.runs.files import refuse_overwriting, try_writing, write_bytes


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", callback=a_file, help="The model file.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            show_default=False,
            help="A PyTorch state dict, the same as safetensors, one step as ONNX, or token vectors.",
            **one_of(FORMS),
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Write it here.")],
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite --out.")] = False,
) -> None:
    """Write a model in another program's format, and print the Python code that loads and runs it.

    FILE.json, written beside FILE, lists the tokens by id; the word2vec format contains them itself.
    """
    written = [out]
    refuse(out, model, force)
    if FORMS[to].of_language:
        written.append(out.with_name(f"{out.name}.json"))
        refuse(written[1], model, force)
    found = exported(load(model), to, str(out))
    write_bytes(out, found.data)
    if found.about is not None:
        write_bytes(written[1], found.about)
    write_text(found.code)
    say(f"wrote {' and '.join(map(str, written))}; the lines above load and run it")


def refuse(path: Path, model: Path, force: bool) -> None:
    """Raise RnnError for a file that cannot be written, or must not be overwritten."""
    refuse_overwriting(path, [model_path(model)], force, "--out")
    try_writing(path)
