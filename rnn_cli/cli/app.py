"""The command `rnn`: its subcommands and exit statuses."""

import difflib
import importlib
import inspect
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from rnn_cli.cli.console import (
    STANDARD_OUTPUT,
    Interrupted,
    drop_unwritten_talk,
    error,
    mute,
    settle_standard_streams,
    silence_standard_output,
)
from rnn_cli.cli.failures import failure
from rnn_cli.cli.help import Command, Speaking, section, translate
from rnn_cli.cli.language import translated
from rnn_cli.errors import UsageError
from rnn_cli.version import VERSION

COMMANDS = {
    "vocab": "Count the tokens of a text; write a vocabulary file.",
    "train": "Train a language model on a text, or another model on pairs.",
    "sample": "Write text with a trained model.",
    "next": "Print the likeliest next tokens after a text.",
    "show": "Show the network at work on a text, step by step.",
    "score": "Score a text under a model: perplexity and bits per character.",
    "predict": "Predict for each line: a label, a score, tags or a target.",
    "test": "Test a model on pairs: accuracy, F1, BLEU and more.",
    "page": "Write one HTML file that holds a model and runs it.",
    "info": "Print what a model file holds.",
    "plot": "Draw the learning curves of models.",
    "export": "Write a model in another program's format.",
    "cache": "List or delete the texts cached as token ids.",
    "gradcheck": "Check every hand-written derivative against finite differences.",
    "bench": "Measure how fast training runs on this machine.",
}
ON_RANKS = ("vocab", "train")  # commands that several ranks run together
# How long OpenBLAS's threads spin before they sleep: 2^20 cycles, about 0.3 ms, enough to reach the next
# product. With the default, 2^26, every core spins from the import of NumPy on, which takes a fifth of the
# processor time of a short command.
SPIN = ("OPENBLAS_THREAD_TIMEOUT", "20")


class Commands(Speaking, TyperGroup):
    """The subcommands. Each is a function in the module of the same name, imported only when it is called, so
    that `rnn --help` and a mistyped command do not wait for NumPy.

    shows_all: whether help lists every option; if not, a command whose module has COMMON lists only those.
    """

    shows_all = False

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"rnn_cli.cli.commands.{cmd_name}")
        command = typer.Typer(add_completion=False, rich_markup_mode="markdown", context_settings=HELP)
        command.command(cmd_name, cls=Command)(getattr(module, cmd_name))
        built = typer.main.get_command(command)
        translate(built)
        if hasattr(module, "COMMON") and not self.shows_all:
            for parameter in built.params:
                parameter.hidden = parameter.name not in module.COMMON  # type: ignore[attr-defined]
        return built

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS:
            similar = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f": did you mean {similar[0]}?" if similar else ""
            raise UsageError(f"there is no command {args[0]!r}{hint} (rnn --help lists them)")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with section(formatter, "Commands"):
            formatter.write_dl([(name, translated(what)) for name, what in COMMANDS.items()])

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(translated(inspect.cleandoc(self.help or "")))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        rows = [row for each in self.get_params(ctx) if (row := each.get_help_record(ctx))]
        with section(formatter, "Options"):
            formatter.write_dl([(names, translated(what)) for names, what in rows])
        self.format_commands(ctx, formatter)


HELP_ALL = "--help-all"
HELP = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(cls=Commands, rich_markup_mode=None, context_settings=HELP)


@app.callback(invoke_without_command=True)
def rnn(
    ctx: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version.")
) -> None:
    """Train character and word language models on your own text, and write with them.

    rnn COMMAND --help explains a command, --help-all with every option. `rnn train && rnn sample` is a first
    try.
    """
    if version:
        typer.echo(f"rnn {VERSION}")
    elif ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main() -> None:
    """Run the command line and exit with its status: 0 success, 1 wrong data or a failing machine, 2 a wrong
    command line, 3 training diverged, 130 stopped by SIGINT, 143 stopped by SIGTERM or SIGHUP."""
    os.environ.setdefault(*SPIN)
    status = run(sys.argv[1:])
    drop_unwritten_talk()
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status. Every error becomes one line on standard error."""
    settle_standard_streams()
    if arguments and arguments[0] in ON_RANKS:
        from rnn_cli.processes import place  # imports multiprocessing, which other commands do not need

        if place(os.environ)[0] > 0:
            mute()  # rank 0 speaks for all
    Commands.shows_all = HELP_ALL in arguments
    arguments = ["--help" if argument == HELP_ALL else argument for argument in arguments]
    try:
        status = app(arguments, prog_name="rnn", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except Exception as exception:
        if os.environ.get("RNN_DEBUG") == "1":
            raise
        return _report(exception)
    except KeyboardInterrupt:
        return 130
    except Interrupted as interrupted:
        return interrupted.status
    except SystemExit as ended:  # Typer exits in this way on a closed pipe
        if isinstance(ended.__context__, BrokenPipeError):
            return _report(ended.__context__)
        raise


def _report(exception: Exception) -> int:
    if isinstance(exception, BrokenPipeError):  # the reader has closed our output: `rnn sample | head -1`
        silence_standard_output()
        return 0
    status, line = failure(exception)
    error(line)
    if isinstance(exception, OSError) and exception.filename == STANDARD_OUTPUT:
        silence_standard_output()
    return status
