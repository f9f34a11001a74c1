"""What a model of any task computes for a text."""

from collections.abc import Callable, Iterator
from typing import Any

from rnn_cli.errors import UsageError
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.looking.encoders import labelled, tagged
from rnn_cli.models.looking.language import Asked, lines_of
from rnn_cli.models.looking.parts import Part
from rnn_cli.models.looking.translation import translated
from rnn_cli.models.tagger import Tagger
from rnn_cli.models.translator import Translator

READERS: dict[type, Callable[[Any, str], Iterator[Part]]] = {
    Classifier: labelled,
    Tagger: tagged,
    Translator: translated,
}
NOTHING_MORE = Asked()


def look(model: Any, text: str, asked: Asked = NOTHING_MORE) -> Iterator[Part]:
    """Yield what a model computes for each line of a text, step by step.

    Raises UsageError if the model lacks what is asked for, RnnError if its state overflows.
    """
    if isinstance(model, Conditional):
        if asked.label is None:
            raise UsageError("the model writes for labels: name one with --label")
        model = model.of(asked.label)
    elif asked.label is not None:
        raise UsageError("--label is for models of --task generate")
    if isinstance(model, LanguageModel):
        return lines_of(model, text, asked)
    for name in ("gradients", "numbers"):
        if getattr(asked, name):
            raise UsageError(f"--{name} needs a language model, but this model's task is {model.task}")
    return READERS[type(model)](model, text)
