"""Model files: arrays and a JSON header in one .npz, validated before use.

README.md in this folder describes the format. Every version ever written stays readable: each has a fixture
in tests/data.
"""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rnn_cli import storage
from rnn_cli.errors import (
    LONGEST_QUOTE,
    RnnError,
    Unknown,
    check_all_known,
    check_known,
    from_newer,
    one_line,
)
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon

SUFFIX = ".npz"
FORMAT = "rnn model"
VERSION = 2  # of language models; version 1 has one layer, no embedding and a softmax
NEWEST = 3  # of the other tasks, which older versions do not know
LANGUAGE = "language"
USES = {  # what a model models, and the commands that read it
    LANGUAGE: ("a language", "rnn sample, next and score read it"),
    "classify": ("labels", "rnn predict, test and score read it"),
    "rate": ("a score", "rnn predict, test and score read it"),
    "translate": ("pairs", "rnn predict, test and score read it"),
    "tag": ("tags", "rnn predict, test and score read it"),
    "generate": ("text from a label", "rnn sample --label, test and score read it"),
}
Model = TypeVar("Model")
Made = TypeVar("Made")


class Contents(NamedTuple):
    """The contents of a language model's file: the fields of LanguageModel."""

    lexicon: Lexicon
    network: Network
    p: Parameters
    carry_state: bool
    history: dict[str, Any]


def model_path(name: str | Path) -> Path:
    """Return the path of a model's file: `m` means m.npz, unless m itself exists."""
    path = Path(name)
    if path.suffix == SUFFIX or not path.name or os.path.lexists(path):
        return path
    return path.with_name(path.name + SUFFIX)


def header_of(contents: Contents) -> dict[str, Any]:
    """Return the header of a language model's file."""
    network, state = asdict(contents.network), {"carry_state": contents.carry_state}
    return header(LANGUAGE, contents.lexicon, network, contents.history) | state


def header(task: str, lexicon: Lexicon, network: dict[str, Any], history: dict[str, Any]) -> dict[str, Any]:
    """Return the header entries common to all tasks."""
    kind = {"version": VERSION} if task == LANGUAGE else {"version": NEWEST, "task": task}
    return {"format": FORMAT, **kind, **lexicon.to_json(), "network": network, "history": history}


def read(name: str | Path) -> Contents:
    """Read the file of a language model. Raises the errors of `read_as`."""
    return read_as(name, (LANGUAGE,), contents)


def read_as(
    name: str | Path, tasks: Sequence[str], make: Callable[[Parameters, dict[str, Any]], Model]
) -> Model:
    """Read a model file (`model_path`) of one of some tasks, and return `make` of its arrays and header.
    Raises RnnError, naming the problem, unless the file is complete and valid."""
    path = model_path(name)
    arrays, header = _opened(path)
    task = header.get("task", LANGUAGE)
    try:
        check_known("task", task, USES)
        if task not in tasks:
            what, commands = USES[task]
            raise RnnError(f"{path}: a model of {what}: {commands}")
        if type(header["version"]) is not int or header["version"] < 1:
            raise ValueError(f"there is no version {header['version']!r}")
        return make(arrays, header)
    except Unknown as error:
        raise from_newer(path, one_line(error)) from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise RnnError(f"{path}: damaged: {one_line(error)}") from error


def task_of(name: str | Path) -> str:
    """Return the task of the model in a file. Raises RnnError if it holds no model."""
    task = _opened(model_path(name))[1].get("task", LANGUAGE)
    return task if isinstance(task, str) else repr(task)


def _opened(path: Path) -> tuple[Parameters, dict[str, Any]]:
    """Return the arrays and the header of a model file for any task."""
    try:
        arrays, header = storage.load(path)
    except RnnError as error:
        if isinstance(error.__cause__, FileNotFoundError) and not path.is_symlink():
            quoted = shlex.quote(str(path))
            model = quoted if len(quoted) <= LONGEST_QUOTE else "FILE"
            raise RnnError(f"{path}: no such file: rnn train TEXT --model {model} writes one") from error
        raise
    kind, version = header.get("format"), header.get("version")
    if kind != FORMAT:
        other = repr(kind[:LONGEST_QUOTE]) if isinstance(kind, str) else "something else"
        raise RnnError(f"{path}: not a model file of rnn, but {other}")
    newest = NEWEST if "task" in header else VERSION
    if isinstance(version, int) and version > newest:
        raise from_newer(path, f"version {version}; this rnn reads {newest}")
    return arrays, header


def contents(arrays: Parameters, header: dict[str, Any]) -> Contents:
    """Return the contents that a language model's arrays and header make up. Raises one of several errors if
    they do not fit together."""
    lexicon = Lexicon.from_json(header)
    network = _network(header["network"], lexicon.vocabulary.size, arrays)
    carry_state, history = header["carry_state"], header["history"]
    if not isinstance(carry_state, bool) or not isinstance(history, dict):
        raise TypeError("carry_state is neither true nor false, or history no object")
    return Contents(lexicon, network, network.lay_out(arrays), carry_state, history)


def _network(said: dict[str, Any], m: int, arrays: Parameters) -> Network:
    """Return the network that a header describes, if the parameters fit it. Raises one of several errors."""
    if not isinstance(said, dict):
        raise TypeError("network is no object")
    if any(isinstance(said[name], bool) for name in said if name != "tie"):  # in Python equal to 0 and 1
        raise ValueError("a size is true or false, and no number")
    network = made(Network, said)
    if network.m != m:
        raise ValueError(f"m is {network.m} but the vocabulary's size {m}")
    check_count(network.layers + len(network.cutoffs), len(arrays))
    check_arrays(network.shapes, arrays)
    return network


def made(kind: type[Made], said: Mapping[str, Any]) -> Made:
    """Return a network (a dataclass) from the choices in a header. Raises Unknown for a choice that it does
    not have, and one of several errors for choices that are otherwise wrong."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    check_all_known("choice of a network", said, names)
    return kind(**said)


def choices(said: Any, *flags: str) -> dict[str, Any]:
    """Return a header's network choices, checking that exactly those named in `flags` are booleans, since
    Python takes True and False for 1 and 0. Raises TypeError or ValueError."""
    if not isinstance(said, dict):
        raise TypeError("network is no object")
    for name, value in said.items():
        if isinstance(value, bool) != (name in flags):
            raise ValueError(f"{name} is {value!r}")
    return said


def check_count(layers: int, arrays: int) -> None:
    """Raise ValueError if a file holds fewer arrays than its network has layers. This comes before making a
    list as long as the header claims."""
    if layers > arrays:
        raise ValueError("holds too few arrays for its layers")


def check_arrays(shapes: Mapping[str, tuple[int, ...]], arrays: Parameters) -> None:
    """Raise ValueError unless the arrays are finite float32 of these shapes."""
    if arrays.keys() != shapes.keys():
        raise ValueError(f"holds arrays {', '.join(arrays)}, not {', '.join(shapes)}")
    for name, array in arrays.items():
        if array.shape != shapes[name]:
            raise ValueError(f"{name} has the shape {array.shape}, not {shapes[name]}")
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f"{name} holds values that are not finite float32 numbers")
