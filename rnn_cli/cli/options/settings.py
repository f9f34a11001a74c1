"""The options that are settings of a run. Names, bounds, choices and help come from runs/settings.py; only
short forms and placeholders are defined here."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from rnn_cli.cli.options.common import finite, one_of
from rnn_cli.runs.checks import FILES
from rnn_cli.runs.settings import ABOUTS, TYPES

SHORT = {"tokenizer": "-t", "hidden": "-n", "batch": "-b", "epochs": "-e", "seed": "-s"}
PLACEHOLDERS = dict.fromkeys(FILES, "FILE") | {
    "encoding": "NAME",
    "column": "NAME",
    "save_every": "TIME|STEPS",
}

FIRST = ("corpus", "model")  # listed first in the help

Given = dict[str, Any]  # the settings given on the command line, by name


def takes_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command an option for each of these settings. It gets those set by the user as `given`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(**options: Any) -> Any:
            said = {name: options.pop(name) for name in names}
            given = {name: value for name, value in said.items() if value is not None and value != []}
            return command(given, **options)

        own = [each for each in inspect.signature(command).parameters.values() if each.name != "given"]
        parameters = sorted([*map(_parameter, names), *own], key=lambda each: each.name not in FIRST)
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # which Typer reads
        return run

    return decorate


def _parameter(name: str) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    annotation = _argument(name) if name == "corpus" else _option(name)
    return inspect.Parameter(name, kind, default=None, annotation=annotation)


def _argument(name: str) -> Any:
    return Annotated[
        list[str] | None,
        typer.Argument(metavar=f"[{name.upper()}]...", help=ABOUTS[name].help, show_default=False),
    ]


def _option(name: str) -> Any:
    about, kind = ABOUTS[name], TYPES[name]
    dashed = name.replace("_", "-")
    flags = [f"--{dashed}/--no-{dashed}" if kind == bool | None else f"--{dashed}"]
    rest: dict[str, Any] = {"min": about.least, "max": about.most}
    if about.choices:
        rest = one_of(about.choices)
    elif kind == float | None:
        rest["callback"] = finite
    if name in PLACEHOLDERS:
        rest["metavar"] = PLACEHOLDERS[name]
    if name in SHORT:
        flags.append(SHORT[name])
    return Annotated[
        kind,
        typer.Option(
            *flags,
            help=about.help,
            rich_help_panel=about.group,
            show_default=False,
            **rest,
        ),
    ]
