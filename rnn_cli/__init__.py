"""Character and word language models, trained with NumPy; every derivative is written by hand.

    from rnn_cli import LanguageModel, Settings, Trainer

    for event in Trainer.begin(Settings(corpus=["book.txt"], tokenizer="char"), model="book.npz"):
        ...
    print(LanguageModel.load("book.npz").sample("The", num=3))

See README.md in this folder for more.
"""

import importlib
from typing import TYPE_CHECKING, Any

from rnn_cli.errors import Diverged, RnnError, UsageError
from rnn_cli.version import VERSION

if TYPE_CHECKING:
    from rnn_cli.models.classifier import Classifier
    from rnn_cli.models.conditional import Conditional
    from rnn_cli.models.language_model import LanguageModel
    from rnn_cli.models.tagger import Tagger
    from rnn_cli.models.translator import Translator
    from rnn_cli.runs.prepare import Resources
    from rnn_cli.runs.settings import Settings
    from rnn_cli.runs.trainer import Trainer

__all__ = [
    "Classifier",
    "Conditional",
    "Diverged",
    "LanguageModel",
    "Resources",
    "RnnError",
    "Settings",
    "Tagger",
    "Trainer",
    "Translator",
    "UsageError",
]
__version__ = VERSION

_LATER = {  # these import NumPy, which `rnn --help` does not need
    "Classifier": "rnn_cli.models.classifier",
    "Conditional": "rnn_cli.models.conditional",
    "LanguageModel": "rnn_cli.models.language_model",
    "Resources": "rnn_cli.runs.prepare",
    "Settings": "rnn_cli.runs.settings",
    "Tagger": "rnn_cli.models.tagger",
    "Trainer": "rnn_cli.runs.trainer",
    "Translator": "rnn_cli.models.translator",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
