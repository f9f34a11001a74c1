"""What a setting is, and the checks of its value and of settings that exclude each other."""

import codecs
import os
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rnn_cli.errors import UsageError
from rnn_cli.runs.interval import Interval
from rnn_cli.runs.json_types import check_types
from rnn_cli.runs.presets import highest_lr
from rnn_cli.text.tokenizers import DEFAULT_TOKENIZER, TOKENIZERS
from rnn_cli.training.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from rnn_cli.runs.settings import Settings

FILES = ("valid", "vocab", "user_dict", "init", "log")  # the settings that name one file
OF_A_MODEL = {"vocab", "min_count", "max_size", "normalize", "user_dict"}  # what a model of --init decides
KINDS = {
    int | None: "a whole number, 0 or more,",
    float | None: "a finite number, 0 or more,",
    str | None: "a text",
    bool | None: "true or false",
}

Group = Literal["Text", "Network", "Training", "Files"]


class About(NamedTuple):
    """What a setting is, for its documentation and its checks."""

    group: Group
    help: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


def absolute(path: str) -> str:
    """Return a path that holds in any folder; - is standard input, and no path."""
    return path if path == "-" else os.path.abspath(path)


def flag(name: str, value: Any) -> str:
    """Return a setting as the command line gives it."""
    dashed = name.replace("_", "-")
    match value:
        case True:
            return f"--{dashed}"
        case False:
            return f"--no-{dashed}"
        case list() | tuple():
            return " ".join(value)
    return f"--{dashed} {value}"


def check_value(name: str, value: Any, kind: Any, about: About) -> None:
    """Raise UsageError for a value of the wrong type, out of bounds, or not among the choices."""
    try:
        check_types({name: kind}, {name: value})
    except ValueError as error:
        raise UsageError(f"--{name.replace('_', '-')}: {KINDS[kind]} is needed") from error
    if value is None:
        return
    if about.choices and value not in about.choices:
        raise UsageError(f"{flag(name, value)}: not one of {', '.join(about.choices)}")
    if about.least is not None and not about.least <= value <= (about.most or float("inf")):
        most = f" to {about.most:,}" if about.most else " or more"
        raise UsageError(f"{flag(name, value)}: out of range, {about.least:g}{most}")
    if value == "" and name in FILES:
        raise UsageError(f"--{name.replace('_', '-')} needs the name of a file")


def refuse_exclusions(s: "Settings") -> None:
    """Raise UsageError for settings that exclude each other."""
    rate = s.lr if s.lr is not None else OPTIMIZERS[s.optimizer].lr if s.optimizer else highest_lr()
    refuse_no_weights(rate, s.weight_decay or 0.0)
    refuse_tying(s.tie, s.output, s.embedding, s.hidden)
    if s.log == "-":
        raise UsageError("--log needs the name of a file")
    if s.valid is not None and s.valid_fraction is not None:
        raise UsageError("--valid and --valid-fraction exclude each other")
    if s.user_dict is not None and TOKENIZERS[s.tokenizer or DEFAULT_TOKENIZER].knowing is None:
        raise UsageError(f"--user-dict is of no use with --tokenizer {s.tokenizer}: drop one")
    given = s.given()
    if s.vocab is not None and given.keys() & {"normalize", "user_dict"}:
        raise UsageError("--vocab says how a line is split: drop --normalize and --user-dict")
    if s.vocab is not None and given.keys() & {"min_count", "max_size"}:
        raise UsageError("--vocab is the vocabulary as it stands: drop --min-count and --max-size")
    if s.init is not None and (own := sorted(given.keys() & OF_A_MODEL)):
        raise UsageError(f"{flag(own[0], '').rstrip()} and --init exclude each other: a model has its own")
    if s.encoding is not None and not is_text_encoding(s.encoding):
        raise UsageError(f"--encoding {s.encoding}: not an encoding that Python knows")
    try:
        if s.save_every is not None:
            Interval.parse(s.save_every)
    except ValueError as error:
        raise UsageError(f"--save-every: {error}") from error


def is_text_encoding(name: str) -> bool:
    """Return whether Python has a codec of this name from bytes to text."""
    try:
        "".encode(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return False
    return True


def refuse_no_weights(lr: float, weight_decay: float) -> None:
    """Raise UsageError where a step would take all of a weight away."""
    if weight_decay * lr >= 1:
        raise UsageError("--weight-decay times the learning rate is 1 or more: no weight would be left")


def refuse_tying(tie: bool | None, output: str | None, embedding: int | None, hidden: int | None) -> None:
    """Raise UsageError where tying is asked for beside settings that it does not go with."""
    if tie and (output not in (None, "softmax") or embedding not in (None, hidden)):
        raise UsageError("--tie needs --output softmax, and an --embedding of the hidden size")
