"""How a command that has failed ends: its exit status, and its one line."""

import typer

from rnn_cli.cli.language import translated
from rnn_cli.errors import Diverged, RnnError, UsageError


def failure(exception: BaseException) -> tuple[int, str]:
    """Return the exit status of an exception, and what to say of it."""
    match exception:
        case typer.TyperException():
            context = getattr(exception, "ctx", None)
            command = context.command_path if context else "rnn"
            return 2, translated(exception.format_message().rstrip(".")) + translated(
                f" (see {command} --help)"
            )
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
