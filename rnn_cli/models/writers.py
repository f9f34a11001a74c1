"""Loading any model that writes text, by the task that its header names."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnn_cli.errors import UsageError
from rnn_cli.models import file
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Parameters

if TYPE_CHECKING:
    from rnn_cli.models.conditional import Conditional

GENERATE = "generate"


def load_writer(path: str | Path, label: str | None = None) -> "LanguageModel | Conditional":
    """Read a model file of a language, or of text from a label. If a label is given, return the language
    model for its texts.

    Raises RnnError, naming the problem, unless the file is complete and valid, and UsageError for a label
    that the model does not know.
    """
    model = file.read_as(path, (file.LANGUAGE, GENERATE), _made)
    if label is None:
        return model
    if isinstance(model, LanguageModel):
        raise UsageError(f"--label is for a model of text from a label, and {path} is one of a language")
    return model.of(label)


def _made(arrays: Parameters, header: dict[str, Any]) -> "LanguageModel | Conditional":
    if header.get("task", file.LANGUAGE) == file.LANGUAGE:
        return LanguageModel(*file.contents(arrays, header))
    from rnn_cli.models.conditional import Conditional  # not needed by most draws

    return Conditional.from_file(arrays, header)
