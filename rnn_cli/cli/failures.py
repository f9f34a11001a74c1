"""The exit status and the one-line message of a failed command."""

from typing import Any

import typer

from rnn_cli.cli.language import translated
from rnn_cli.errors import Diverged, RnnError, UsageError

TEXT, MODEL = "text", "model"  # the names of an argument and of an option
EXTRA = "Got unexpected extra argument"  # how Typer's message begins


def failure(exception: BaseException) -> tuple[int, str]:
    """Return the exit status for an exception, and its message."""
    match exception:
        case typer.TyperException():
            context = getattr(exception, "ctx", None)
            command = context.command_path if context else "rnn"
            said = translated(exception.format_message().rstrip("."))
            return 2, said + translated(_hint(exception, context)) + translated(f" (see {command} --help)")
        case UsageError():
            return 2, str(exception)
        case Diverged():
            return 3, str(exception)
        case RnnError():
            return 1, str(exception)
        case MemoryError():
            return 1, f"out of memory ({exception}); a smaller --hidden, --max-size or --batch needs less"
        case OSError():
            named = f"{exception.filename}: " if exception.filename else ""
            return 1, f"{named}{exception.strerror or exception}"
    kind = type(exception).__name__
    return 1, f"a defect of rnn, please report it: {kind}: {exception} (RNN_DEBUG=1 shows where)"


def _hint(exception: typer.TyperException, context: Any) -> str:
    """Return a hint for a command that got a text in pieces, without quotes, or a model without its option;
    else ""."""
    said = exception.format_message()
    names = {each.name for each in context.command.params} if context and said.startswith(EXTRA) else set()
    if TEXT in names:
        return ": a text with spaces goes in quotes"
    return ": --model names the model file" if MODEL in names and ".npz" in said else ""
