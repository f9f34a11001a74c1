"""What a task provides for the commands: what `rnn predict` prints for a line, and what `rnn test` prints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from rnn_cli.cli.language import label, translated
from rnn_cli.printing import columns
from rnn_cli.runs.examine import Examined

UNDECODED = "does not decode"  # printed in place of an answer


@dataclass(frozen=True)
class Asked:
    """The options of `rnn predict` that apply to some tasks only. None: not given."""

    top: int | None = None
    threshold: float | None = None
    format: str | None = None
    beam: int | None = None
    nbest: int | None = None
    attention: bool | None = None

    def given(self) -> list[str]:
        """Return the names of the options that were given."""
        return [name for name, value in vars(self).items() if value is not None]


class Answer(NamedTuple):
    """A model's answer to one line.

    text: whole lines of output. objects: the same for --json, one object a line.
    is_unknown: whether the line holds nothing that the model knows. decodes: whether the line's bytes decode.
    is_cut: whether the network reads only the line's first LONGEST tokens.
    """

    text: str
    objects: list[dict[str, Any]]
    is_unknown: bool = False
    decodes: bool = True
    is_cut: bool = False


class Undecoded(NamedTuple):
    """What replaces the answer to a line that does not decode: whole lines of output, and JSON entries."""

    text: str
    entries: dict[str, Any]


class Family(Protocol):
    """A value of FAMILIES: how one task prints, or several that print alike.

    predicts: whether its models answer a text; if not, `answers` and `undecoded` are never called.
    """

    predicts: bool

    @property
    def options(self) -> frozenset[str]:
        """The fields of Asked that apply to it."""

    @property
    def names(self) -> dict[str, str]:
        """The printed names of the figures of a test."""

    def answers(
        self, model: Any, texts: Sequence[str], asked: Asked, threads: int | None
    ) -> Iterator[Answer]:
        """Yield an answer for each text, in order. Raises UsageError for options that contradict each other
        or the model."""

    def undecoded(self, asked: Asked) -> Undecoded:
        """Return what replaces the answer to a line that does not decode."""

    def figures(self, model: Any, found: Examined) -> dict[str, Any]:
        """Return the figures of a test, for JSON."""

    def report(self, model: Any, found: Examined, train: str | None) -> str:
        """Return the figures of a test, as text. train: the file in which the texts were looked up."""


def totals(texts: int, values: Mapping[str, float | None], names: dict[str, str]) -> str:
    """Return a line for each figure. values: None where undefined. names: the printed name of each."""
    rows = {"texts": f"{texts:,}"} | {names[name]: _rounded(value) for name, value in values.items()}
    return "".join(f"{label(name, 22)}{' ' * (10 - columns(value))}{value}\n" for name, value in rows.items())


def _rounded(value: float | None) -> str:
    return label("undefined") if value is None else f"{value:.4f}"


def head_of_table(name: str, width: int) -> str:
    """Return the heading of a table of labels or tags. name: what a row is about."""
    heads = [label(head) for head in ("precision", "recall", "F1", "support")]
    return label(name, width) + "".join(" " * (10 - columns(head)) + head for head in heads)


def beside_rivals(found: Examined, file: str | None, names: dict[str, str]) -> str:
    """Return the lines on the simplest rivals; "" if none were asked for. file: what they learned from."""
    text = ""
    for name, values in (found.rivals or {}).items():
        text += f"\n{translated(f'{name}, learned from {file}:')}\n\n{totals(found.all.texts, values, names)}"
    return text


def without_seen(found: Examined, train: str | None, names: dict[str, str]) -> str:
    """Return the lines on the texts that are not in the training file; "" if no such file was given."""
    if found.unseen is None:
        return ""
    seen = found.all.texts - found.unseen.texts
    figures = totals(found.unseen.texts, found.unseen.values, names)
    return f"\n{translated(f'{seen:,} of the texts are also in {train}; without them:')}\n\n{figures}"
