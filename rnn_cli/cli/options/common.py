"""Building blocks of options, and the options that several commands share, except the settings of a run."""

import math
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from rnn_cli.errors import LONGEST_QUOTE, RnnError
from rnn_cli.runs.encoding import ENCODING

DEFAULT_MODEL = Path("model.npz")
Named = TypeVar("Named", bound=Path | None)
ENDING = re.compile(r"\.\w+")  # of a file's name
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}  # of memory, in bytes


def one_of(names: Iterable[str]) -> dict[str, Any]:
    """Return the keyword arguments of a typer.Option that accepts only these names."""
    names = list(names)

    def check(value: str | None) -> str | None:
        if value is not None and value not in names:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(names)}")
        return value

    return {"metavar": "|".join(names), "callback": check}


def finite(value: float | None) -> float | None:
    """Refuse nan and inf, which pass range checks."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


def bytes_of(size: str | None) -> int | None:
    """Return a size such as "2G" or "500M" in bytes. Raises typer.BadParameter for anything else."""
    if size is None:
        return None
    number, unit = (size[:-1], size[-1].upper()) if size[-1:].upper() in UNITS else (size, "")
    with suppress(ValueError):
        count = float(number) * UNITS.get(unit, 1)
        if 1 <= count < 1 << 63:
            return int(count)
    raise typer.BadParameter(f"{size!r} is not a memory size (such as 500M or 2G)")


def a_size(value: str | None) -> str | None:
    """Refuse a value that is not a memory size."""
    bytes_of(value)
    return value


def a_file(path: Named) -> Named:
    """Refuse an empty name, which `Path` takes for the current folder."""
    if path is not None and path == Path():
        raise typer.BadParameter("a file name is needed")
    return path


def files_of_text(context: typer.Context, paths: list[str] | None) -> list[str] | None:
    """Refuse a missing file whose name looks like a text given by mistake: it has no folder and no ending."""
    for path in paths or []:
        is_path = path == "-" or os.sep in path or ENDING.fullmatch(os.path.splitext(path)[1])
        if not is_path and not os.path.lexists(path):
            way = f"to give a text itself, pipe it in: echo … | rnn {context.info_name} --model …"
            raise RnnError(f"{path[:LONGEST_QUOTE]}: no such file; {way}")
    return paths


ModelOption = Annotated[Path, typer.Option("--model", "-m", callback=a_file, help="The model file.")]
CacheDirOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Keep texts as ids in this folder. Default: the user's cache folder.",
        show_default=False,
        rich_help_panel="Text",
    ),
]
NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Do not keep the text as ids.", rich_help_panel="Text")
]
MaxMemoryOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        callback=a_size,
        show_default=False,
        rich_help_panel="Training",
        help="Refuse a run that would take more memory than this (500M, 2G). Default: all that the "
        "machine has.",
    ),
]
EncodingOption = Annotated[  # of commands that are not runs
    str | None, typer.Option(metavar="NAME", help=ENCODING, show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON: one object, or one per line.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        max=1024,
        show_default=False,
        help="Cores to compute on. Default: as many as speed it up.",
    ),
]
