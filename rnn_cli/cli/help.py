"""--help in the user's language."""

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer import TyperException
from typer.core import TyperCommand

from rnn_cli.cli.language import is_chinese, label, translated
from rnn_cli.printing import columns

WORDS = ("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "DEFAULT_STRING", "REQUIRED_LONG_STRING")  # Typer's
RENDERS = "_make_rich_text"  # Typer's function that renders a help text
PIECE = re.compile(r"(?:[\x21-\x7e]+|\S)[，。；：、！？）》”’…]* ?")  # in which no line is broken
SHORT = "[OPTIONS]"
PLAIN = re.compile("[<_*]")  # Markdown takes <TAB> for a tag, and __label__ for strong


class Speaking:
    """What a command and the group of commands share: the usage line and the option --help."""

    def format_usage(self: Any, ctx: Any, formatter: Any) -> None:
        pieces = [label(SHORT) if piece == SHORT else piece for piece in self.collect_usage_pieces(ctx)]
        formatter.write_usage(ctx.command_path, " ".join(pieces), label("Usage: "))

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None and is_chinese():
            option.help = label("Show this message and exit.")
        return option


class Wrapped:
    """A text for Rich, wrapped here: Rich itself breaks lines at spaces only, and cuts off what is longer."""

    def __init__(self, text: str, style: str = "", **_: Any):
        self._text, self._style = inspect.cleandoc(text), style

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.text import Text

        lines = (line for row in self._text.split("\n") for line in wrapped(row, options.max_width))
        yield Text("\n".join(lines), style=self._style)

    def __rich_measure__(self, console: Any, options: Any) -> Any:
        from rich.measure import Measurement

        widths = [columns(piece) for piece in PIECE.findall(self._text)]
        return Measurement(max(widths, default=1), max(map(columns, self._text.split("\n"))))


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield a line of text as lines of a width: broken at spaces and next to Chinese characters, but not
    before closing punctuation; a word longer than a line is broken where the line is full."""
    line = ""
    for piece in PIECE.findall(text):
        if line and columns(line) + columns(piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
        while columns(line.rstrip()) > width and len(line) > 1:
            fits = next(k for k in range(len(line), 0, -1) if columns(line[:k]) <= width or k == 1)
            yield line[:fits]
            line = line[fits:]
    yield line.rstrip()


@contextmanager
def section(formatter: Any, name: str) -> Iterator[None]:
    """Write the heading of a help section that Rich does not draw; the section is written inside `with`."""
    formatter.write_paragraph()
    formatter.write(f"{label(name)}{'：' if is_chinese() else ':'}\n")
    with formatter.indentation():
        yield


class Command(Speaking, TyperCommand):
    """A command whose help is in the user's language. Typer takes its own words from constants."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with _words():
            super().format_help(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:  # Typer does not say which command's option lacks a value
            error.ctx = getattr(error, "ctx", None) or ctx  # type: ignore[attr-defined]
            raise


def translate(command: Any) -> None:
    """Translate the texts of a command's help."""
    if not is_chinese():
        return
    command.help = translated(command.help)
    for parameter in command.params:
        parameter.help = translated(parameter.help or "")
        parameter.rich_help_panel = parameter.rich_help_panel and label(parameter.rich_help_panel)


@contextmanager
def _words() -> Iterator[None]:
    from typer import rich_utils

    english = {name: getattr(rich_utils, name, "") for name in (*WORDS, RENDERS)}
    of_typer: Any = english[RENDERS]

    def rendered(text: str, **how: Any) -> Any:
        return of_typer(text=PLAIN.sub(r"\\\g<0>", text), **how)

    own = Wrapped if is_chinese() else rendered
    for name, word in english.items():
        setattr(rich_utils, name, own if name == RENDERS else label(word))
    try:
        yield
    finally:
        for name, word in english.items():
            setattr(rich_utils, name, word)
