"""--help in the user's language."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand

from rnn_cli.cli.language import is_chinese, label, translated

WORDS = ("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "DEFAULT_STRING", "REQUIRED_LONG_STRING")  # Typer's
COLUMNS = "Columns"  # what Typer lays a help text and a default out with
SHORT = "[OPTIONS]"


class Speaking:
    """What a command and the group of them have in common: the line of usage and the option --help."""

    def format_usage(self: Any, ctx: Any, formatter: Any) -> None:
        pieces = [label(SHORT) if piece == SHORT else piece for piece in self.collect_usage_pieces(ctx)]
        formatter.write_usage(ctx.command_path, " ".join(pieces), label("Usage: "))

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None and is_chinese():
            option.help = label("Show this message and exit.")
        return option


class Folded:
    """Texts below each other, broken anywhere: Rich would cut off a line of Chinese, which has no spaces."""

    def __init__(self, texts: list[Any]):
        self._texts = texts

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        for text in self._texts:
            yield from console.render(text, options.update(overflow="fold"))


class Command(Speaking, TyperCommand):
    """A command whose help is in the user's language. Typer writes the words of its own from constants."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with _words():
            super().format_help(ctx, formatter)


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
    if not is_chinese():
        yield
        return
    from typer import rich_utils

    english = {name: getattr(rich_utils, name) for name in (*WORDS, COLUMNS)}
    for name, word in english.items():
        setattr(rich_utils, name, Folded if name == COLUMNS else translated(word))
    try:
        yield
    finally:
        for name, word in english.items():
            setattr(rich_utils, name, word)
