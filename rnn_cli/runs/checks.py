"""The properties of a setting, and checks of its value and of settings that exclude each other."""

import os
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from rnn_cli.errors import UsageError
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.runs.encoding import check_encoding
from rnn_cli.runs.interval import Interval
from rnn_cli.runs.json_types import check_types
from rnn_cli.runs.metrics import LOSS, refuse_metric_of_another_task
from rnn_cli.runs.presets import highest_lr
from rnn_cli.text.tokenizers import DEFAULT_TOKENIZER, TOKENIZERS
from rnn_cli.text.units import PARAGRAPH
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.parallel.bits import BITS

FILES = ("valid", "vocab", "user_dict", "init", "log")  # the settings that name a file
OF_A_MODEL = {"vocab", "min_count", "max_size", "normalize", "user_dict"}  # decided by the model of --init
OF_GROWTH = {"min_count", "max_size"}  # of these, what the text decides if the vocabulary grows
LANGUAGE, LABELS, PAIRS = ("language",), ("classify", "rate"), ("translate",)  # tasks
TAGS, GUIDED = ("tag",), ("generate",)
FOR_TASKS = {  # settings that only some tasks use
    **dict.fromkeys(("vocab", "column", "unit", "carry_state", "bptt"), LANGUAGE),
    **dict.fromkeys(("tie", "output"), LANGUAGE + GUIDED),
    "variational": LANGUAGE + TAGS + GUIDED,
    "columns": LABELS + PAIRS + TAGS + GUIDED,
    "bidirectional": LABELS + PAIRS + TAGS,
    **dict.fromkeys(("ngrams", "class_weight"), LABELS),
    **dict.fromkeys(("attention", "target_tokenizer"), PAIRS),
    "affixes": TAGS,
    **dict.fromkeys(("tokenizer", "normalize", "user_dict"), LANGUAGE + LABELS + PAIRS + GUIDED),
}
LEAST_TOKENS = 2  # in the vocabulary of a language: with one there is nothing to learn
LEAST_OF_TASKS = {"language": LEAST_TOKENS}  # the other tasks can learn with one token
TIME = re.compile("[1-9][0-9]{0,8}[smh]")
KINDS = {
    int | None: "a whole number, 0 or more,",
    float | None: "a finite number, 0 or more,",
    str | None: "a text",
    bool | None: "true or false",
}

Group = Literal["Text", "Network", "Training", "Files"]


class About(NamedTuple):
    """The properties of a setting, for its documentation and its checks."""

    group: Group
    help: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


def absolute(path: str) -> str:
    """Return a path that is valid from any folder; - is standard input, not a path."""
    return path if path == "-" else os.path.abspath(path)


def flag(name: str, value: Any) -> str:
    """Return a setting as a command-line option."""
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


def refuse_exclusions(given: Mapping[str, Any]) -> None:
    """Raise UsageError for settings that exclude each other. given: the settings that are not left to a
    default."""
    usual_lr = OPTIMIZERS[given["optimizer"]].lr if "optimizer" in given else highest_lr()
    refuse_no_weights(given.get("lr", usual_lr), given.get("weight_decay", 0.0))
    refuse_tying(given)
    if given.get("sum_bits", 32) not in BITS:
        raise UsageError(f"--sum-bits {given['sum_bits']}: 16 or 32 is needed")
    if given.get("log") == "-":
        raise UsageError("--log needs the name of a file")
    if "valid" in given and "valid_fraction" in given:
        raise UsageError("--valid and --valid-fraction exclude each other")
    tokenizer = given.get("tokenizer", DEFAULT_TOKENIZER)
    if "user_dict" in given and TOKENIZERS[tokenizer].words is None:
        raise UsageError(f"--user-dict is of no use with --tokenizer {tokenizer}: drop one")
    if "vocab" in given and given.keys() & {"normalize", "user_dict"}:
        raise UsageError("--vocab says how a line is split: drop --normalize and --user-dict")
    if "vocab" in given and given.keys() & {"min_count", "max_size"}:
        raise UsageError("--vocab already fixes the vocabulary: drop --min-count and --max-size")
    if given.get("grow") and "init" not in given:
        raise UsageError("--grow needs --init, a model whose vocabulary is to grow")
    own = sorted(given.keys() & OF_A_MODEL - (OF_GROWTH if given.get("grow") else set()))
    if "init" in given and own:
        raise UsageError(f"{flag(own[0], '').rstrip()} and --init exclude each other: a model has its own")
    if given.get("carry_state") and given.get("unit") == PARAGRAPH:
        raise UsageError(
            "--carry-state and --unit paragraph exclude each other: a paragraph begins from s_0 = 0"
        )
    columns_of(given.get("columns"))
    if given.get("column") == "":
        raise UsageError("--column needs the name of a column")
    check_encoding(given.get("encoding"))
    try:
        Interval.parse(given.get("save_every", "1"))
    except ValueError as error:
        raise UsageError(f"--save-every: {error}") from error
    if "time" in given and TIME.fullmatch(given["time"]) is None:
        raise UsageError(f"--time {given['time']}: a time is needed, like 90s, 3m or 2h")


def refuse_of_other_tasks(given: Mapping[str, Any]) -> None:
    """Raise UsageError for a setting that the task does not use, and for a value that is too low for it."""
    task = given.get("task", "language")
    if useless := [name for name in given if task not in FOR_TASKS.get(name, (task,))]:
        name = min(useless)
        *others, last = FOR_TASKS[name]
        tasks = f"{', '.join(others)} or {last}" if others else last
        raise UsageError(f"{flag(name, '').rstrip()} is for --task {tasks}")
    is_low = given.get("max_size", LEAST_TOKENS) < LEAST_OF_TASKS.get(task, 1)
    if is_low and not given.get("grow"):  # with --grow, --max-size counts only the tokens added
        raise UsageError(
            f"{flag('max_size', given['max_size'])}: a language needs {LEAST_OF_TASKS[task]} tokens or more"
        )
    refuse_metric_of_another_task(given.get("metric", LOSS), task)


def columns_of(said: str | None) -> tuple[str, str] | None:
    """Return the two column names in a comma-separated string. Raises UsageError for anything else."""
    if said is None:
        return None
    names = said.split(",")
    if len(names) != 2 or not all(names):
        raise UsageError(f"--columns {said}: two names are needed, with a comma between")
    if names[0] == names[1]:
        raise UsageError(f"--columns {said}: two different names are needed")
    return names[0], names[1]


def refuse_no_weights(lr: float, weight_decay: float) -> None:
    """Raise UsageError if weight decay would remove all of a weight in one step."""
    if weight_decay * lr >= 1:
        raise UsageError("--weight-decay times the learning rate is 1 or more: no weight would be left")


def refuse_tying(given: Mapping[str, Any]) -> None:
    """Raise UsageError if tying is requested together with settings that rule it out."""
    output = given.get("output")
    has_full_rows = output not in OUTPUTS or OUTPUTS[output].has_full_rows
    has_size_of_states = "embedding" not in given or given["embedding"] == given.get("hidden")
    if given.get("tie") and not has_full_rows:
        raise UsageError("--tie needs --output softmax or classes")
    if given.get("tie") and not has_size_of_states:
        raise UsageError("--tie: the embedding has the hidden size: give --hidden alone")
